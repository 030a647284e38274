/**
 * Random changes to batches of images, f32 [n, height, width, channels] (NHWC). Values are only moved or averaged, so
 * they keep their bounds. What comes in from outside the picture is `fill`. Inputs are left alone; results are new.
 */

import type { Rng } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';

/** [n, height, width, channels] */
export type ImageShape = readonly [n: number, height: number, width: number, channels: number];

export type Augmentation =
  /** mirrors left and right with this probability (default 0.5) */
  | { readonly kind: 'flip'; readonly probability?: number }
  /** moves by up to `most` pixels in each direction */
  | { readonly kind: 'shift'; readonly most: number; readonly fill?: number }
  /** pads by `padding` pixels on every side and crops back to the size: moves by up to `padding` pixels */
  | { readonly kind: 'crop'; readonly padding: number; readonly fill?: number }
  /** turns about the centre by up to `degrees` either way, bilinear */
  | { readonly kind: 'rotate'; readonly degrees: number; readonly fill?: number };

/**
 * Applies the changes in turn, each image on its own draw.
 * @param x values [n, height, width, channels], row-major
 * @returns a new array of the same shape
 * @throws ConfigError for a shape that does not fit, and for options out of range
 */
export function augment(x: Float32Array, shape: ImageShape, changes: readonly Augmentation[], rng: Rng): Float32Array {
  checkShape(x, shape);
  let [from, to]: [Float32Array, Float32Array] = [x, new Float32Array(x.length)];
  for (const [i, change] of changes.entries()) {
    const draw = drawer(change, rng.split(`${i} ${change.kind}`));
    for (let image = 0; image < shape[0]; image++) draw(from, to, image, shape);
    // The caller's array is never written to.
    [from, to] = [to, i === 0 ? new Float32Array(x.length) : from];
  }
  return changes.length === 0 ? x.slice() : from;
}

type Draw = (from: Float32Array, to: Float32Array, image: number, shape: ImageShape) => void;

function drawer(change: Augmentation, rng: Rng): Draw {
  switch (change.kind) {
    case 'flip': {
      const probability = inRange('flip', 'probability', change.probability ?? 0.5, 0, 1);
      return (from, to, image, shape) => (rng.uniform() < probability ? flipOne : copyOne)(from, to, image, shape);
    }
    case 'shift':
    case 'crop': {
      const most = change.kind === 'shift' ? change.most : change.padding;
      const reach = inRange(change.kind, change.kind === 'shift' ? 'most' : 'padding', most, 0, 65_535);
      return (from, to, image, shape) => {
        const [down, right] = [between(rng, -reach, reach), between(rng, -reach, reach)];
        shiftOne(from, to, image, shape, { down, right, fill: change.fill ?? 0 });
      };
    }
    case 'rotate': {
      const degrees = inRange('rotate', 'degrees', change.degrees, 0, 180);
      return (from, to, image, shape) =>
        rotateOne(from, to, image, shape, { degrees: (2 * rng.uniform() - 1) * degrees, fill: change.fill ?? 0 });
    }
  }
}

/** All images mirrored left and right. */
export function flip(x: Float32Array, shape: ImageShape): Float32Array {
  return each(x, shape, flipOne);
}

export interface Shift {
  /** whole pixels; negative moves up */
  readonly down: number;
  /** whole pixels; negative moves left */
  readonly right: number;
  readonly fill?: number;
}

/** All images moved. */
export function shift(x: Float32Array, shape: ImageShape, by: Shift): Float32Array {
  return each(x, shape, (from, to, image) => shiftOne(from, to, image, shape, by));
}

export interface Rotation {
  /** anticlockwise, as seen with row 0 on top */
  readonly degrees: number;
  readonly fill?: number;
}

/** All images turned about their centre, bilinear; multiples of 90 degrees move pixels exactly. */
export function rotate(x: Float32Array, shape: ImageShape, by: Rotation): Float32Array {
  return each(x, shape, (from, to, image) => rotateOne(from, to, image, shape, by));
}

function each(x: Float32Array, shape: ImageShape, draw: Draw): Float32Array {
  checkShape(x, shape);
  const result = new Float32Array(x.length);
  for (let image = 0; image < shape[0]; image++) draw(x, result, image, shape);
  return result;
}

function copyOne(from: Float32Array, to: Float32Array, image: number, [, h, w, c]: ImageShape): void {
  to.set(from.subarray(image * h * w * c, (image + 1) * h * w * c), image * h * w * c);
}

function flipOne(from: Float32Array, to: Float32Array, image: number, [, h, w, c]: ImageShape): void {
  for (let row = image * h; row < (image + 1) * h; row++) {
    for (let px = 0; px < w; px++) {
      for (let ch = 0; ch < c; ch++) to[(row * w + px) * c + ch] = from[(row * w + w - 1 - px) * c + ch]!;
    }
  }
}

function shiftOne(
  from: Float32Array,
  to: Float32Array,
  image: number,
  [, h, w, c]: ImageShape,
  { down, right, fill = 0 }: Shift,
): void {
  const base = image * h * w * c;
  for (let py = 0; py < h; py++) {
    for (let px = 0; px < w; px++) {
      const [sy, sx] = [py - down, px - right];
      const inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
      for (let ch = 0; ch < c; ch++)
        to[base + (py * w + px) * c + ch] = inside ? from[base + (sy * w + sx) * c + ch]! : fill;
    }
  }
}

function rotateOne(
  from: Float32Array,
  to: Float32Array,
  image: number,
  [, h, w, c]: ImageShape,
  { degrees, fill = 0 }: Rotation,
): void {
  const { cos, sin } = turn(degrees);
  const base = image * h * w * c;
  const [cy, cx] = [(h - 1) / 2, (w - 1) / 2];
  const pixel = (py: number, px: number, ch: number) =>
    py >= 0 && py < h && px >= 0 && px < w ? from[base + (py * w + px) * c + ch]! : fill;
  for (let py = 0; py < h; py++) {
    for (let px = 0; px < w; px++) {
      // Where this pixel comes from: turned back by the angle (rows count downwards).
      const sx = cos * (px - cx) - sin * (py - cy) + cx;
      const sy = sin * (px - cx) + cos * (py - cy) + cy;
      const [left, top] = [Math.floor(sx), Math.floor(sy)];
      const [u, v] = [sx - left, sy - top];
      for (let ch = 0; ch < c; ch++) {
        const upper = (1 - u) * pixel(top, left, ch) + u * pixel(top, left + 1, ch);
        const lower = (1 - u) * pixel(top + 1, left, ch) + u * pixel(top + 1, left + 1, ch);
        to[base + (py * w + px) * c + ch] = (1 - v) * upper + v * lower;
      }
    }
  }
}

/**
 * Cosine and sine of an angle in degrees, to 1e-15, from additions and products alone, so that they are the same bits on
 * every machine (Math.cos and Math.sin are not). Exact at multiples of 90.
 */
export function turn(degrees: number): { cos: number; sin: number } {
  const quarters = Math.round(degrees / 90);
  const { cos, sin } = smallTurn((degrees - 90 * quarters) * (Math.PI / 180));
  switch (((quarters % 4) + 4) % 4) {
    case 0:
      return { cos, sin };
    case 1:
      return { cos: -sin, sin: cos };
    case 2:
      return { cos: -cos, sin: -sin };
    default:
      return { cos: sin, sin: -cos };
  }
}

// Taylor series within 45 degrees: the last terms, a^18 / 18! and a^17 / 17!, are below 1e-16.
function smallTurn(a: number): { cos: number; sin: number } {
  let [cos, sin] = [1, 1];
  for (let k = 18; k >= 2; k -= 2) cos = 1 - (cos * a * a) / (k * (k - 1));
  for (let k = 17; k >= 3; k -= 2) sin = 1 - (sin * a * a) / (k * (k - 1));
  return { cos, sin: a * sin };
}

function between(rng: Rng, low: number, high: number): number {
  return low + Math.floor(rng.uniform() * (high - low + 1));
}

function inRange(kind: string, option: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new ConfigError(
    `augment: ${kind}: expected ${option} in ${low} .. ${high}, got ${value}.`,
    `${kind}.${option}`,
  );
}

function checkShape(x: Float32Array, shape: ImageShape): void {
  const values = shape.reduce((product, n) => product * n, 1);
  if (shape.length === 4 && values === x.length) return;
  throw new ConfigError(
    `augment: expected images [n, height, width, channels] of ${x.length} values, got [${shape}] = ${values}.`,
    'shape',
  );
}
