/** Gradients of whole functions of trees against f64 central differences, element by element. */
import { type Engine, mapTree, type Tensor, tensorsOf, valueAndGrad } from '../../engine/index.ts';

export interface DifferenceOptions {
  /** default 1e-5 */
  readonly h?: number;
  /** allowed |analytic - numeric| / max(1, |numeric|); default 1e-7, well above truncation h^2 f''' / 6 and rounding 1e-16 / h */
  readonly tolerance?: number;
  /** elements of each tensor to look at, spread evenly; default all */
  readonly atMost?: number;
}

/** @param f a scalar function of a tree of f64 tensors, smooth around it */
export function checkGradient<P>(
  engine: Engine,
  label: string,
  f: (params: P) => Tensor,
  params: P,
  options: DifferenceOptions = {},
): void {
  const { h = 1e-5, tolerance = 1e-7, atMost = Infinity } = options;
  const gradients = engine.run('gradient', () => tensorsOf(valueAndGrad(f, params).grads).map((g) => [...g.toArray()]));
  const tensors = tensorsOf(params);
  // moved copies, so that the caller's tensors keep their bits and versions
  const at = (which: number, i: number, by: number) =>
    engine.run('difference', () => {
      let k = 0;
      const moved = mapTree(params, (t) => {
        const copy = engine.tensor(t.toArray(), t.shape);
        if (k++ === which) copy.view()[i]! += by;
        return copy;
      }) as P;
      return engine.noGrad(() => f(moved)).item();
    });
  for (const [which, t] of tensors.entries()) {
    const stride = Math.max(1, Math.floor(t.size / atMost));
    for (let i = 0; i < t.size; i += stride) {
      const numeric = (at(which, i, h) - at(which, i, -h)) / (2 * h);
      const got = gradients[which]![i]!;
      if (!(Math.abs(got - numeric) <= tolerance * Math.max(1, Math.abs(numeric)))) {
        throw new Error(`${label}: tensor ${which} element ${i}: expected ${numeric} (differences), got ${got}`);
      }
    }
  }
}
