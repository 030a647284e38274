/** Settings and jobs of the distillation experiment: models by temperature and seed, and what attacks each of them. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import { type AttackSettings, robustModel, robustnessEvaluation } from '../adversarial/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { type Job, type Results, recipeSchema } from '../runner/index.ts';

/** of one attack; the rest take their defaults */
const options = v.record(v.string(), v.number());

export const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** null: all training rows */
  train: v.optional(v.nullable(count), null),
  /** of undefended models, and of teachers and students */
  recipe: v.optional(recipeSchema, {
    epochs: 50,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  /** T; beside them an undefended model */
  temperatures: v.optional(listOf(v.pipe(v.number(), v.minValue(1, 'expected a number of at least 1'))), [20, 50, 100]),
  seeds: v.optional(listOf(seedField), [0, 1, 2]),
  /** L-infinity radius of all attacks inside a ball */
  epsilon: v.optional(positive, 0.15),
  /** test rows that are attacked inside the ball, from the first */
  attacked: v.optional(count, 200),
  pgd: v.optional(options, { steps: 40, restarts: 3 }),
  square: v.optional(options, { queries: 1000 }),
  apgdDlr: v.optional(options, { steps: 50 }),
  /** Carlini-Wagner looks for the nearest adversarial row: on how many rows, and within what L2 distances it is counted */
  carliniWagner: v.optional(v.strictObject({ attacked: count, within: listOf(positive), options }), {
    attacked: 100,
    within: [1, 8],
    options: {},
  }),
  /** the attack of Papernot et al., within so many changed numbers; null: left out */
  jsma: v.optional(v.nullable(v.strictObject({ attacked: count, within: count, options })), {
    attacked: 100,
    within: 9,
    options: { gamma: 0.145 },
  }),
});
export type Settings = v.InferOutput<typeof settings>;
export type Trained = ReturnType<typeof robustModel.parseResult>;
export type Attacked = ReturnType<typeof robustnessEvaluation.parseResult>;

/** How a model was trained: at a temperature, or undefended (null). */
export type Temperature = number | null;

export const temperaturesOf = ({ temperatures }: Settings): Temperature[] => [null, ...temperatures];
export const labelOf = (temperature: Temperature) => (temperature === null ? 'none' : `T = ${temperature}`);

const rowsOf = ({ train }: Settings) => ({ train, seed: 0 });

function modelJob(s: Settings, temperature: Temperature, n: number) {
  const defence = temperature === null ? null : { name: 'defensive-distillation' as const, options: { temperature } };
  return robustModel.job(
    { model: s.model, recipe: s.recipe, augmentation: null, defence, rows: rowsOf(s), seed: n },
    {
      name: `${temperature === null ? 'undefended' : `distilled at ${temperature}`}, seed ${n}`,
      data: [{ data: s.data }],
    },
  );
}

interface Attacking {
  readonly what: string;
  readonly norm: 'linf' | 'l2' | 'l0';
  readonly within: readonly number[];
  readonly attacked: number;
  readonly attacks: readonly AttackSettings[];
  readonly controls?: boolean;
}

function attackJob(s: Settings, trained: Job, { what, norm, within, attacked, attacks, controls = false }: Attacking) {
  return robustnessEvaluation.job(
    {
      rows: rowsOf(s),
      attacked,
      norm,
      epsilons: [...within],
      attacks: [...attacks],
      controls,
      inference: null,
      seed: 0,
    },
    { name: `${what} on ${trained.name}`, data: [{ data: s.data }], needs: [trained] },
  );
}

/** One model and all that attacks it. An evaluation has each attack once: those with two losses are two evaluations. */
export function jobsOf(s: Settings, temperature: Temperature, n: number) {
  const model = modelJob(s, temperature, n);
  const ball = { norm: 'linf', within: [s.epsilon], attacked: s.attacked } as const;
  const job = (attacking: Attacking) => attackJob(s, model, attacking);
  const { jsma, carliniWagner: cw } = s;
  const bySaliency = (what: string, probabilities: number) =>
    jsma &&
    job({
      what,
      norm: 'l0',
      within: [jsma.within],
      attacked: jsma.attacked,
      attacks: [{ name: 'jsma', options: { ...jsma.options, probabilities } }],
    });
  return {
    model,
    /** who knows nothing of distillation: attacks that climb the cross-entropy, one that only asks, and the checklist */
    naive: job({
      ...ball,
      what: 'cross-entropy attacks',
      attacks: [
        { name: 'fgsm', options: {} },
        { name: 'pgd', options: s.pgd },
        { name: 'square', options: s.square },
      ],
      controls: true,
    }),
    /** who climbs what softmax does not flatten */
    knowing: job({
      ...ball,
      what: 'attacks on logits',
      attacks: [
        { name: 'pgd', options: { ...s.pgd, margin: 1 } },
        { name: 'apgd-dlr', options: s.apgdDlr },
      ],
    }),
    nearest: job({
      what: 'Carlini-Wagner',
      norm: 'l2',
      within: cw.within,
      attacked: cw.attacked,
      attacks: [{ name: 'carlini-wagner', options: cw.options }],
    }),
    published: bySaliency('JSMA as published', 1),
    saliency: bySaliency('JSMA on logits', 0),
  };
}

/** What is known of one model; null: not yet. */
export interface Run {
  readonly seed: number;
  readonly model: Trained | null;
  readonly naive: Attacked | null;
  readonly knowing: Attacked | null;
  readonly nearest: Attacked | null;
  readonly published: Attacked | null;
  readonly saliency: Attacked | null;
}

export interface Found {
  readonly temperature: Temperature;
  readonly runs: readonly Run[];
}

export function found(results: Results, s: Settings): Found[] {
  return temperaturesOf(s).map((temperature) => ({
    temperature,
    runs: s.seeds.map((n): Run => {
      const jobs = jobsOf(s, temperature, n);
      const of = (job: ReturnType<typeof attackJob> | null) => job && results.of(job);
      return {
        seed: n,
        model: results.of(jobs.model),
        naive: of(jobs.naive),
        knowing: of(jobs.knowing),
        nearest: of(jobs.nearest),
        published: of(jobs.published),
        saliency: of(jobs.saliency),
      };
    }),
  }));
}
