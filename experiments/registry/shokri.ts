/** The experiment of Shokri et al.: how precisely an attacker with shadow models tells members, by the size of the training set. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import {
  attackKinds,
  attackModel,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  shokriAttack,
  type Which,
} from '../membership/index.ts';
import { type Cell, type Curve, defineExperiment, type Job, type Results, recipeSchema } from '../runner/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1, 'expected a whole number of at least 1'));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0'));
const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1, 'expected a list of at least one'));

const settings = v.strictObject({
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
  seed: v.optional(seed, 0),
});
type Settings = v.InferOutput<typeof settings>;
type Kind = (typeof attackKinds)[number];

/** Median per-class precision on CIFAR-10 in figure 4 of the paper. */
const PUBLISHED: Readonly<Record<number, number>> = { 2500: 0.78, 5000: 0.74, 10000: 0.72, 15000: 0.71 };

const modelJob = (s: Settings, size: number, which: Which) => {
  const name = `${which === 'target' ? 'target' : `shadow ${which + 1}`} of ${size} rows`;
  const { model, recipe } = s;
  const design = { kind: 'apart', train: size, seed: s.seed } as const;
  return membershipModel.job(
    { model, recipe, augmentation: null, defence: null, design, which, seed: s.seed },
    { name, data: [{ data: s.data }] },
  );
};

function jobsOf(s: Settings, size: number, attack: Kind) {
  const { classes, minRows, seed } = s;
  const design = { kind: 'apart', train: size, seed } as const;
  const data = [{ data: s.data }];
  const target = modelJob(s, size, 'target');
  const outputs = (which: Which): Job => {
    const needs = [which === 'target' ? target : modelJob(s, size, which)];
    const asked = { design, which, views: ONE_VIEW, population: 0 };
    return modelOutputs.job(asked, { name: `outputs of ${needs[0]!.name}`, data, needs });
  };
  const shadows = Array.from({ length: s.shadows }, (_, i) => outputs(i));
  const fit = (label: number | null) => {
    const name = `${attack}, ${label === null ? 'all classes' : `class ${label}`}, ${size} rows`;
    const options = s.options[attack] ?? {};
    return attackModel.job({ attack, options, label, classes, design, minRows, seed }, { name, data, needs: shadows });
  };
  const fits = [...Array.from({ length: classes }, (_, label) => fit(label)), fit(null)];
  const judged = shokriAttack.job(
    { attack, classes, design, seed },
    { name: `${attack} on ${size} rows`, data, needs: [outputs('target'), ...fits] },
  );
  return { target, fits, judged };
}

type Judged = NonNullable<ReturnType<typeof foundAt>>['judged'];

function foundAt(results: Results, s: Settings, size: number, attack: Kind) {
  const jobs = jobsOf(s, size, attack);
  const [target, judged] = [results.of(jobs.target), results.of(jobs.judged)];
  if (!target || !judged) return null;
  const chosen = jobs.fits.map((job) => results.of(job)?.chosen ?? {});
  return { size, attack, target, judged, chosen };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const of = (judged: Judged, what: 'precision' | 'recall') =>
  judged.perClass.flatMap((share) => (share[what].value === null ? [] : [share[what].value]));
const percent = (share: number | null) => (share === null ? 'none' : `${(100 * share).toFixed(1)} %`);
const withInterval = (share: { value: number | null; low: number; high: number } | null): Cell =>
  share === null || share.value === null
    ? 'not resolved'
    : { value: percent(share.value), interval: `[${percent(share.low)}, ${percent(share.high)}]` };
const overClasses = (values: readonly number[]): Cell =>
  values.length === 0
    ? 'none'
    : {
        value: percent(median(values)),
        interval: `[${percent(Math.min(...values))}, ${percent(Math.max(...values))}]`,
      };

export const shokri = defineExperiment({
  name: 'shokri',
  title: 'Membership inference with shadow models',
  about:
    'the shadow-model experiment of 2017: an attack model per class, four kinds of them, by the size of the training set',
  paper:
    'Shokri, Stronati, Song, Shmatikov 2017, Membership Inference Attacks Against Machine Learning Models, S&P, sections V to VII',
  settings,
  profiles: {
    quick: {},
    paper: {
      data: 'cifar10',
      model: 'cifar',
      sizes: [2500, 5000, 10_000, 15_000],
      shadows: 10,
      recipe: { epochs: 16, batchSize: 64, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
    },
  },
  jobs: (s) => s.sizes.flatMap((size) => s.attacks.map((attack) => jobsOf(s, size, attack).judged)),
  report(results, s) {
    const found = s.sizes.flatMap((size) => s.attacks.flatMap((attack) => foundAt(results, s, size, attack) ?? []));
    const first = found.find(({ attack }) => attack === s.attacks[0]);
    if (!first)
      return {
        headline: 'Nothing has been measured yet.',
        sections: [
          { title: 'What is missing', text: ['The attacks have not run: `keyhole run` goes on where it stopped.'] },
        ],
      };
    const curves = s.attacks.map(
      (attack): Curve => ({
        name: attack,
        points: found
          .filter((one) => one.attack === attack)
          .map(({ size, judged }) => {
            const values = of(judged, 'precision');
            return { x: String(size), y: median(values), low: Math.min(...values), high: Math.max(...values) };
          }),
      }),
    );
    const published = s.data === 'cifar10' ? s.sizes.filter((size) => PUBLISHED[size] !== undefined) : [];
    if (published.length > 0) {
      curves.push({
        name: 'Shokri et al. 2017',
        points: published.map((size) => ({ x: String(size), y: PUBLISHED[size]! })),
      });
    }
    const smallest = found.filter(({ size }) => size === first.size);
    return {
      headline:
        `With ${first.size} training records, a median of ${percent(median(of(first.judged, 'precision')))} of the records of a class ` +
        `that the ${first.attack} attack calls members are, and it finds a median of ${percent(median(of(first.judged, 'recall')))} of them.`,
      lead:
        `${s.model} models of ${s.data}: for each size a target and ${s.shadows} shadow models of as many rows, whose data are drawn from the rows that the ` +
        "target left over. An attack model per class learns from the shadow models' answers and judges the target's. Members and non-members are as many, so " +
        'guessing has a precision of 50 %.',
      sections: [
        {
          title: 'Precision by size',
          text: ['Median over the classes; bars: the lowest and the highest class.'],
          figure: {
            title: 'Precision of the attack against training records',
            x: { label: 'Training records', scale: 'point' },
            y: { label: 'Precision', domain: [0.4, 1], percent: true },
            curves,
            levels: [{ y: 0.5, label: 'guessing' }],
          },
        },
        {
          title: 'All sizes and attack models',
          table: {
            caption:
              'Per class: the median, with the lowest and the highest class. Otherwise with 95 % intervals over all records.',
            columns: [
              'Size, attack',
              'Train',
              'Test',
              'Precision per class',
              'Recall per class',
              'Precision',
              'Recall',
              'AUC',
              'TPR at 1 % FPR',
            ],
            rows: found.map(({ size, attack, target, judged }) => [
              `${size}, ${attack}`,
              percent(target.train.accuracy.value),
              percent(target.out.accuracy.value),
              overClasses(of(judged, 'precision')),
              overClasses(of(judged, 'recall')),
              withInterval(judged.precision),
              withInterval(judged.recall),
              withInterval(judged.auc),
              withInterval(judged.tprAtFpr['0.01']),
            ]),
          },
        },
        {
          title: `Each class, ${first.size} records`,
          table: {
            caption: 'With Clopper-Pearson 95 % intervals.',
            columns: ['Class', ...smallest.flatMap(({ attack }) => [`Precision, ${attack}`, `Recall, ${attack}`])],
            rows: first.judged.perClass.map(({ label }, at) => [
              String(label),
              ...smallest.flatMap(({ judged }) => [
                withInterval(judged.perClass[at]!.precision),
                withInterval(judged.perClass[at]!.recall),
              ]),
            ]),
          },
        },
      ],
    };
  },
});
