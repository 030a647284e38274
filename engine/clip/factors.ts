/** From the norms of per-sample gradients to the factors that bound them. */
import type { Clipping } from './options.ts';

// What rounding can add to a clipped gradient on its way into the sum, relative to its norm: the norms of its tensors, each
// 4 x 2^-24 off at most (assembly/privacy/squares.ts), the factor times a cotangent rounded once, its product with an
// activation once more, 2^-24 each in the norm of a vector. 2^-20 covers sixteen of them.
const MARGIN = 1 - 2 ** -20;

const toF32 = new Float32Array(1);
const f32Bits = new Uint32Array(toF32.buffer);

/** The largest f32 that is not above x >= 0. */
function roundDown(x: number): number {
  toF32[0] = x;
  if (toF32[0] > x) f32Bits[0]!--;
  return toF32[0];
}

/** Norms and factors of samples, from the squared norms of their gradients in each group of parameters. */
export interface Factors {
  /** [n], of the whole gradients */
  readonly norms: Float64Array;
  /** [n] for each group */
  readonly of: readonly Float64Array[];
  /** fills in those of samples from `from` to `to`, whose squares are complete; 0 in all groups for one that is not finite */
  settle(from: number, to: number): void;
}

export function factorsOf(squares: readonly Float64Array[], n: number, clip: Clipping): Factors {
  const norms = new Float64Array(n);
  const of = squares.map(() => new Float64Array(n));
  const bounds = squares.map((_, group) => (clip.kind === 'per-layer' ? clip.norms[group]! : clip.norm) * MARGIN);
  const settle = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      let total = 0;
      for (const group of squares) total += group[i]!;
      const norm = Math.sqrt(total);
      norms[i] = norm;
      for (let group = 0; group < bounds.length; group++) {
        const bound = bounds[group]!;
        const own = clip.kind === 'per-layer' ? Math.sqrt(squares[group]![i]!) : norm;
        const f = clip.kind === 'automatic' ? bound / (own + clip.stability) : Math.min(1, bound / own);
        of[group]![i] = Number.isFinite(norm) ? roundDown(f) : 0;
      }
    }
  };
  return { norms, of, settle };
}
