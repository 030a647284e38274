/**
 * The orthonormal cosine basis (DCT-II) of images [height, width, channels], or of rows of numbers [width]:
 *
 *   c_f(t) = sqrt((f ? 2 : 1) / n) cos(pi (t + 1/2) f / n),   v(y, x) = c_fy(y) c_fx(x) in one channel
 */
import type { Shape } from '../../../engine/index.ts';

export interface CosineBasis {
  /** vectors, the lowest frequencies of each axis only */
  readonly size: number;
  /** Writes vector k to `into`, which is of the shape of an input. */
  write(k: number, into: Float64Array): void;
}

/** @param share of the frequencies of each axis that are used, from the lowest */
export function cosineBasis(inputShape: Shape, share: number): CosineBasis {
  // numbers in a row: one axis, of one channel
  const [height, width, channels] =
    inputShape.length >= 2 ? [inputShape[0]!, inputShape[1]!, inputShape[2] ?? 1] : [1, inputShape[0]!, 1];
  const [rows, columns] = [axis(height, share), axis(width, share)];
  return {
    size: rows.length * columns.length * channels,
    write(k, into) {
      const channel = k % channels;
      const place = (k - channel) / channels;
      const across = columns[place % columns.length]!;
      const down = rows[Math.floor(place / columns.length)]!;
      into.fill(0);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) into[(y * width + x) * channels + channel] = down[y]! * across[x]!;
    },
  };
}

/** The waves of an axis of n numbers, lowest first. */
function axis(n: number, share: number): Float64Array[] {
  const count = Math.max(1, Math.round(share * n));
  return Array.from({ length: count }, (_, f) =>
    Float64Array.from({ length: n }, (_, t) => Math.sqrt((f ? 2 : 1) / n) * cosineOf((2 * t + 1) * f, 2 * n)),
  );
}

/** cos(pi a / b) of whole numbers, the same on every machine: its series, on an eighth of the circle. */
export function cosineOf(a: number, b: number): number {
  const turned = a % (2 * b);
  const folded = turned > b ? 2 * b - turned : turned;
  const [down, sign] = 2 * folded > b ? [b - folded, -1] : [folded, 1];
  // cos t = sin(pi / 2 - t), of which the smaller angle is taken
  const bySine = 4 * down > b;
  const angle = (Math.PI * (bySine ? b / 2 - down : down)) / b;
  let term = bySine ? angle : 1;
  let sum = term;
  for (let k = bySine ? 2 : 1; k < 24; k += 2) {
    term *= (-angle * angle) / (k * (k + 1));
    sum += term;
  }
  return sign * sum;
}
