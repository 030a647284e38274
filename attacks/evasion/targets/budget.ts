/** An end to the questions: a target that answers about so many rows and then refuses. */
import { sizeOf, type Tensor } from '../../../engine/index.ts';
import type { NoneTarget, Samples, Target } from '../../target/index.ts';
import { openLedger } from '../../target/index.ts';

type Member = keyof Target<'white-box'>;
const ASKS_ROWS: readonly Member[] = ['labels', 'probabilities', 'logits', 'inputGradients', 'gradientNorms'];
const ASKS_TENSORS: readonly Member[] = ['logitsAndVjp', 'parameterGradient'];

/**
 * The same target with a budget of its own. A question about more rows than are left gets no answer at all and costs nothing.
 * @param rows that may be asked for in all
 * @throws ConfigError for a budget that is none; the target's members throw it, path 'queryBudget', before they would exceed it
 */
export function withBudget<T extends NoneTarget>(target: T, rows: number): T {
  const ledger = openLedger(rows);
  const width = sizeOf(target.inputShape);
  const wrapped = { ...target } as unknown as Record<string, unknown>;
  type Asks = (...given: readonly unknown[]) => unknown;
  for (const name of ASKS_ROWS) {
    const ask = wrapped[name] as Asks | undefined;
    if (!ask) continue;
    wrapped[name] = async (x: Samples, ...rest: readonly unknown[]) => {
      ledger.take(x.length / width);
      return ask(x, ...rest);
    };
  }
  for (const name of ASKS_TENSORS) {
    const ask = wrapped[name] as Asks | undefined;
    if (!ask) continue;
    wrapped[name] = (x: Tensor, ...rest: readonly unknown[]) => {
      ledger.take(x.shape[0]!);
      return ask(x, ...rest);
    };
  }
  return wrapped as unknown as T;
}
