/**
 * The ways in which training may have shown a record: an attacker asks about each of them (Carlini et al. 2022, section VI-C).
 * Trap: augmented queries must match the training augmentation; other views say less than the row itself.
 */
import { flip, type ImageShape, shift } from '../data/index.ts';
import { ConfigError, type Shape, sizeOf } from '../engine/index.ts';
import type { Views } from './define-attack.ts';
import type { Samples } from './target/index.ts';

export interface ImageViews {
  /** the row itself included */
  readonly count: number;
  /** whether images are mirrored */
  readonly flip: boolean;
  /** by how many pixels they are moved, in each direction */
  readonly shift: number;
}

/**
 * Views of images [h, w, channels]: the row itself, its mirror image, then moves by `shift` pixels in eight directions, each
 * also mirrored where `flip` is set: up to 18.
 * @throws ConfigError for several views of what is no image, and for more views than flips and moves give
 */
export function imageViews(inputShape: Shape, { count, flip: mirrored, shift: by }: ImageViews): Views {
  const moves = by > 0 ? directions(by) : [{ down: 0, right: 0 }];
  const all = moves.flatMap((move) => (mirrored ? [false, true] : [false]).map((turned) => ({ ...move, turned })));
  if (count > 1 && inputShape.length !== 3)
    throw new ConfigError(
      `views: expected images [h, w, channels], got samples [${inputShape}]. Ask for one view.`,
      'views',
    );
  if (count > all.length)
    throw new ConfigError(
      `views: expected at most ${all.length} with these flips and moves, got ${count}.`,
      'views.count',
    );
  const known = new WeakMap<Samples, Map<number, Samples>>();
  return {
    count,
    view(x, k) {
      const { down, right, turned } = all[k]!;
      if (k === 0) return x;
      const made = known.get(x) ?? new Map<number, Samples>();
      known.set(x, made);
      const before = made.get(k);
      if (before) return before;
      const shape = [x.length / sizeOf(inputShape), ...inputShape] as unknown as ImageShape;
      const images = x instanceof Float32Array ? x : Float32Array.from(x);
      const moved = down === 0 && right === 0 ? images : shift(images, shape, { down, right });
      const seen = turned ? flip(moved, shape) : moved;
      made.set(k, seen);
      return seen;
    },
  };
}

function directions(by: number): { down: number; right: number }[] {
  const steps = [0, -by, by];
  return steps.flatMap((down) => steps.map((right) => ({ down, right })));
}
