/** What can be set in the shadow-model experiment. */
import * as v from 'valibot';
import { ConfigError, modelNames } from '../../../engine/index.ts';
import { count, listOf, seedField } from '../../fields.ts';
import { attackKinds } from '../../membership/index.ts';
import { type Completion, recipeSchema } from '../../runner/index.ts';
import { dataEntries, dataOf } from './data-settings.ts';
import { knowledgeSetting } from './knowledge-settings.ts';
import { type Mitigation, mitigationSchema } from './mitigation-settings.ts';

export const settings = v.strictObject({
  ...dataEntries,
  data: v.optional(dataEntries.data, 'digits'),
  /** null: as many as the data have */
  classes: v.optional(v.nullable(count), null),
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
  options: v.optional(v.record(v.picklist(attackKinds), v.record(v.string(), v.number())), {}),
  /** rows that a class needs on either side for an attack model of its own */
  minRows: v.optional(count, 10),
  /** defences, each attacked by who knows it and by who does not; null: no such stage */
  mitigation: v.optional(v.nullable(mitigationSchema), null),
  /**
   * attackers without rows of the target's distribution, compared with the one who has them: at the first size, by the first kind
   * of attack model
   */
  knowledge: v.optional(v.array(knowledgeSetting), []),
  seed: v.optional(seedField, 0),
});
export { dataOf };

type Given = v.InferOutput<typeof settings>;
export type Settings = Omit<Given, 'mitigation'> & { readonly classes: number; readonly mitigation: Mitigation | null };

export const completion: Completion<Given, Settings> = {
  data: (given) => [dataOf(given)],
  complete(given, [facts]) {
    const { name, classes } = facts!;
    const { mitigation } = given;
    const stage = mitigation && { ...mitigation, size: mitigation.size ?? Math.min(...given.sizes) };
    if (given.classes === null || given.classes === classes) return { ...given, classes, mitigation: stage };
    throw new ConfigError(
      `shokri: classes: expected the ${classes} of ${name}, got ${given.classes}. Leave classes out.`,
      'classes',
    );
  },
};
export type Kind = (typeof attackKinds)[number];
