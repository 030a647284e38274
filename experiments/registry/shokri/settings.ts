/** What can be set in the shadow-model experiment. */
import * as v from 'valibot';
import { modelNames } from '../../../engine/index.ts';
import { attackKinds, knowledgeSchema } from '../../membership/index.ts';
import { recipeSchema } from '../../runner/index.ts';
import { mitigationSchema } from './mitigation-settings.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1, 'expected a whole number of at least 1'));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0'));
const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1, 'expected a list of at least one'));

export const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  /** of the data set */
  classes: v.optional(count, 10),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** members of each model; as many non-members */
  sizes: v.optional(listOf(count), [200, 400]),
  shadows: v.optional(count, 4),
  recipe: v.optional(recipeSchema, {
    epochs: 40,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  /** kinds of attack models; the first is in the headline */
  attacks: v.optional(listOf(v.picklist(attackKinds)), attackKinds),
  /** of attack models, by kind */
  options: v.optional(v.record(v.string(), v.record(v.string(), v.number())), {}),
  /** rows that a class needs on either side for an attack model of its own */
  minRows: v.optional(count, 10),
  /** defences, each attacked by who knows it and by who does not; null: no such stage */
  mitigation: v.optional(v.nullable(mitigationSchema), null),
  /**
   * attackers without rows of the target's distribution, compared with the one who has them: at the first size, by the first kind
   * of attack model
   */
  knowledge: v.optional(v.array(knowledgeSchema), []),
  seed: v.optional(seed, 0),
});
export type Settings = v.InferOutput<typeof settings>;
export type Kind = (typeof attackKinds)[number];
