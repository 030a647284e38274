/** The first-principles comparison: attacks with reference models, by what they find at low false-positive rates. */
import * as v from 'valibot';
import { allMembershipAttacks } from '../../attacks/index.ts';
import { modelNames } from '../../engine/index.ts';
import {
  augmentationSchema,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  referenceAttacks,
  viewsSchema,
} from '../membership/index.ts';
import { defineExperiment, type Job, recipeSchema } from '../runner/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1, 'expected a whole number of at least 1'));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0'));
const attackNames = allMembershipAttacks.map(({ name }) => name);
const answersOnly = ['loss', 'confidence', 'entropy', 'modified-entropy', 'gap'];

const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** rows of which every model is trained on about a half */
  pool: v.optional(count, 1400),
  /** rows that no model is trained on */
  population: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 300),
  /** reference models, besides the target */
  models: v.optional(count, 8),
  recipe: v.optional(recipeSchema, {
    epochs: 30,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  augmentation: v.optional(v.nullable(augmentationSchema), null),
  views: v.optional(viewsSchema, ONE_VIEW),
  attacks: v.optional(v.array(v.picklist(attackNames)), answersOnly),
  options: v.optional(v.record(v.string(), v.record(v.string(), v.number())), {}),
  seed: v.optional(seed, 0),
});
type Settings = v.InferOutput<typeof settings>;

function jobsOf(s: Settings) {
  const { model, recipe, augmentation, views, population } = s;
  const design = { kind: 'halves', pool: s.pool, seed: s.seed } as const;
  const data = [{ data: s.data }];
  const outputs = (which: 'target' | number): Job => {
    const name = which === 'target' ? 'target' : `reference model ${which + 1}`;
    const trained = membershipModel.job(
      { model, recipe, augmentation, defence: null, design, which, seed: s.seed },
      { name, data },
    );
    const asked = { design, which, views, population };
    return modelOutputs.job(asked, { name: `outputs of ${name}`, data, needs: [trained] });
  };
  const target = outputs('target');
  const references = Array.from({ length: s.models }, (_, i) => outputs(i));
  const { attacks, options, seed } = s;
  return referenceAttacks.job(
    { attacks, options, design, population, seed },
    { name: 'attacks', data, needs: [target, ...references] },
  );
}

const percent = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`;

export const lira = defineExperiment({
  name: 'lira',
  title: 'Membership inference from first principles',
  about: 'attacks with reference models trained on overlapping halves, by what they find at low false-positive rates',
  paper:
    'Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership Inference Attacks From First Principles, S&P; ' +
    'Zarifzadeh, Liu, Shokri 2024, Low-Cost High-Power Membership Inference Attacks, ICML',
  settings,
  profiles: {
    quick: {},
    paper: {
      data: 'cifar10',
      model: 'cifar',
      pool: 20_500,
      population: 2000,
      models: 16,
      recipe: { epochs: 16, batchSize: 64, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
      augmentation: { flip: true, shift: 2 },
      views: { count: 2, flip: true, shift: 2 },
    },
  },
  jobs: (s) => [jobsOf(s)],
  report(results, s) {
    const found = results.of(jobsOf(s));
    if (!found) return { headline: 'Nothing has been measured yet.', sections: [] };
    type Attack = (typeof found.attacks)[number];
    const cell = (share: Attack['auc'] | null, digits = 1) =>
      share === null || share.value === null
        ? 'not resolved'
        : {
            value: percent(share.value, digits),
            interval: `[${percent(share.low, digits)}, ${percent(share.high, digits)}]`,
          };
    const lowest = (attack: Attack) => (attack.tprAtFpr['0.001'] ?? attack.tprAtFpr['0.01'])?.value ?? 0;
    const best = [...found.attacks].sort((a, b) => lowest(b) - lowest(a))[0]!;
    return {
      headline:
        `The strongest attack at the lowest false-positive rate that ${found.nonMembers} non-members resolve is ` +
        `'${best.name}': it finds ${percent(lowest(best), 2)} of all members.`,
      lead:
        `The target and ${s.models} reference models (${s.model}, ${s.data}) are each trained on a random half of ${s.pool} rows, ` +
        "a coin for each, so that the data of the reference models overlap the target's: the attacker of Carlini et al. knows " +
        `the pool. ${found.members} members, ${found.nonMembers} non-members, ${s.views.count} queries a record.`,
      sections: [
        {
          title: 'What each attack finds',
          table: {
            caption: 'With 95 % intervals. Ties count against the attacker.',
            columns: ['Attack', 'TPR at 0.1 % FPR', 'TPR at 1 %', 'TPR at 10 %', 'AUC', 'Balanced accuracy'],
            rows: found.attacks.map((a) => [
              a.name,
              cell(a.tprAtFpr['0.001'], 2),
              cell(a.tprAtFpr['0.01'], 2),
              cell(a.tprAtFpr['0.1']),
              cell(a.auc),
              a.balancedAccuracy ? cell(a.balancedAccuracy) : 'ranks only',
            ]),
          },
        },
      ],
    };
  },
});
