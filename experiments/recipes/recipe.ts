/** A private recipe: everything that training needs to know but the budget and the seed, as plain settings. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import { count, positive } from '../fields.ts';

export const privateRecipeSchema = v.strictObject({
  /** null: the images or features as they are */
  scattering: v.nullable(
    v.strictObject({
      /** pixels in [0, 1], or less ImageNet's mean and over its deviation: constants, both */
      pixels: v.picklist(['unit', 'imagenet']),
      /** group normalisation of each record by itself; null: none */
      groups: v.nullable(count),
      /** standardise channels by moments that are released with this noise multiplier, and charged; null: do not */
      momentsNoise: v.nullable(positive),
    }),
  ),
  model: v.picklist(modelNames),
  /** zeros for linear models, whose loss has no symmetry to break */
  start: v.picklist(['zeros', 'random']),
  epochs: positive,
  /** expected rows of a batch */
  batchSize: count,
  learningRate: positive,
  momentum: v.pipe(v.number(), v.minValue(0), v.ltValue(1, 'expected a number from 0, below 1')),
  /** norm that gradients are clipped to */
  clip: positive,
});

export type PrivateRecipe = v.InferOutput<typeof privateRecipeSchema>;
