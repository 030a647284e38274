/** Rows as files hold them: each number a whole step of the data, as the 8 bits of an image are. */
import { distance, type Norm } from './norms.ts';
import type { InputSpace } from './space.ts';

/** How far beyond epsilon rounding to f32 may leave what lies on the surface of a ball: 8/255 is not a number of f32. */
const SLACK = 1e-6;

/** Whether a stored row lies in the ball. */
export const storedInside = (size: number, epsilon: number): boolean => size <= epsilon + SLACK * Math.max(1, epsilon);

/**
 * Each number at the nearest whole step between its bounds. Numbers that leave the ball by that go to the nearest step towards the
 * original: all that leave it (linf), or, until the row is inside, those first that lie nearest to that step (l2, l1).
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
    /** numbers that went away from the original, and how far each is from the step before */
    const gone: { readonly j: number; readonly inner: number; readonly off: number }[] = [];
    for (let j = 0; j < width; j++) {
      const step = (high[j]! - low[j]!) / levels;
      const own = (origins[at + j]! - low[j]!) / step;
      const steps = (x[at + j]! - low[j]!) / step;
      const near = Math.round(steps);
      const inner = towards(steps, Math.round(own));
      const leaves = norm === 'linf' && !storedInside(Math.abs(near - own) * step, epsilon);
      out[at + j] = low[j]! + step * (leaves ? inner : near);
      if (inner !== near && norm !== 'linf')
        gone.push({ j, inner: low[j]! + step * inner, off: Math.abs(steps - inner) });
    }
    if (gone.length === 0) continue;
    // the size is carried along: measured anew for each number it would take a square of the width
    const [place, origin] = [
      { values: out, at },
      { values: origins, at },
    ];
    const part = (d: number) => (norm === 'l2' ? d * d : Math.abs(d));
    const sizeOf = (sum: number) => (norm === 'l2' ? Math.sqrt(sum) : sum);
    let sum = part(distance(norm, place, origin, width));
    if (storedInside(sizeOf(sum), epsilon)) continue;
    gone.sort((a, b) => a.off - b.off || a.j - b.j);
    for (const { j, inner } of gone) {
      if (storedInside(sizeOf(sum), epsilon)) break;
      const own = origins[at + j]!;
      sum += part(inner - own) - part(out[at + j]! - own);
      out[at + j] = inner;
    }
  }
  return out;
}

/** The whole step next to `steps` on the side of `own`; itself where it is one but for rounding. */
function towards(steps: number, own: number): number {
  const near = Math.round(steps);
  if (Math.abs(steps - near) < 1e-3) return near;
  return steps > own ? Math.floor(steps) : Math.ceil(steps);
}
