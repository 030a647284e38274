/** The first-principles comparison: attacks with reference models, by what they find at low false-positive rates. */
import * as v from 'valibot';
import { allMembershipAttacks } from '../../attacks/index.ts';
import { modelNames } from '../../engine/index.ts';
import { count, seedField } from '../fields.ts';
import {
  augmentationSchema,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  referenceAttacks,
  viewsSchema,
} from '../membership/index.ts';
import { type Cell, defineExperiment, type Job, recipeSchema } from '../runner/index.ts';

const attackNames = allMembershipAttacks.map(({ name }) => name);
/** the first is what the others are compared with */
const answersOnly = [
  'loss',
  'modified-entropy',
  'gap',
  'lira-online',
  'lira-offline',
  'rmia-online',
  'rmia-offline',
  'attack-r',
  'attack-p',
  'calibrated-loss',
];

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
  seed: v.optional(seedField, 0),
});
type Settings = v.InferOutput<typeof settings>;

function jobsOf(s: Settings) {
  const { recipe, augmentation, views, population } = s;
  const design = { kind: 'halves', pool: s.pool, seed: s.seed } as const;
  const data = [{ data: s.data }];
  const outputs = (which: 'target' | number): Job => {
    const name = which === 'target' ? 'target' : `reference model ${which + 1}`;
    const trained = membershipModel.job(
      { model: s.model, recipe, augmentation, defence: null, design, which, seed: s.seed },
      { name, data },
    );
    const asked = { design, which, views, population };
    return modelOutputs.job(asked, { name: `outputs of ${name}`, data, needs: [trained] });
  };
  const target = outputs('target');
  const model = target.needs[0]! as ReturnType<typeof membershipModel.job>;
  const references = Array.from({ length: s.models }, (_, i) => outputs(i));
  const { attacks, options, seed } = s;
  const attacked = referenceAttacks.job(
    { attacks, options, design, population, seed },
    { name: 'attacks', data, needs: [target, ...references] },
  );
  return { model, attacked };
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
    quick: { about: 'digits, a minute or two on a laptop', settings: {} },
    paper: {
      about:
        'CIFAR-10, 16 reference models of a small network on halves of 20,500 rows, two queries a record (the paper: up to 256 wide residual networks ' +
        'on halves of 50,000, 18 queries)',
      settings: {
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
  },
  jobs: (s) => [jobsOf(s).attacked],
  report(results, s) {
    const jobs = jobsOf(s);
    const [model, found] = [results.of(jobs.model), results.of(jobs.attacked)];
    if (!model || !found)
      return {
        headline: 'Nothing has been measured yet.',
        sections: [
          { title: 'What is missing', text: ['The attacks have not run: `keyhole run` goes on where it stopped.'] },
        ],
      };
    type Attack = (typeof found.attacks)[number];
    const rate = (['0.001', '0.01', '0.1'] as const).find((fpr) => found.attacks[0]!.tprAtFpr[fpr] !== null) ?? '0.1';
    const cell = (share: Attack['auc'] | null, digits = 1): Cell =>
      share === null || share.value === null
        ? 'not resolved'
        : {
            value: percent(share.value, digits),
            interval: `[${percent(share.low, digits)}, ${percent(share.high, digits)}]`,
          };
    const at = (attack: Attack) => attack.tprAtFpr[rate]?.value ?? 0;
    const [first] = found.attacks;
    const best = [...found.attacks].sort((a, b) => at(b) - at(a))[0]!;
    const inWords = (attack: Attack) => {
      const share = attack.tprAtFpr[rate];
      return share
        ? `${percent(share.value ?? 0, 2)} [${percent(share.low, 2)}, ${percent(share.high, 2)}]`
        : 'not resolved';
    };
    const alike = found.attacks.filter(
      (a) => a !== best && (a.tprAtFpr[rate]?.high ?? 0) >= (best.tprAtFpr[rate]?.low ?? 0),
    );
    const apart =
      alike.length === 0 ? '' : ` Its interval overlaps those of ${alike.map(({ name }) => name).join(', ')}.`;
    const fpr = `${percent(Number(rate), rate === '0.001' ? 1 : 0)} FPR`;
    return {
      headline:
        `The strongest attack at ${fpr}, the lowest rate that ${found.nonMembers} non-members resolve, is '${best.name}': it finds ` +
        `${inWords(best)} of all members; the '${first!.name}' attack finds ${inWords(first!)}.${apart}`,
      lead:
        `The target and ${s.models} reference models (${s.model}, ${s.data}) are each trained on a random half of ${s.pool} rows, ` +
        "a coin for each, so that the data of the reference models overlap the target's: the attacker of Carlini et al. knows " +
        `the pool. ${found.members} members, ${found.nonMembers} non-members, ${s.views.count} queries a record. The target is right on ` +
        `${percent(model.train.accuracy.value ?? 0)} of its members and ${percent(model.out.accuracy.value ?? 0)} of the others.`,
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
        {
          title: `Against the '${first!.name}' attack`,
          text: [
            'Differences on the same records, in points, with 95 % intervals of the paired bootstrap: where one holds 0, no difference was seen. ' +
              'Several attacks are compared, so one such interval in twenty leaves 0 out by chance.',
          ],
          table: {
            columns: ['Attack', 'TPR at 0.1 % FPR', 'TPR at 1 %', 'TPR at 10 %', 'AUC'],
            rows: found.attacks.flatMap(({ name, better }) =>
              better
                ? [
                    [
                      name,
                      cell(better.tprAtFpr['0.001'], 2),
                      cell(better.tprAtFpr['0.01'], 2),
                      cell(better.tprAtFpr['0.1']),
                      cell(better.auc),
                    ],
                  ]
                : [],
            ),
          },
        },
      ],
    };
  },
});
