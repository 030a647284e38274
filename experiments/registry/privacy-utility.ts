/** Privacy against utility: what a budget costs in accuracy, and what it leaves to a membership attack. */
import * as v from 'valibot';
import { listOf, positive, seedField, whole } from '../fields.ts';
import { privateMembership, privateModel, privateRecipeSchema, shadowlessAttacks } from '../recipes/index.ts';
import { type Curve, type CurvePoint, defineExperiment, type Results, spread } from '../runner/index.ts';

const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  recipe: v.optional(privateRecipeSchema, {
    scattering: null,
    model: 'mlp',
    start: 'random',
    epochs: 30,
    batchSize: 256,
    learningRate: 1,
    momentum: 0.9,
    clip: 0.1,
  }),
  /** rows of which each is protected by a fair coin of its own */
  pool: v.optional(whole(300), 1400),
  /** null: without privacy */
  epsilons: v.optional(listOf(v.nullable(positive)), [0.5, 1, 2, 4, 8, null]),
  delta: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1, 'expected a number between 0 and 1')), 1e-5),
  /** each with coins, a model and an attack of its own */
  seeds: v.optional(listOf(seedField), [0, 1, 2]),
  attack: v.optional(v.picklist(shadowlessAttacks), 'loss'),
});
type Settings = v.InferOutput<typeof settings>;

function jobsOf(epsilon: number | null, n: number, s: Settings) {
  const { recipe, delta } = s;
  const sides = { pool: s.pool, seed: n };
  const where = `epsilon ${epsilon ?? 'none'}, seed ${n}`;
  const data = [{ data: s.data }];
  const model = privateModel.job({ recipe, sides, epsilon, delta, seed: n }, { name: `model, ${where}`, data });
  const options = { name: `attack, ${where}`, data, needs: [model] };
  return { model, attack: privateMembership.job({ recipe, sides, attack: s.attack, seed: n }, options) };
}

interface Run {
  readonly accuracy: number;
  readonly tpr: number;
  readonly auc: number;
  readonly ceiling: number;
  readonly fpr: number;
  readonly upper: number | null;
}

function runsAt(results: Results, epsilon: number | null, s: Settings): Run[] {
  return s.seeds.flatMap((n) => {
    const jobs = jobsOf(epsilon, n, s);
    const [model, attacked] = [results.of(jobs.model), results.of(jobs.attack)];
    if (!model || !attacked) return [];
    const { ceiling, fpr } = attacked;
    const upper = model.privacy?.upper ?? null;
    const [accuracy, tpr, auc] = [model.accuracy, attacked.tpr, attacked.auc].map(({ value }) => value ?? 0) as [
      number,
      number,
      number,
    ];
    return { accuracy, tpr, auc, ceiling, fpr, upper };
  });
}

const nameOf = (epsilon: number | null) => (epsilon === null ? 'none' : String(epsilon));
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export const privacyUtility = defineExperiment({
  name: 'privacy-utility',
  title: 'Privacy against utility',
  about: 'accuracy, and what membership attacks find, over budgets from 0.5 to none',
  paper:
    'Jayaraman, Evans 2019, Evaluating Differentially Private Machine Learning in Practice, USENIX Security; ' +
    'ceiling: Kairouz, Oh, Viswanath 2015, The Composition Theorem for Differential Privacy, ICML',
  settings,
  profiles: {
    quick: { about: 'digits, a minute or two on a laptop', settings: {} },
    paper: {
      about: 'Fashion-MNIST, 10,000 rows, a linear model on scattering features (the paper: other data and models)',
      settings: {
        data: 'fashion-mnist',
        recipe: {
          scattering: { pixels: 'unit', groups: 27, momentsNoise: null },
          model: 'softmax',
          start: 'zeros',
          epochs: 40,
          batchSize: 1024,
          learningRate: 2,
          momentum: 0.9,
          clip: 0.1,
        },
        pool: 10_000,
      },
    },
  },
  jobs: (s) => s.epsilons.flatMap((epsilon) => s.seeds.map((n) => jobsOf(epsilon, n, s).attack)),
  report(results, s) {
    const points = s.epsilons.map((epsilon) => ({ epsilon, runs: runsAt(results, epsilon, s) }));
    const done = points.filter(({ runs }) => runs.length > 0);
    const fpr = done[0]?.runs[0]?.fpr ?? 0.1;
    const curve = (name: string, of: (run: Run) => number): Curve => ({
      name,
      points: done.map(({ epsilon, runs }): CurvePoint => {
        const { mean, low, high } = spread(runs.map(of));
        return { x: nameOf(epsilon), y: mean, low, high };
      }),
    });
    const above = done.flatMap(({ runs }) => runs).filter(({ tpr, ceiling }) => tpr > ceiling).length;
    const cell = (values: readonly number[]) => {
      const { mean, low, high } = spread(values);
      return { value: percent(mean), interval: `[${percent(low)}, ${percent(high)}]` };
    };
    const at = `at ${percent(fpr)} FPR`;
    return {
      headline: headlineOf(done),
      lead:
        `Of ${s.pool} rows of ${s.data} each is protected by a fair coin of its own. Models are trained on those that are, with budgets at delta ` +
        `${s.delta} (add or remove one record, PLD accounting), and attacked with the '${s.attack}' attack: which rows were they? ` +
        'Fair coins are the neighbouring relation of the budget, so the ceiling holds for this attack as for any other.',
      sections: [
        {
          title: 'Accuracy, attack and ceiling',
          text: [
            `TPR ${at}, the lowest false-positive rate that the rows which are not protected resolve. Bars: the lowest and the highest of the seeds.` +
              (above > 0
                ? ` In ${above} runs the measured TPR is above the ceiling: see its interval in the records before trusting either.`
                : ''),
          ],
          figure: {
            title: 'Accuracy and membership against epsilon',
            x: { label: 'Epsilon', scale: 'point' },
            y: { label: 'Share', domain: [0, 1], percent: true },
            curves: [
              curve('test accuracy', (run) => run.accuracy),
              curve(`ceiling on TPR ${at}`, (run) => run.ceiling),
              curve(`TPR ${at}`, (run) => run.tpr),
            ],
            levels: [{ y: fpr, label: 'guessing' }],
          },
        },
        {
          title: 'All budgets',
          table: {
            caption: `Means over ${s.seeds.length} seeds, with the lowest and the highest.`,
            columns: ['Epsilon', 'Proved', 'Accuracy', `TPR ${at}`, 'Ceiling', 'AUC'],
            rows: done.map(({ epsilon, runs }) => [
              nameOf(epsilon),
              epsilon === null ? 'nothing' : Math.max(...runs.map(({ upper }) => upper ?? Infinity)).toFixed(3),
              cell(runs.map((run) => run.accuracy)),
              cell(runs.map((run) => run.tpr)),
              percent(spread(runs.map((run) => run.ceiling)).mean),
              cell(runs.map((run) => run.auc)),
            ]),
          },
        },
      ],
    };
  },
});

function headlineOf(done: readonly { readonly epsilon: number | null; readonly runs: readonly Run[] }[]): string {
  const [first, last] = [done[0], done.at(-1)];
  if (!first || !last) return 'Nothing has been measured yet.';
  const words = ({ epsilon, runs }: typeof first) => {
    const budget = epsilon === null ? 'Without privacy' : `With epsilon ${epsilon}`;
    const [accuracy, tpr] = [spread(runs.map((run) => run.accuracy)).mean, spread(runs.map((run) => run.tpr)).mean];
    return `${budget} the model is right in ${percent(accuracy)} of all cases, and ${percent(tpr)} of its members are found`;
  };
  return first === last ? `${words(first)}.` : `${words(first)}. ${words(last)}.`;
}
