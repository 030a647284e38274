/** A model of which nothing is known but its answers: somebody's function, an ONNX file, a service. */
import type { Shape } from '../../engine/index.ts';
import type { Answer } from './answers.ts';
import { type Ledger, openLedger } from './ledger.ts';
import type { Samples } from './target.ts';

export const oracleKinds = ['function', 'onnx', 'http'] as const;

export interface Oracle {
  readonly kind: (typeof oracleKinds)[number];
  /** for people and records: without what must stay secret */
  readonly name: string;
  /** of one row, as the data have it */
  readonly inputShape: Shape;
  /** rows that one question may hold */
  readonly rowsAtOnce: number;
  /** questions that may be open at the same time */
  readonly questionsAtOnce: number;
  readonly ledger: Ledger;
  /**
   * What the model says about rows x [n, ...inputShape], n at most `rowsAtOnce`.
   * @throws OracleError when there is no answer, after whatever was tried again
   */
  ask(x: Samples): Promise<Answer>;
  /** Gives back what the model holds. */
  dispose(): Promise<void>;
}

/** From rows, row-major [n, ...inputShape], to probabilities, logits [n, classes] or labels [n]. */
export type Predict = (x: Samples) => ArrayLike<number> | Promise<ArrayLike<number>>;

export interface FunctionOracleOptions {
  readonly predict: Predict;
  readonly inputShape: Shape;
  /** default 'a function' */
  readonly name?: string;
  /** rows a call; default 256 */
  readonly batch?: number;
  /** rows that may be asked for in all; default unlimited */
  readonly queryBudget?: number;
}

/** A function as oracle: its own exceptions pass through. */
export function functionOracle({ predict, inputShape, name, batch, queryBudget }: FunctionOracleOptions): Oracle {
  const ledger = openLedger(queryBudget);
  return {
    kind: 'function',
    name: name ?? 'a function',
    inputShape,
    rowsAtOnce: batch ?? 256,
    questionsAtOnce: 1,
    ledger,
    ask: (x) => ledger.time(async () => ({ values: await predict(x) })),
    dispose: async () => {},
  };
}
