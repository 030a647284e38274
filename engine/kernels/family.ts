/**
 * A kernel family: one numeric routine with a readable f64 reference and one or more WebAssembly variants.
 *
 * The wasm module exports the family as `<name>_f32` (the entry the engine calls) and may export variants as
 * `<name>_f32__<variant>`, all with the same arguments and, within one build, the same bits in their results. The
 * reference takes the same arguments in the same order, with typed arrays where wasm takes pointers. The argument lists
 * on which the tests and the bench run each family, and how exact it must be, are in bench/problems/.
 */

/** What a reference receives in place of a pointer: f64 for floats, Int32Array for integer buffers; null for an absent one. */
export type KernelArg = Float64Array | Int32Array | number | null;

/** Kernels take many numbers; written by fours they keep their count. Their names are where a reference takes them apart. */
export type Four = [number, number, number, number];

export interface KernelFamily<A extends readonly KernelArg[] = readonly KernelArg[]> {
  readonly name: string;
  /** the export that the engine calls */
  readonly entry: string;
  /** one line: what it computes */
  readonly about: string;
  /** plain TypeScript in f64: the oracle and the text to read */
  reference(...args: A): void;
}

/** Types the reference against its arguments. */
export function defineKernel<const A extends readonly KernelArg[]>(
  family: Omit<KernelFamily<A>, 'entry'>,
): KernelFamily<A> {
  return { ...family, entry: `${family.name}_f32` };
}

/** y[i] = f(x[i]) for i < n; numbers that f takes after x follow n. */
export function unary<P extends number[]>(name: string, about: string, f: (x: number, ...options: P) => number) {
  return defineKernel({
    name,
    about,
    reference(x: Float64Array, y: Float64Array, n: number, ...options: P) {
      for (let i = 0; i < n; i++) y[i] = f(x[i]!, ...options);
    },
  });
}

/** dx[i] = f(g[i], kept[i]) for i < n, from g = dy and what the forward pass kept, its x or its y. */
export function unaryGrad<P extends number[]>(
  name: string,
  about: string,
  f: (g: number, kept: number, ...options: P) => number,
) {
  return defineKernel({
    name,
    about,
    reference(g: Float64Array, kept: Float64Array, dx: Float64Array, n: number, ...options: P) {
      for (let i = 0; i < n; i++) dx[i] = f(g[i]!, kept[i]!, ...options);
    },
  });
}
