/** Rows as pictures: PNG data of what the model sees, and of what was changed. */
import { encode } from 'fast-png';
import type { InputSpace } from '../../attacks/evasion/index.ts';

/** Whether rows of this shape are pictures: height, width, and one channel or three. */
export const isPicture = (shape: readonly number[]): boolean =>
  shape.length === 3 && (shape[2] === 1 || shape[2] === 3) && shape[0]! > 1 && shape[1]! > 1;

interface Pixels {
  /** one row [height * width * channels] */
  readonly values: Float32Array;
  readonly shape: readonly number[];
  readonly space: InputSpace;
}

/** From black at the least value to white at the greatest. */
export function picture({ values, shape, space: { low, high } }: Pixels): string {
  const bytes = Uint8Array.from(values, (value, j) => byte((value - low[j]!) / (high[j]! - low[j]!)));
  return png(bytes, shape);
}

/** The difference to `from`, so magnified that its largest change is black or white; grey is no change. */
export function perturbationPicture(
  { values, shape, space: { low, high } }: Pixels,
  from: Float32Array,
): { readonly picture: string; readonly magnified: number } {
  const change = Float64Array.from(values, (value, j) => (value - from[j]!) / (high[j]! - low[j]!));
  const most = change.reduce((largest, one) => Math.max(largest, Math.abs(one)), 0);
  // shown from 0 to 1 around a half
  const magnified = most > 0 ? 0.5 / most : 1;
  return {
    picture: png(
      Uint8Array.from(change, (one) => byte(0.5 + magnified * one)),
      shape,
    ),
    magnified,
  };
}

const byte = (share: number) => Math.round(255 * Math.min(1, Math.max(0, share)));

function png(data: Uint8Array, [height, width, channels]: readonly number[]): string {
  const bytes = encode({ width: width!, height: height!, data, channels: channels as 1 | 3, depth: 8 });
  let text = '';
  for (const one of bytes) text += String.fromCharCode(one);
  return `data:image/png;base64,${btoa(text)}`;
}
