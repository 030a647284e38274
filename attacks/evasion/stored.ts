/** Rows as files hold them: each number a whole step of the data, as the 8 bits of an image are. */
import { distance, type Norm } from './norms.ts';
import type { InputSpace } from './space.ts';

/** How far beyond epsilon rounding to f32 may leave what lies on the surface of a ball: 8/255 is not a number of f32. */
const SLACK = 1e-6;

/** Whether a stored row lies in the ball. */
export const storedInside = (size: number, epsilon: number): boolean => size <= epsilon + SLACK * Math.max(1, epsilon);

/**
 * Each number at the nearest whole step between its bounds. What leaves the ball by that goes to the nearest step towards the
 * original: a number (linf), or all numbers of the row.
 * @param x rows inside the ball [n, width]
 * @param origins what they were made of, in whole steps [n, width]
 */
export function asStored(
  x: Float32Array,
  origins: Float32Array,
  { width, low, high, levels }: InputSpace,
  { norm, epsilon }: { readonly norm: Norm; readonly epsilon: number },
): Float32Array {
  if (levels === null) return x;
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    const round = (inward: boolean) => {
      for (let j = 0; j < width; j++) {
        const step = (high[j]! - low[j]!) / levels;
        const own = (origins[at + j]! - low[j]!) / step;
        const steps = (x[at + j]! - low[j]!) / step;
        const near = Math.round(steps);
        const leaves = norm === 'linf' && !storedInside(Math.abs(near - own) * step, epsilon);
        out[at + j] = low[j]! + step * (inward || leaves ? towards(steps, Math.round(own)) : near);
      }
    };
    round(false);
    const [stored, origin] = [
      { values: out, at },
      { values: origins, at },
    ];
    if (norm !== 'linf' && !storedInside(distance(norm, stored, origin, width), epsilon)) round(true);
  }
  return out;
}

/** The whole step next to `steps` on the side of `own`; itself where it is one but for rounding. */
function towards(steps: number, own: number): number {
  const near = Math.round(steps);
  if (Math.abs(steps - near) < 1e-3) return near;
  return steps > own ? Math.floor(steps) : Math.ceil(steps);
}
