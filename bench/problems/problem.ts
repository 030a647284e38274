/**
 * Kernel problems: for each family, the argument lists on which every test and the bench run it, and how far a result
 * may be from the reference.
 */

export interface BufferSpec {
  /** elements */
  readonly len: number;
  readonly role: 'in' | 'out' | 'inout';
  /** default 'f32' */
  readonly dtype?: 'f32' | 'i32';
  /** values are drawn uniformly from [low, high); integers for i32. Default [-1, 1) and [0, 1) */
  readonly range?: readonly [low: number, high: number];
  /** which elements are zero instead. Default none */
  isZero?(element: number): boolean;
}

/** A fraction of zeros spread over a buffer by a multiplicative hash, the same every time. */
export function spreadZeros(fraction: number): (element: number) => boolean {
  return (element) => {
    const hash = Math.imul(element + 1, 0x9e3779b1);
    return (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0) / 2 ** 32 < fraction;
  };
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
  /** the family's entry takes a way with sums of its own here: other bits than the variants', and another tolerance */
  readonly ownSums?: true;
  /** too big for the reference: the correctness test leaves it out */
  readonly benchOnly?: true;
}

export interface ProblemSet {
  readonly problems: readonly Problem[];
  /** a result may differ from the reference by abs + rel * |reference| */
  tolerance(problem: Problem): { readonly abs: number; readonly rel: number };
}

/** The tolerance of every problem of a family. */
export const within = (abs: number, rel: number) => () => ({ abs, rel });
/** The bits of the reference, rounded to f32. */
export const exact = within(0, 0);

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

/** The problem as a bench row that moves so many bytes, too big for the reference. */
export const forBench = (problem: Problem, bytes: number): Problem => ({
  ...problem,
  bytes,
  bench: true,
  benchOnly: true,
});

/** Problems of a kernel over n elements: empty, single, every tail, and one big enough for the bench. */
export function vectorProblems(
  args: (n: number) => Problem['args'],
  bytesPerElement: number,
  benchSize = 256_000,
): Problem[] {
  const problem = (n: number): Problem => ({ name: `n${n}`, args: args(n) });
  const small = [0, 1, 2, 3, 4, 5, 17, 64, 1023].map(problem);
  return [...small, forBench(problem(benchSize), benchSize * bytesPerElement)];
}
