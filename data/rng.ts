/**
 * The random numbers that this layer asks for. A counter-based generator keyed by (seed, stream label) satisfies it:
 * the same seed and label give the same numbers on every machine.
 */
export interface Rng {
  /** an integer, uniform in 0 .. 2^32 - 1 */
  uint32(): number;
  /** uniform in [0, 1) */
  uniform(): number;
  /** standard normal */
  normal(): number;
  /** 0 .. n - 1 in random order */
  permutation(n: number): Int32Array;
  /** an independent stream; what is drawn from it does not move this one */
  split(label: string): Rng;
}
