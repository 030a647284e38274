/** The augmented queries of an attack, as settings. */
import * as v from 'valibot';
import { imageViews, type Views } from '../../attacks/index.ts';
import type { Shape } from '../../engine/index.ts';
import { count, whole } from '../fields.ts';

export const viewsSchema = v.strictObject({
  /** the row itself included */
  count,
  /** whether training may have shown an image mirrored */
  flip: v.boolean(),
  /** pixels by which it may have shown it moved */
  shift: whole(0),
});
export type ViewSettings = v.InferOutput<typeof viewsSchema>;

export const ONE_VIEW: ViewSettings = { count: 1, flip: false, shift: 0 };

/** @throws ConfigError for more than one view of what is no image, and for more views than there are */
export const viewsFor = (settings: ViewSettings, inputShape: Shape): Views => imageViews(inputShape, settings);
