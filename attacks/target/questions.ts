/**
 * Asks an oracle about many rows and keeps what it says as it comes: a model that stops answering, or a budget that ends, costs the
 * rows that were not answered and no others.
 */
import { ConfigError, KeyholeError, sizeOf } from '../../engine/index.ts';
import { type Answer, type OutputKind, type Outputs, outputsOf } from './answers.ts';
import type { Oracle } from './oracle.ts';
import type { Samples } from './target.ts';

/** Where answers are kept, so that a later run asks only for what is missing. */
export interface AnswerStore {
  /** what is kept already: rows, and what the model said about them */
  load(): Promise<readonly StoredAnswer[]>;
  /** called with each answer, one at a time */
  append(answer: StoredAnswer): Promise<void>;
}

export interface StoredAnswer {
  readonly rows: readonly number[];
  readonly kind: Outputs['kind'];
  /** row-major, as many numbers for each of the rows */
  readonly values: readonly number[];
}

export interface AskOptions {
  /** what the answers are; default: what the model says, or probabilities where they look like it */
  readonly outputs?: OutputKind | undefined;
  readonly classes?: number | undefined;
  /** rows in the order in which they are asked about; default as they are */
  readonly order?: Int32Array;
  readonly store?: AnswerStore | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (answered: number) => void;
}

export interface Asked extends Outputs {
  /** 1 for each row that was answered [n] */
  readonly answered: Uint8Array;
  /** why not all were; null when all were */
  readonly stopped: { readonly because: 'budget' | 'failures'; readonly message: string } | null;
}

/** Questions in a row that fail before the model is taken to be down: each has been tried again by then. */
const GIVE_UP_AFTER = 3;

/**
 * @throws what the first question threw when no row has an answer; ConfigError when the budget allows none; the signal's reason
 */
export async function askAll(oracle: Oracle, x: Samples, options: AskOptions = {}): Promise<Asked> {
  const { signal, store, classes } = options;
  const width = sizeOf(oracle.inputShape);
  const n = x.length / width;
  const answered = new Uint8Array(n);
  let outputs = options.outputs;
  let found: { kind: Outputs['kind']; classes: number; values: Float64Array } | null = null;
  const put = (rows: ArrayLike<number>, kind: Outputs['kind'], values: ArrayLike<number>) => {
    const columns = values.length / rows.length;
    found ??= {
      kind,
      classes: kind === 'labels' ? (classes ?? 0) : columns,
      values: new Float64Array(n * columns).fill(Number.NaN),
    };
    if (found.kind !== kind || found.values.length !== n * columns)
      throw new KeyholeError(`target: expected ${found.kind} as before, got ${kind}, ${columns} a row.`);
    for (let i = 0; i < rows.length; i++) {
      answered[rows[i]!] = 1;
      for (let c = 0; c < columns; c++) found.values[rows[i]! * columns + c] = values[i * columns + c]!;
    }
  };
  for (const { rows, kind, values } of (await store?.load()) ?? []) {
    put(rows, kind, values);
    oracle.ledger.count('remembered', rows.length);
  }

  const order = options.order ?? Int32Array.from({ length: n }, (_, i) => i);
  const open = order.filter((row) => !answered[row]);
  let next = 0;
  let failed = 0;
  let fault: unknown = null;
  let budgetEnded = false;
  let kept: Promise<void> = Promise.resolve();
  const progress = () => options.onProgress?.(answered.reduce((a, b) => a + b, 0));

  const one = async (): Promise<void> => {
    signal?.throwIfAborted();
    const rows = open.slice(next, next + Math.min(oracle.rowsAtOnce, oracle.ledger.left()));
    budgetEnded ||= rows.length < Math.min(oracle.rowsAtOnce, open.length - next);
    if (rows.length === 0) return;
    next += rows.length;
    oracle.ledger.take(rows.length);
    try {
      const read = outputsOf(await oracle.ask(gathered(x, rows, width)), { rows: rows.length, outputs, classes });
      outputs ??= read.kind;
      put(rows, read.kind, read.values);
      const answer = { rows: [...rows], kind: read.kind, values: [...read.values] };
      kept = kept.then(() => store?.append(answer));
      await kept;
      failed = 0;
      progress();
    } catch (error) {
      oracle.ledger.giveBack(rows.length);
      signal?.throwIfAborted();
      if (!(error instanceof KeyholeError) || found === null) throw error;
      oracle.ledger.count('failures', 1);
      fault = error;
      failed++;
    }
  };
  const worker = async () => {
    while (next < open.length && failed < GIVE_UP_AFTER && !budgetEnded) await one();
  };
  progress();
  // the first answer shows what the others must look like
  if (open.length > 0) await one();
  await Promise.all(Array.from({ length: oracle.questionsAtOnce }, worker));
  if (!found) throw budgetFault(oracle.ledger.budget);
  const missing = n - answered.reduce((a, b) => a + b, 0);
  const because = budgetEnded ? 'budget' : 'failures';
  const message = budgetEnded
    ? `the query budget of ${oracle.ledger.budget} was used up`
    : `the model did not answer (${fault instanceof Error ? fault.message.replace(/\.$/, '') : fault})`;
  return { ...(found as Outputs), answered, stopped: missing === 0 ? null : { because, message } };
}

/** Whether the model says something else about the same rows when it is asked again; differences of rounding do not count. */
export async function answersDiffer(oracle: Oracle, x: Samples, asked: Asked, probes = 16): Promise<boolean> {
  const width = sizeOf(oracle.inputShape);
  const rows = Int32Array.from(asked.answered.keys())
    .filter((row) => asked.answered[row] === 1)
    .slice(0, Math.min(probes, oracle.rowsAtOnce));
  if (rows.length === 0 || oracle.ledger.left() < rows.length) return false;
  const columns = asked.kind === 'labels' ? 1 : asked.classes;
  oracle.ledger.take(rows.length);
  let again: Outputs;
  try {
    const answer: Answer = await oracle.ask(gathered(x, rows, width));
    again = outputsOf(answer, { rows: rows.length, outputs: asked.kind, classes: asked.classes || undefined });
  } catch (error) {
    if (!(error instanceof KeyholeError)) throw error;
    oracle.ledger.giveBack(rows.length);
    return false; // it has stopped answering: what it said stands
  }
  return again.values.some((v, at) => {
    const before = asked.values[rows[Math.floor(at / columns)]! * columns + (at % columns)]!;
    return Math.abs(v - before) > 1e-5 * Math.max(1, Math.abs(before));
  });
}

/** @throws ConfigError always: for `askAll` when nothing could be asked */
function budgetFault(budget: number): ConfigError {
  return new ConfigError(
    `target: expected a query budget for at least one question, got ${budget}. Raise it.`,
    'queryBudget',
  );
}

export function gathered(x: Samples, rows: ArrayLike<number>, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) out.set(x.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  return out;
}
