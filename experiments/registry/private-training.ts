/** Private training by published recipes: what accuracy a budget buys. */
import * as v from 'valibot';
import { listOf, seedField } from '../fields.ts';
import { privateModel, publishedRecipes, type RecipeName, recipeNames } from '../recipes/index.ts';
import { defineExperiment, type Results, spread } from '../runner/index.ts';

const settings = v.strictObject({
  recipes: v.optional(listOf(v.picklist(recipeNames)), recipeNames),
  /** each with initial weights of its own; noise and samples are fresh in every run */
  seeds: v.optional(listOf(seedField), [0, 1, 2]),
  delta: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1, 'expected a number between 0 and 1')), 1e-5),
});
type Settings = v.InferOutput<typeof settings>;

interface Point {
  readonly name: RecipeName;
  readonly epsilon: number;
  readonly target: number;
}

const pointsOf = ({ recipes }: Settings): Point[] =>
  recipes.flatMap((name) =>
    publishedRecipes[name].targets.map(({ epsilon, accuracy }) => ({ name, epsilon, target: accuracy })),
  );

function jobOf({ name, epsilon }: Point, n: number, { delta }: Settings) {
  const { data, recipe } = publishedRecipes[name];
  return privateModel.job(
    { recipe, sides: { pool: null, seed: 0 }, epsilon, delta, seed: n },
    { name: `${name}, epsilon ${epsilon}, seed ${n}`, data: [{ data }] },
  );
}

function doneAt(results: Results, point: Point, s: Settings) {
  return s.seeds.flatMap((n) => results.of(jobOf(point, n, s)) ?? []);
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

export const privateTraining = defineExperiment({
  name: 'private-training',
  title: 'Private training by published recipes',
  about: 'test accuracy of recipes with differential privacy at the budgets that they were published for',
  paper:
    'Papernot, Thakurta, Song, Chien, Erlingsson 2020, Tempered Sigmoid Activations for Deep Learning with Differential Privacy; ' +
    'Tramèr, Boneh 2021, Differentially Private Learning Needs Better Features (or Much More Data), ICLR',
  settings,
  profiles: {
    quick: { about: 'the linear model on MNIST, one seed', settings: { recipes: ['mnist-scattering'], seeds: [0] } },
    paper: { about: 'every recipe at every budget, with the hyper-parameters of its paper', settings: {} },
  },
  jobs: (s) => pointsOf(s).flatMap((point) => s.seeds.map((n) => jobOf(point, n, s))),
  report(results, s) {
    const found = pointsOf(s).map((point) => ({ point, runs: doneAt(results, point, s) }));
    const done = found.filter(({ runs }) => runs.length > 0);
    const met = done.filter(({ point, runs }) => meanOf(runs) >= point.target).length;
    return {
      headline:
        done.length === 0
          ? 'Nothing has been measured yet.'
          : `${met} of ${done.length} measured budgets buy the accuracy that they were expected to.`,
      lead:
        `Test accuracy on the official test rows, delta ${s.delta}, add or remove one record, budgets proved by PLD accounting of Poisson ` +
        'sampled steps. Settings are published ones, chosen by others: nothing was chosen on these rows.',
      sections: [
        {
          title: 'Accuracy',
          table: {
            caption:
              'Means over the seeds that are done, and each of them. Epsilon: the greatest proved upper bound among them.',
            columns: ['Recipe', 'Budget', 'Accuracy', 'Expected', 'Each seed', 'Epsilon', 'Noise', 'Steps'],
            rows: found.map(({ point, runs }) => {
              const title = publishedRecipes[point.name].title;
              if (runs.length === 0)
                return [title, String(point.epsilon), 'not yet', `>= ${percent(point.target)}`, '', '', '', ''];
              const each = runs.map(({ accuracy }) => percent(accuracy.value ?? 0)).join(', ');
              const epsilon = Math.max(...runs.map(({ privacy }) => privacy?.upper ?? Infinity));
              const { privacy, steps } = runs[0]!;
              return [
                title,
                String(point.epsilon),
                percent(meanOf(runs)),
                `>= ${percent(point.target)}`,
                each,
                epsilon.toFixed(4),
                (privacy?.noise ?? 0).toFixed(3),
                String(steps),
              ];
            }),
          },
        },
        {
          title: 'Settings',
          table: {
            columns: ['Recipe', 'Model', 'Batch', 'Epochs', 'Learning rate', 'Momentum', 'Clip', 'Features', 'Moments'],
            rows: s.recipes.map((name) => {
              const { title, recipe } = publishedRecipes[name];
              const { scattering } = recipe;
              return [
                title,
                recipe.model,
                String(recipe.batchSize),
                String(recipe.epochs),
                String(recipe.learningRate),
                String(recipe.momentum),
                String(recipe.clip),
                scattering === null
                  ? 'none'
                  : scattering.groups === null
                    ? 'scattering'
                    : `scattering, ${scattering.groups} groups`,
                scattering?.momentsNoise ? `charged, noise ${scattering.momentsNoise}` : 'none',
              ];
            }),
          },
        },
        {
          title: 'Where the settings come from',
          text: s.recipes.map((name) => `${publishedRecipes[name].title}: ${publishedRecipes[name].source}.`),
        },
      ],
    };
  },
});

function meanOf(runs: readonly { readonly accuracy: { readonly value: number | null } }[]): number {
  return spread(runs.map(({ accuracy }) => accuracy.value ?? 0)).mean;
}
