/** Adversarial training against none: what is right on unchanged rows and under attack, over seeds, and along a security curve. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import { type AttackSettings, attackSchema, robustModel, robustnessEvaluation } from '../adversarial/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { augmentationSchema, defenceSchema } from '../membership/index.ts';
import {
  type Cell,
  type Curves,
  defineExperiment,
  type Job,
  type Results,
  recipeSchema,
  type Table,
} from '../runner/index.ts';
import { inWords, median, overSeeds, percent, type Share, sizeText, withInterval } from './shares.ts';

const treatmentSchema = v.strictObject({
  ...defenceSchema.entries,
  /** as tables call it; default its name */
  label: v.exactOptional(v.string()),
  /** default: that of the experiment */
  recipe: v.exactOptional(recipeSchema),
});

const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** null: all training rows */
  train: v.optional(v.nullable(count), null),
  recipe: v.optional(recipeSchema, {
    epochs: 30,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  augmentation: v.optional(v.nullable(augmentationSchema), null),
  /** L-infinity radius that models are trained for and attacked in; a defence's own option `epsilon` goes before */
  epsilon: v.optional(positive, 0.15),
  /** beside no defence */
  defences: v.optional(listOf(treatmentSchema), [
    { name: 'adversarial-fgsm', options: {} },
    { name: 'adversarial-pgd', options: {} },
    { name: 'trades', options: {} },
  ]),
  seeds: v.optional(listOf(seedField), [0, 1, 2]),
  /** test rows that are attacked, from the first */
  attacked: v.optional(count, 200),
  /** the first is the one that models are judged by */
  attacks: v.optional(listOf(attackSchema), [
    { name: 'pgd', options: { steps: 50, restarts: 10 } },
    { name: 'fgsm', options: {} },
  ]),
  /** several radii, on the model of the first seed, with the checklist; null: none */
  curve: v.optional(
    v.nullable(v.strictObject({ epsilons: listOf(positive), attacked: count, attacks: listOf(attackSchema) })),
    {
      epsilons: [0.05, 0.1, 0.15, 0.2, 0.3],
      attacked: 200,
      attacks: [
        { name: 'fgsm', options: {} },
        { name: 'pgd', options: { steps: 20, restarts: 3 } },
        { name: 'apgd-dlr', options: {} },
        { name: 'square', options: { queries: 1000 } },
      ],
    },
  ),
});
type Settings = v.InferOutput<typeof settings>;
type Trained = ReturnType<typeof robustModel.parseResult>;
type Attacked = ReturnType<typeof robustnessEvaluation.parseResult>;

interface Treatment {
  readonly label: string;
  readonly defence: v.InferOutput<typeof defenceSchema> | null;
  readonly recipe: Settings['recipe'];
}

function treatmentsOf({ defences, epsilon, recipe }: Settings): Treatment[] {
  return [
    { label: 'none', defence: null, recipe },
    ...defences.map(({ name, options, label = name, recipe: own = recipe }) => ({
      label,
      defence: { name, options: { epsilon, ...options } },
      recipe: own,
    })),
  ];
}

function modelJob(s: Settings, { label, defence, recipe }: Treatment, seed: number) {
  const { model, augmentation } = s;
  const name = `${label === 'none' ? 'undefended' : label} model, seed ${seed}`;
  return robustModel.job(
    { model, recipe, augmentation, defence, rows: rowsOf(s), seed },
    { name, data: [{ data: s.data }] },
  );
}

const rowsOf = ({ train }: Settings) => ({ train, seed: 0 });

interface Attacking {
  readonly epsilons: readonly number[];
  readonly attacked: number;
  readonly attacks: readonly AttackSettings[];
  readonly controls: boolean;
}

function attackJob(s: Settings, trained: Job, { epsilons, attacked, attacks, controls }: Attacking) {
  return robustnessEvaluation.job(
    {
      rows: rowsOf(s),
      attacked,
      norm: 'linf',
      epsilons: [...epsilons],
      attacks: [...attacks],
      controls,
      inference: null,
      seed: 0,
    },
    {
      name: `attacks on ${trained.name}${controls ? ' at several radii' : ''}`,
      data: [{ data: s.data }],
      needs: [trained],
    },
  );
}

/** Of one treatment: each seed's model and the attacks on it, and the curve of the first. */
function jobsOf(s: Settings, treatment: Treatment) {
  const runs = s.seeds.map((n) => {
    const model = modelJob(s, treatment, n);
    const { epsilon, attacked, attacks } = s;
    return { model, attacked: attackJob(s, model, { epsilons: [epsilon], attacked, attacks, controls: false }) };
  });
  return { runs, curve: s.curve && attackJob(s, runs[0]!.model, { ...s.curve, controls: true }) };
}

interface Found {
  readonly treatment: Treatment;
  readonly runs: readonly { readonly model: Trained; readonly attacked: Attacked }[];
  readonly curve: Attacked | null;
}

function found(results: Results, s: Settings): Found[] {
  return treatmentsOf(s).map((treatment) => {
    const { runs, curve } = jobsOf(s, treatment);
    return {
      treatment,
      runs: runs.flatMap((jobs) => {
        const [model, attacked] = [results.of(jobs.model), results.of(jobs.attacked)];
        return model && attacked ? [{ model, attacked }] : [];
      }),
      curve: curve && results.of(curve),
    };
  });
}

type Run = Found['runs'][number];
const natural = ({ model }: Run) => model.test.accuracy;
const under = (name: string) => (run: Run) =>
  run.attacked.attacks.find((attack) => attack.name === name)!.curve[0]!.robust;

const middle = (runs: readonly Run[], of: (run: Run) => { readonly value: number | null }) =>
  percent(median(runs.map((run) => of(run).value ?? 0)));

const judgeOf = ({ attacks: [first] }: Settings) => first!.name;

function extremes(runs: readonly Run[], of: (run: Run) => Share): string {
  const values = runs.map((run) => of(run).value ?? 0);
  return `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
}

function headline(all: readonly Found[], s: Settings): string {
  const done = all.filter(({ runs }) => runs.length > 0);
  if (done.length === 0) return 'Nothing has been measured yet.';
  const of = under(judgeOf(s));
  const each = done.map(({ treatment, runs }) => {
    const left = runs.length === 1 ? inWords(of(runs[0]!)) : `${middle(runs, of)} (${extremes(runs, of)})`;
    return `${left} ${treatment.defence ? `by ${treatment.label}` : 'undefended'}`;
  });
  const over = done.some(({ runs }) => runs.length > 1) ? ' (median over seeds, and the least and greatest)' : '';
  return `Right under ${judgeOf(s)} at ${sizeText(s.epsilon)}${over}: ${each.join(', ')}.`;
}

const attackWords = ({ name, options }: AttackSettings) =>
  [name, ...Object.entries(options).map(([option, value]) => `${option} ${value}`)].join(', ');

function table(all: readonly Found[], s: Settings): Table {
  const [one] = all.flatMap(({ runs }) => runs);
  return {
    caption: `Right on all ${one ? `${one.model.test.accuracy.n} ` : ''}unchanged test rows, and on the first ${s.attacked} under each attack. Medians over seeds with each seed under them; of one seed, the 95 % interval.`,
    columns: ['Training', 'Unchanged', ...s.attacks.map(({ name }) => `Under ${name}`), 'Seeds'],
    rows: all.map(({ treatment, runs }) => [
      treatment.label,
      overSeeds(runs.map(natural)),
      ...s.attacks.map(({ name }) => overSeeds(runs.map(under(name)))),
      `${runs.length} of ${s.seeds.length}`,
    ]),
  };
}

function securityCurve(all: readonly Found[]): Curves {
  return {
    title: 'Rows right under the worst of the attacks',
    x: { label: 'Radius of the ball (L-infinity)' },
    y: { label: 'Right', percent: true, domain: [0, 1] },
    curves: all.flatMap(({ treatment: { label }, curve }) =>
      curve
        ? [
            {
              name: label,
              points: [{ epsilon: 0, robust: curve.clean }, ...curve.worst].map(({ epsilon, robust }) => ({
                x: epsilon,
                y: robust.value ?? 0,
                low: robust.low,
                high: robust.high,
              })),
            },
          ]
        : [],
    ),
  };
}

function curveTable(all: readonly Found[], curve: NonNullable<Settings['curve']>): Table {
  return {
    caption: `The first ${curve.attacked} test rows, model of the first seed, with 95 % intervals: right under the worst of the attacks, row by row.`,
    columns: ['Training', ...curve.epsilons.map(sizeText)],
    rows: all.map(({ treatment, curve: measured }) => [
      treatment.label,
      ...curve.epsilons.map((epsilon): Cell => {
        const point = measured?.worst.find((one) => one.epsilon === epsilon);
        return point ? withInterval(point.robust) : 'not yet';
      }),
    ]),
  };
}

/** What the checklist says of each: the level, and the flags with their evidence. */
function checklist(all: readonly Found[]): string[] {
  return all.flatMap(({ treatment, curve }) => {
    if (!curve) return [];
    const raised = curve.flags.filter(({ flag }) => flag === true).map(({ name, evidence }) => `${name}: ${evidence}`);
    const asked = curve.flags.filter(({ flag }) => flag !== null).length;
    const flags = raised.length === 0 ? 'No flags.' : `Flags: ${raised.join(' ')}`;
    return [
      `${treatment.label}: gradient masking ${curve.masking ?? 'not asked'} (${asked} checks of ${curve.flags.length}). ${flags}`,
    ];
  });
}

const wong = {
  recipe: { epochs: 10, batchSize: 100, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
} as const;

const imageCurve = (epsilons: readonly number[]): NonNullable<Settings['curve']> => ({
  epsilons: [...epsilons],
  attacked: 500,
  attacks: [
    { name: 'fgsm', options: {} },
    { name: 'pgd', options: { steps: 50, restarts: 3 } },
    { name: 'apgd-dlr', options: {} },
    { name: 'square', options: { queries: 1000 } },
  ],
});

/** of 255 steps of a stored pixel */
const steps = (n: number) => n / 255;

export const adversarialTraining = defineExperiment({
  name: 'adversarial-training',
  title: 'Adversarial training',
  about:
    'models trained against attacks and models that are not, on unchanged rows and under attack, with security curves',
  paper:
    'Wong, Rice, Kolter 2020, Fast is better than free: Revisiting adversarial training, ICLR; Madry et al. 2018, ICLR; Zhang et al. 2019 (TRADES), ICML',
  settings,
  profiles: {
    quick: { about: 'digits, a small network, a minute or two on a laptop', settings: {} },
    paper: {
      about:
        'MNIST at 0.3, the network and the single-step recipe of Wong et al. (section 5.1: 10 epochs, PGD-50 with 10 restarts), five seeds; PGD training of 7 steps by the same schedule, its radius rising over 3 epochs (Madry et al.: 40 steps)',
      settings: {
        data: 'mnist',
        model: 'mnist-strided',
        ...wong,
        epsilon: 0.3,
        defences: [
          { name: 'adversarial-fgsm', options: {} },
          { name: 'adversarial-pgd', options: { steps: 7, warmup: 0.3, peak: 0.005 } },
        ],
        seeds: [0, 1, 2, 3, 4],
        attacked: 1000,
        attacks: [
          { name: 'pgd', options: { steps: 50, restarts: 10, step: 1 / 30 } },
          { name: 'fgsm', options: {} },
        ],
        curve: imageCurve([0.05, 0.1, 0.2, 0.3, 0.4]),
      },
    },
    fashion: {
      about: 'Fashion-MNIST at 0.1, the network and the single-step recipe of Wong et al. for MNIST, three seeds',
      settings: {
        data: 'fashion-mnist',
        model: 'mnist-strided',
        ...wong,
        epsilon: 0.1,
        defences: [{ name: 'adversarial-fgsm', options: {} }],
        seeds: [0, 1, 2],
        attacked: 1000,
        attacks: [
          { name: 'pgd', options: { steps: 50, restarts: 10 } },
          { name: 'fgsm', options: {} },
        ],
        curve: imageCurve([0.02, 0.05, 0.1, 0.15, 0.2]),
      },
    },
    cifar: {
      about:
        'CIFAR-10 at 8/255, a network of two convolutions, 10 epochs of single steps by Adam at 1e-3 with flips and shifts, one seed (Wong et al.: a residual network of 18 layers)',
      settings: {
        data: 'cifar10',
        model: 'cifar',
        recipe: { epochs: 10, batchSize: 64, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
        augmentation: { flip: true, shift: 2 },
        epsilon: steps(8),
        defences: [{ name: 'adversarial-fgsm', options: { peak: 0 } }],
        seeds: [0],
        attacked: 1000,
        attacks: [
          { name: 'pgd', options: { steps: 20, restarts: 2 } },
          { name: 'fgsm', options: {} },
        ],
        curve: {
          epsilons: [1, 2, 4, 8, 16].map(steps),
          attacked: 300,
          attacks: [
            { name: 'fgsm', options: {} },
            { name: 'pgd', options: { steps: 20, restarts: 2 } },
            { name: 'apgd-dlr', options: { steps: 50 } },
            { name: 'square', options: { queries: 500 } },
          ],
        },
      },
    },
  },
  jobs: (s) =>
    treatmentsOf(s).flatMap((treatment) => {
      const { runs, curve } = jobsOf(s, treatment);
      return [...runs.map(({ attacked }) => attacked), ...(curve ? [curve] : [])];
    }),
  report(results, s) {
    const all = found(results, s);
    return {
      headline: headline(all, s),
      lead:
        `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}, L-infinity radius ${sizeText(s.epsilon)}. ` +
        `Attacks know the model (white box): ${s.attacks.map(attackWords).join('; ')}. ` +
        'Nothing was chosen on the attacked rows: settings are those of the papers, or defaults.',
      sections: [
        { title: 'Unchanged and attacked', table: table(all, s) },
        ...(s.curve
          ? [
              { title: 'Security curve', figure: securityCurve(all), table: curveTable(all, s.curve) },
              {
                title: 'Whether to believe it',
                text: [
                  'The checklist of Carlini et al. 2019 on the runs of the curve, model of the first seed.',
                  ...checklist(all),
                ],
              },
            ]
          : []),
      ],
    };
  },
});
