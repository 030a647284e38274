/**
 * A kernel family: one numeric routine with a readable f64 reference and one or more WebAssembly variants.
 *
 * The wasm module exports the family as `<name>_f32` (the entry the engine calls) and may export variants as
 * `<name>_f32__<variant>`, all with the same arguments and, within one build, the same bits in their results. The
 * reference takes the same arguments in the same order, with typed arrays where wasm takes pointers. Problems are the
 * argument lists on which every test and the bench run.
 */

/** What a reference receives in place of a pointer: f64 for floats, Int32Array for integer buffers; null for an absent one. */
export type KernelArg = Float64Array | Int32Array | number | null;

export interface BufferSpec {
  /** elements */
  readonly len: number;
  readonly role: 'in' | 'out' | 'inout';
  /** default 'f32' */
  readonly dtype?: 'f32' | 'i32';
  /** values are drawn uniformly from [low, high); integers for i32. Default [-1, 1) and [0, 1) */
  readonly range?: readonly [low: number, high: number];
}

export interface Problem {
  readonly name: string;
  /** in the order of the kernel's arguments: a buffer, a number, or null where an optional buffer is absent */
  readonly args: readonly (BufferSpec | number | null)[];
  /** floating-point operations of one call, for the bench */
  readonly flops?: number;
  /** bytes read and written by one call, for the bench */
  readonly bytes?: number;
  /** gets a bench row */
  readonly bench?: true;
  /** too big for the reference: the correctness test leaves it out */
  readonly benchOnly?: true;
}

export interface KernelFamily<A extends readonly KernelArg[] = readonly KernelArg[]> {
  readonly name: string;
  /** one line: what it computes */
  readonly about: string;
  /** plain TypeScript in f64: the oracle and the text to read */
  reference(...args: A): void;
  readonly problems: readonly [Problem, ...Problem[]];
  /** a result may differ from the reference by abs + rel * |reference| */
  tolerance(problem: Problem): { readonly abs: number; readonly rel: number };
}

/** `len` elements that the kernel reads, drawn from [low, high). */
export const input = (len: number, range?: readonly [number, number]): BufferSpec =>
  range ? { len, role: 'in', range } : { len, role: 'in' };
/** `len` elements that the kernel writes. */
export const output = (len: number): BufferSpec => ({ len, role: 'out' });
/** `len` elements that the kernel reads and writes. */
export const inout = (len: number, range?: readonly [number, number]): BufferSpec =>
  range ? { len, role: 'inout', range } : { len, role: 'inout' };
/** `len` integers that the kernel reads, drawn from low .. high - 1. */
export const intInput = (len: number, range: readonly [number, number]): BufferSpec => ({
  len,
  role: 'in',
  dtype: 'i32',
  range,
});
/** `len` integers that the kernel writes. */
export const intOutput = (len: number): BufferSpec => ({ len, role: 'out', dtype: 'i32' });

/** Types the reference against its arguments; registration is by the families' index. */
export function defineKernel<const A extends readonly KernelArg[]>(family: KernelFamily<A>): KernelFamily<A> {
  return family;
}

/** One problem per case; the first case makes the list non-empty. */
export function problemsOf<C>(cases: readonly [C, ...C[]], make: (c: C) => Problem): [Problem, ...Problem[]] {
  const [first, ...rest] = cases;
  return [make(first), ...rest.map(make)];
}

/** Problems of a kernel over n elements: empty, single, every tail, and one big enough for the bench. */
export function vectorProblems(
  args: (n: number) => Problem['args'],
  bytesPerElement: number,
  benchSize = 256_000,
): [Problem, ...Problem[]] {
  return problemsOf([0, 1, 2, 3, 4, 5, 17, 64, 1023, benchSize], (n) =>
    n === benchSize
      ? { name: `n${n}`, args: args(n), bytes: n * bytesPerElement, bench: true, benchOnly: true }
      : { name: `n${n}`, args: args(n) },
  );
}
