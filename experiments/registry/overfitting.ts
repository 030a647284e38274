/** Overfitting: a model gives away more about its training data the longer it trains, and the less data it has. */
import * as v from 'valibot';
import { allMembershipAttacks } from '../../attacks/index.ts';
import { modelNames } from '../../engine/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { optimizerNames } from '../recipe.ts';
import { type CurvePoint, defineExperiment, membership, type Results, spread, trainModel } from '../runner/index.ts';

const attackNames = allMembershipAttacks.map((attack) => attack.name);

const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** members of the models */
  trainSizes: v.optional(listOf(count), [100, 400]),
  /** non-members to compare with */
  outSize: v.optional(count, 400),
  epochs: v.optional(listOf(count), [1, 5, 20, 80]),
  /** each with a split and a model of its own */
  seeds: v.optional(listOf(seedField), [0, 1, 2]),
  /** the first is drawn */
  attacks: v.optional(listOf(v.picklist(attackNames)), ['modified-entropy', 'loss']),
  batchSize: v.optional(count, 32),
  optimizer: v.optional(v.picklist(optimizerNames), 'adam'),
  learningRate: v.optional(positive, 1e-3),
});
type Settings = v.InferOutput<typeof settings>;

interface Point {
  readonly size: number;
  readonly epochs: number;
}

const pointsOf = ({ trainSizes, epochs }: Settings): Point[] =>
  trainSizes.flatMap((size) => epochs.map((n) => ({ size, epochs: n })));

/** The model of a point, and the attacks on it. */
function jobsOf({ size, epochs }: Point, seed: number, s: Settings) {
  const split = { train: size, out: s.outSize, seed };
  const { batchSize, optimizer, learningRate } = s;
  const recipe = { epochs, batchSize, optimizer, learningRate, momentum: 0.9, weightDecay: 0 };
  const data = [{ data: s.data }];
  const where = `${size} rows, ${epochs} epochs, seed ${seed}`;
  const train = (part: 'target' | 'shadow') =>
    trainModel.job({ model: s.model, recipe, split, part, seed }, { name: `${part} of ${where}`, data });
  const model = train('target');
  const options = { name: `attacks on ${where}`, data, needs: [model, train('shadow')] };
  return { model, attacks: membership.job({ attacks: s.attacks, split, seed }, options) };
}

interface Found {
  /** accuracy on members minus accuracy on others */
  readonly gap: number;
  readonly accuracy: number;
  /** of each attack */
  readonly auc: readonly number[];
  readonly tpr: number | null;
}

/** What the seeds of a point gave, as far as they are done. */
function foundAt(results: Results, point: Point, s: Settings): Found[] {
  return s.seeds.flatMap((seed) => {
    const jobs = jobsOf(point, seed, s);
    const [model, attacked] = [results.of(jobs.model), results.of(jobs.attacks)];
    if (!model || !attacked) return [];
    const accuracy = model.out.accuracy.value ?? 0;
    return {
      gap: (model.train.accuracy.value ?? 0) - accuracy,
      accuracy,
      auc: attacked.attacks.map(({ auc }) => auc.value ?? 0.5),
      tpr: attacked.attacks[0]!.tprAtFpr['0.1']?.value ?? null,
    };
  });
}

export const overfitting = defineExperiment({
  name: 'overfitting',
  title: 'Overfitting and membership',
  about: 'membership attacks on models that overfit more and more: longer training, fewer rows',
  paper:
    'Yeom, Giacomelli, Fredrikson, Jha 2018, Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting, CSF',
  settings,
  profiles: {
    quick: { about: 'digits, a minute or two on a laptop', settings: {} },
    paper: {
      about: 'digits, five sizes, eight lengths of training and five seeds (the paper: other data and models)',
      settings: {
        trainSizes: [50, 100, 200, 400, 800],
        epochs: [1, 2, 5, 10, 20, 40, 80, 160],
        seeds: [0, 1, 2, 3, 4],
      },
    },
  },
  jobs: (s) => pointsOf(s).flatMap((point) => s.seeds.map((n) => jobsOf(point, n, s).attacks)),
  report(results, s) {
    const found = pointsOf(s).map((point) => ({ point, runs: foundAt(results, point, s) }));
    const done = found.filter(({ runs }) => runs.length > 0);
    const attack = allMembershipAttacks.find(({ name }) => name === s.attacks[0])!;
    const worst = done.reduce<{ auc: number; point: Point } | null>((best, { point, runs }) => {
      const auc = spread(runs.map((run) => run.auc[0]!)).mean;
      return best && best.auc >= auc ? best : { auc, point };
    }, null);
    const curves = s.trainSizes.map((size) => ({
      name: `${size} members`,
      points: done
        .filter(({ point }) => point.size === size)
        .map(({ point, runs }): CurvePoint => {
          const { mean, low, high } = spread(runs.map((run) => run.auc[0]!));
          return { x: point.epochs, y: mean, low, high };
        }),
    }));
    const over = (values: readonly number[], digits: (x: number) => string, unit = '') => {
      const { mean, low, high } = spread(values);
      const value = digits(mean) + unit;
      return values.length === 1 ? value : { value, interval: `[${digits(low)}, ${digits(high)}]` };
    };
    const share = (values: readonly number[]) => over(values, (x) => (100 * x).toFixed(1), ' %');
    const repeats =
      s.seeds.length === 1 ? 'Of one seed.' : `Means over ${s.seeds.length} seeds, with the lowest and the highest.`;
    return {
      headline: worst
        ? `An attacker ranks a member above a stranger in up to ${(100 * worst.auc).toFixed(1)} % of all pairs: after ${worst.point.epochs} epochs on ${worst.point.size} rows.`
        : 'Nothing has been measured yet.',
      lead:
        `${attack.title} on ${s.model} models of ${s.data}, each attacked with its own members and ${s.outSize} rows that it never saw. ` +
        'A model that answers better on its own rows than on others gives its members away.',
      sections: [
        {
          title: 'Leakage grows with training',
          text: [
            `AUC of ${attack.title}: the share of pairs of a member and a non-member that it puts in the right order. ` +
              'Bars: the lowest and the highest of the seeds.',
          ],
          figure: {
            title: `AUC of ${attack.title} against epochs`,
            x: { label: 'Epochs', scale: 'log' },
            y: { label: 'AUC', domain: [0.4, 1] },
            curves,
            levels: [{ y: 0.5, label: 'guessing' }],
          },
        },
        {
          title: 'All points',
          table: {
            caption: `${repeats} Gap: accuracy on members minus accuracy on others.`,
            columns: [
              'Members, epochs',
              'Accuracy on others',
              'Gap',
              ...s.attacks.map((name) => `AUC of ${name}`),
              'TPR at 10 % FPR',
            ],
            rows: done.map(({ point, runs }) => {
              const each = <T>(pick: (run: Found) => T) => runs.map(pick);
              const tprs = runs.flatMap(({ tpr }) => (tpr === null ? [] : [tpr]));
              const aucs = s.attacks.map((_, i) => each((run) => run.auc[i]!));
              return [
                `${point.size} rows, ${point.epochs} ${point.epochs === 1 ? 'epoch' : 'epochs'}`,
                share(each((run) => run.accuracy)),
                share(each((run) => run.gap)),
                ...aucs.map((auc) => over(auc, (x) => x.toFixed(3))),
                tprs.length > 0 ? share(tprs) : 'not resolved',
              ];
            }),
          },
        },
      ],
    };
  },
});
