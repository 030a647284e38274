/** One perturbation and many rows. */
import { type Norm, projectBall } from '../norms.ts';
import { type InputSpace, project } from '../space.ts';

/** Rows with the perturbation added, inside the bounds [n, width]; what cannot change does not. */
export function perturbed(space: InputSpace, x: Float32Array, v: Float32Array): Float32Array {
  const { width } = space;
  const out = x.map((value, i) => value + v[i % width]!);
  for (let at = 0; at < out.length; at += width)
    project(space, 'linf', Infinity, { values: out, at }, { values: x, at });
  return out;
}

/** Moves a perturbation back into the ball, in place; zero where nothing can change. */
export function projectPerturbation(space: InputSpace, norm: Norm, epsilon: number, v: Float32Array): void {
  for (let j = 0; j < space.width; j++) if (space.fixed[j]) v[j] = 0;
  projectBall(norm, epsilon, { values: v, at: 0 }, { values: new Float32Array(space.width), at: 0 }, space.width);
}

/** Rows that the perturbation works on: their class is another than it was, or the wanted one. */
export function worksOn(clean: Int32Array, after: Int32Array, wanted: number | null): Uint8Array {
  return Uint8Array.from(after, (label, i) => ((wanted === null ? label !== clean[i] : label === wanted) ? 1 : 0));
}

export const shareOf = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
