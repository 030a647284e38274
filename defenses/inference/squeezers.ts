/** Transforms that leave an attacker less room: fewer levels of brightness, and medians of neighbouring pixels. */
import type { InputSpace } from '../../attacks/evasion/index.ts';
import type { Samples } from '../../attacks/index.ts';
import type { Shape } from '../../engine/index.ts';

/** Other rows of the same shape, in place of those that are asked about. */
export type Squeezer = (x: Samples) => Float32Array;

/**
 * Each number at the nearest of 2^bits levels between its bounds.
 *
 *   low + (high - low) round(u (2^bits - 1)) / (2^bits - 1),   u = (x - low) / (high - low)
 *
 * Source: Xu, Evans & Qi 2018 (NDSS), section III-A.
 */
export function reducedDepth({ width, low, high }: InputSpace, bits: number): Squeezer {
  const steps = 2 ** bits - 1;
  return (x) =>
    Float32Array.from(x, (value, i) => {
      const [least, range] = [low[i % width]!, high[i % width]! - low[i % width]!];
      const share = Math.min(1, Math.max(0, (value - least) / range));
      return least + (range * Math.round(share * steps)) / steps;
    });
}

/** The place of a pixel in a line of `size` that is mirrored at its edges, edge pixels repeated: c b a | a b c | c b a */
function mirrored(at: number, size: number): number {
  const period = 2 * size;
  const place = ((at % period) + period) % period;
  return place < size ? place : period - 1 - place;
}

/**
 * Each pixel the median of a window x window square around it, of each channel by itself. An even window reaches one further up and left,
 * and its median is the upper of the two middle values, as `scipy.ndimage.median_filter` (the authors' code) has it.
 *
 * Source: Xu, Evans & Qi 2018 (NDSS), section III-B.
 * @param shape [h, w, channels]
 */
export function medianOf([h, w, channels]: Shape, window: number): Squeezer {
  const [height, wide, planes] = [h!, w!, channels!];
  const before = Math.floor(window / 2);
  const middle = Math.floor((window * window) / 2);
  const near = new Float32Array(window * window);
  return (x) => {
    const out = new Float32Array(x.length);
    const width = height * wide * planes;
    for (let from = 0; from < x.length; from += width) {
      for (let at = 0; at < width; at++) {
        const plane = at % planes;
        const column = Math.floor(at / planes) % wide;
        const line = Math.floor(at / (planes * wide));
        for (let k = 0; k < near.length; k++) {
          const i = mirrored(line - before + Math.floor(k / window), height);
          const j = mirrored(column - before + (k % window), wide);
          near[k] = x[from + (i * wide + j) * planes + plane]!;
        }
        out[from + at] = near.sort()[middle]!;
      }
    }
    return out;
  };
}
