/** Randomised smoothing: what it certifies, and whether an attack that knows of it breaks a certificate. */
import * as v from 'valibot';
import { clopperPearson } from '../../attacks/index.ts';
import { certifiedRadius } from '../../defenses/index.ts';
import { modelNames } from '../../engine/index.ts';
import {
  type CheckFound,
  certificateCheck,
  certificates,
  robustModel,
  type SmoothingSettings,
  searchSchema,
} from '../adversarial/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { augmentationSchema } from '../membership/index.ts';
import {
  type Cell,
  type Curves,
  defineExperiment,
  type Report,
  type Results,
  recipeSchema,
  type Table,
} from '../runner/index.ts';
import { inWords, percent, withInterval } from './shares.ts';

const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** null: all training rows */
  train: v.optional(v.nullable(count), null),
  recipe: v.optional(recipeSchema, {
    epochs: 40,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  augmentation: v.optional(v.nullable(augmentationSchema), null),
  /** noise that models are trained with and smoothed by; beside them, at the middle one, a model trained without */
  sigmas: v.optional(listOf(positive), [0.12, 0.25, 0.5]),
  /** test rows that are certified, from the first */
  certified: v.optional(count, 200),
  n0: v.optional(count, 100),
  n: v.optional(count, 1000),
  alpha: v.optional(v.pipe(positive, v.ltValue(0.5, 'expected a probability below 0.5')), 1e-5),
  /** L2, of the table; the figure has more */
  radii: v.optional(listOf(v.pipe(v.number(), v.minValue(0))), [0, 0.12, 0.25, 0.5, 0.75, 1]),
  /** the attack on certificates */
  search: v.optional(searchSchema, { draws: 32, steps: 20, restarts: 2 }),
  /** the same attack beyond the certified radius: how many radii, and at how many rows */
  control: v.optional(
    v.strictObject({ share: v.pipe(v.number(), v.gtValue(1, 'expected more than 1')), rows: count }),
    { share: 3, rows: 100 },
  ),
  seed: v.optional(seedField, 0),
});
type Settings = v.InferOutput<typeof settings>;
type Trained = ReturnType<typeof robustModel.parseResult>;
type Certified = ReturnType<typeof certificates.parseResult>;
type Checked = ReturnType<typeof certificateCheck.parseResult>;

const POINTS = 40;

/** Points of the figure: from 0 to the largest radius that the largest sigma can certify. */
function pointsOf({ sigmas, n, alpha }: Settings): number[] {
  const reach = certifiedRadius({ hits: n, n, alpha, sigma: Math.max(...sigmas) }) ?? 0;
  return Array.from({ length: POINTS + 1 }, (_, i) => Number(((reach * i) / POINTS).toFixed(4)));
}

const radiiOf = (s: Settings) => [...new Set([...s.radii, ...pointsOf(s)])].sort((a, b) => a - b);

/** A base model, and the noise that it is smoothed by. */
interface Base {
  readonly label: string;
  readonly sigma: number;
  readonly noisy: boolean;
}

const sorted = (sigmas: readonly number[]) => [...sigmas].sort((a, b) => a - b);
const middleOf = ({ sigmas }: Settings) => sorted(sigmas)[(sigmas.length - 1) >> 1]!;

function basesOf(s: Settings): Base[] {
  const middle = middleOf(s);
  return [
    ...sorted(s.sigmas).map((sigma) => ({ label: `noise ${sigma}`, sigma, noisy: true })),
    { label: `undefended, ${middle}`, sigma: middle, noisy: false },
  ];
}

function jobsOf(s: Settings, { label, sigma, noisy }: Base) {
  const { model, recipe, augmentation, certified, n0, n, alpha, search, control, seed } = s;
  const rows = { train: s.train, seed: 0 };
  const data = [{ data: s.data }];
  const smoothing: SmoothingSettings = { sigma, n0, n, alpha };
  const defence = noisy ? { name: 'gaussian-augmentation', options: { sigma } } : null;
  const trained = robustModel.job(
    { model, recipe, augmentation, defence, rows, seed },
    { name: noisy ? `model trained with noise ${sigma}` : 'model trained without noise', data },
  );
  const made = certificates.job(
    { rows, certified, smoothing, radii: radiiOf(s), seed },
    { name: `certificates, ${label}`, data, needs: [trained] },
  );
  const checked = certificateCheck.job(
    { rows, certified, smoothing, search, control, seed },
    { name: `attack on certificates, ${label}`, data, needs: [trained, made] },
  );
  return { trained, made, checked };
}

interface Found {
  readonly base: Base;
  readonly trained: Trained | null;
  readonly made: Certified | null;
  readonly checked: Checked | null;
}

const found = (results: Results, s: Settings): Found[] =>
  basesOf(s).map((base) => {
    const { trained, made, checked } = jobsOf(s, base);
    return { base, trained: results.of(trained), made: results.of(made), checked: results.of(checked) };
  });

const accuracyAt = ({ curve }: Certified, radius: number) =>
  curve.find((point) => point.radius === radius)?.accuracy ?? null;

/** Of the table's radii, the one next to the middle sigma. */
const radiusInWords = (s: Settings) =>
  [...s.radii].sort((a, b) => Math.abs(a - middleOf(s)) - Math.abs(b - middleOf(s)) || a - b)[0]!;

interface Totals {
  readonly rows: number;
  readonly changed: number;
}

const totalsOf = (parts: readonly (CheckFound | null | undefined)[]): Totals =>
  parts.reduce<Totals>(
    (sum, part) => ({ rows: sum.rows + (part?.rows ?? 0), changed: sum.changed + (part?.changed ?? 0) }),
    {
      rows: 0,
      changed: 0,
    },
  );

function headline(all: readonly Found[], s: Settings): string {
  const middle = middleOf(s);
  const [noisy, plain] = [true, false].map(
    (is) => all.find(({ base }) => base.noisy === is && base.sigma === middle)?.made ?? null,
  );
  const radius = radiusInWords(s);
  const accuracy = noisy
    ? `Smoothed by noise of ${middle}, ${inWords(accuracyAt(noisy, radius))} of ${noisy.rows} rows are certified right within an L2 radius of ${radius}` +
      `${plain ? `, ${inWords(accuracyAt(plain, radius))} when the model was trained without noise` : ''}. `
    : '';
  return `${accuracy}${checkInWords(all, s)}`.trim() || 'Nothing has been measured yet.';
}

function checkInWords(all: readonly Found[], s: Settings): string {
  const [inside, beyond] = [
    totalsOf(all.map(({ checked }) => checked?.inside)),
    totalsOf(all.map(({ checked }) => checked?.beyond)),
  ];
  if (inside.rows === 0) return '';
  const control = `the same attack within ${s.control.share} radii changes the class of ${beyond.changed} of ${beyond.rows}`;
  const shown = beyond.changed > 0 ? '' : ', so that the attack has not been shown to find anything';
  if (inside.changed === 0) {
    return `PGD inside the radius violates none of ${inside.rows} certificates (alpha ${s.alpha}); ${control}${shown}.`;
  }
  return `PGD inside the radius violates ${inside.changed} of ${inside.rows} certificates (alpha ${s.alpha}), where ${expectedIn(inside.rows, s)} are expected at most: the certificates do not hold; ${control}${shown}.`;
}

/** At most alpha of the certificates are wrong, and of the points certified wrongly. */
const expectedIn = (rows: number, { alpha }: Settings) => Number((2 * alpha * rows).toPrecision(2)).toString();

function figure(all: readonly Found[], s: Settings): Curves {
  const shown = new Set(pointsOf(s));
  return {
    title: 'Rows certified right',
    x: { label: 'L2 radius' },
    y: { label: 'Certified accuracy', percent: true, domain: [0, 1] },
    curves: all.flatMap(({ base: { label }, made }) => {
      if (!made) return [];
      const curve = made.curve.filter(({ radius }) => shown.has(radius));
      // where nothing is certified any more, a curve has ended
      const end = curve.findIndex(({ accuracy }) => accuracy.value === 0);
      const points = (end < 0 ? curve : curve.slice(0, end + 1)).map(({ radius, accuracy }) => ({
        x: radius,
        y: accuracy.value ?? 0,
        low: accuracy.low,
        high: accuracy.high,
      }));
      return [{ name: label, points }];
    }),
  };
}

function accuracyTable(all: readonly Found[], s: Settings): Table {
  return {
    caption: `The first ${s.certified} test rows, with 95 % intervals. Base: right without noise. Abstained: counts as wrong.`,
    columns: ['Model', 'Base', 'Abstained', ...s.radii.map((radius) => `Within ${radius}`), 'Average'],
    rows: all.map(({ base, made }) =>
      made
        ? [
            base.label,
            withInterval(made.base),
            `${made.abstained} of ${made.rows}`,
            ...s.radii.map((radius): Cell => withInterval(accuracyAt(made, radius))),
            made.averageRadius.toFixed(3),
          ]
        : [base.label, 'not yet', '', ...s.radii.map(() => ''), ''],
    ),
  };
}

function checkTable(all: readonly Found[]): Table {
  const rowOf = (label: string, where: string, part: CheckFound) => {
    const { rows, changed, outvoted, abstained, distance } = part;
    const share = clopperPearson({ hits: changed, n: rows });
    const interval = share.value === null ? '' : `[${percent(share.low)}, ${percent(share.high)}]`;
    return [
      `${label}: ${where}`,
      String(rows),
      { value: String(changed), interval },
      String(outvoted),
      String(abstained),
      distance === null ? '' : distance.toFixed(3),
    ];
  };
  return {
    caption:
      'Changed: the point is certified as another class than its row; inside the radius, a violation. Outvoted: most votes are for another class, certified or not. ' +
      'Distance: from row to point, in certified radii, the mean.',
    columns: ['Model and search', 'Certified rows', 'Changed', 'Outvoted', 'Abstained at the point', 'Distance'],
    rows: all.flatMap(({ base: { label }, checked }) =>
      checked
        ? [
            rowOf(label, 'inside the radius', checked.inside),
            ...(checked.beyond ? [rowOf(label, `within ${checked.beyond.share} radii`, checked.beyond)] : []),
          ]
        : [[label, 'not yet', '', '', '', '']],
    ),
  };
}

function checkText(all: readonly Found[], s: Settings): string[] {
  const inside = totalsOf(all.map(({ checked }) => checked?.inside));
  const { draws, steps, restarts } = s.search;
  return [
    `The attack knows of the noise: PGD on the margin of mean probabilities over ${draws} noisy copies (Salman et al. 2019), ${steps} steps, ${restarts} random starts. ` +
      'It may leave the bounds of pixels, since a certificate is about the whole ball. What it finds is certified again with fresh noise.',
    `A certificate is wrong with a probability of at most alpha, ${s.alpha}, and so is a certificate of the point: of ${inside.rows} attacked, at most ` +
      `${expectedIn(inside.rows, s)} are expected to look violated if all is right. An attack that finds nothing proves nothing: the proof is the theorem; this would show an error in the ` +
      'code. That it could is what the search beyond the radius shows, where nothing is promised.',
  ];
}

function settingsTable(all: readonly Found[]): Table {
  return {
    columns: [
      'Model',
      'Right on training rows',
      'Right on test rows',
      'Steps',
      'Largest radius possible',
      'Median radius',
    ],
    rows: all.map(({ base, trained, made }) => {
      if (!trained) return [base.label, 'not yet', '', '', '', ''];
      const largest = made && certifiedRadius({ hits: made.smoothing.n, ...made.smoothing });
      return [
        base.label,
        percent(trained.train.accuracy.value),
        percent(trained.test.accuracy.value),
        String(trained.steps),
        largest?.toFixed(3) ?? 'none',
        made?.medianRadius?.toFixed(3) ?? 'none',
      ];
    }),
  };
}

function report(results: Results, s: Settings): Report {
  const all = found(results, s);
  return {
    headline: headline(all, s),
    lead:
      `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}, trained with normal noise of the sigma that it is smoothed by. ` +
      `A class is chosen by ${s.n0} noisy copies and certified by ${s.n} others at alpha ${s.alpha}. Nothing was chosen on the certified rows.`,
    sections: [
      {
        title: 'Certified accuracy',
        text: [
          `Noise: the sigma that a model is trained with and smoothed by. Undefended: trained without, and smoothed by ${middleOf(s)}. Average: the mean radius over all rows, 0 where the certificate is of a wrong class or there is none.`,
        ],
        figure: figure(all, s),
        table: accuracyTable(all, s),
      },
      { title: 'Certificates under attack', text: checkText(all, s), table: checkTable(all) },
      {
        title: 'Base models',
        text: [
          `With ${s.n} copies that all agree, a radius ends at sigma times a number that n and alpha set: curves fall to 0 there, whatever the model.`,
        ],
        table: settingsTable(all),
      },
    ],
  };
}

export const smoothing = defineExperiment({
  name: 'smoothing',
  title: 'Randomised smoothing',
  about: 'certified accuracy of smoothed models at several noise levels, and PGD inside the certified radius',
  paper:
    'Cohen, Rosenfeld, Kolter 2019, Certified Adversarial Robustness via Randomized Smoothing, ICML; attack: Salman et al. 2019, Provably Robust Deep Learning via Adversarially Trained Smoothed Classifiers, NeurIPS',
  settings,
  profiles: {
    quick: { about: 'digits, a small network, a minute or two on a laptop', settings: {} },
    paper: {
      about:
        'MNIST, a small convolutional network, the first 500 test images, 1,000 copies at alpha 1e-5 (Cohen et al.: CIFAR-10 and ImageNet, 100,000 copies at alpha 0.001)',
      settings: {
        data: 'mnist',
        model: 'mnist-strided',
        recipe: { epochs: 10, batchSize: 100, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
        sigmas: [0.25, 0.5, 1],
        certified: 500,
        radii: [0, 0.25, 0.5, 1, 1.5, 2],
      },
    },
    cifar: {
      about:
        'CIFAR-10, a network of two convolutions, the first 100 test images at one noise (Cohen et al.: a residual network of 110 layers)',
      settings: {
        data: 'cifar10',
        model: 'cifar',
        recipe: { epochs: 10, batchSize: 64, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
        augmentation: { flip: true, shift: 2 },
        sigmas: [0.25],
        certified: 100,
        search: { draws: 32, steps: 20, restarts: 1 },
        control: { share: 3, rows: 50 },
      },
    },
  },
  jobs: (s) => basesOf(s).map((base) => jobsOf(s, base).checked),
  report,
});
