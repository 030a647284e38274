/** Settings of the experiment on universal perturbations, the jobs that they make, and what is done of them. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import {
  robustModel,
  type UniversalAttackSettings,
  universalAttackSchema,
  universalPerturbation,
  universalTransfer,
} from '../adversarial/index.ts';
import { count, listOf, positive, seedField as seed } from '../fields.ts';
import { augmentationSchema } from '../membership/index.ts';
import { type Results, recipeSchema } from '../runner/index.ts';

const taskSchema = v.pipe(
  v.strictObject({
    data: v.string(),
    model: v.picklist(modelNames),
    recipe: recipeSchema,
    augmentation: v.optional(v.nullable(augmentationSchema), null),
    /** null: all training rows */
    train: v.optional(v.nullable(count), null),
    /** L-infinity sizes of the perturbation, in the units that the model sees */
    epsilons: listOf(positive),
    /** one of the sizes, and the fooling rate that the first attack is expected to reach there; null: nothing is expected */
    expected: v.optional(
      v.nullable(v.strictObject({ epsilon: positive, fooling: v.pipe(positive, v.maxValue(1)) })),
      null,
    ),
    /** default: those of the experiment */
    seeds: v.exactOptional(listOf(seed)),
  }),
  v.check(
    ({ epsilons, expected }) => expected === null || epsilons.includes(expected.epsilon),
    'expected: expected its epsilon to be one of the epsilons. Name one of those.',
  ),
);
export type Task = v.InferOutput<typeof taskSchema>;

const attackSchema = v.strictObject({
  ...universalAttackSchema.entries,
  /** default: that of the experiment */
  crafting: v.exactOptional(count),
});

export const settings = v.strictObject({
  tasks: v.optional(listOf(taskSchema), [
    {
      data: 'digits',
      model: 'mlp',
      recipe: { epochs: 30, batchSize: 32, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
      epsilons: [0.1, 0.2, 0.3, 0.4],
    },
  ]),
  /** the first is the one that headlines are about */
  attacks: v.optional(listOf(attackSchema), [
    { name: 'universal-sgd', options: {} },
    { name: 'universal-deepfool', options: {}, crafting: 100 },
  ]),
  /** training rows of the model that a perturbation is crafted from */
  crafting: v.optional(count, 1000),
  /** test rows that it is measured on, from the first; null: all */
  measured: v.optional(v.nullable(count), null),
  /** perturbations of random signs; the one that changes most of the crafting rows is the control */
  draws: v.optional(count, 5),
  /** each a model and perturbations of its own; every perturbation is also added to what the other models see */
  seeds: v.optional(listOf(seed), [0, 1, 2]),
});
export type Settings = v.InferOutput<typeof settings>;
export type Attack = Settings['attacks'][number];

export type Trained = ReturnType<typeof robustModel.parseResult>;
export type Crafted = ReturnType<typeof universalPerturbation.parseResult>;
type Transferred = ReturnType<typeof universalTransfer.parseResult>;

export const seedsOf = (s: Settings, task: Task): readonly number[] => task.seeds ?? s.seeds;
/** As tables call it. */
export const titleOf = ({ data, model }: Task): string => `${data}, ${model}`;

const rowsOf = ({ train }: Task) => ({ train, seed: 0 });

function modelJob(task: Task, n: number) {
  const { data, model, recipe, augmentation } = task;
  return robustModel.job(
    { model, recipe, augmentation, defence: null, rows: rowsOf(task), seed: n },
    { name: `${titleOf(task)}, seed ${n}`, data: [{ data }] },
  );
}

interface Place {
  readonly task: Task;
  readonly attack: Attack;
  readonly epsilon: number;
}

function craftingJob(s: Settings, { task, attack, epsilon }: Place, n: number) {
  const { crafting = s.crafting, name, options } = attack;
  const given: UniversalAttackSettings = { name, options };
  const { measured, draws } = s;
  const model = modelJob(task, n);
  return universalPerturbation.job(
    { rows: rowsOf(task), attack: given, crafting, measured, norm: 'linf', epsilon, draws, seed: n },
    { name: `${name} at ${epsilon} on ${model.name}`, data: [{ data: task.data }], needs: [model] },
  );
}

function transferJob(s: Settings, place: Place, n: number) {
  const others = seedsOf(s, place.task).filter((other) => other !== n);
  if (others.length === 0) return null;
  const crafted = craftingJob(s, place, n);
  return universalTransfer.job(
    { rows: rowsOf(place.task), measured: s.measured },
    {
      name: `other models with ${crafted.name}`,
      data: [{ data: place.task.data }],
      needs: [crafted, ...others.map((other) => modelJob(place.task, other))],
    },
  );
}

const placesOf = (s: Settings, task: Task): Place[] =>
  s.attacks.flatMap((attack) => task.epsilons.map((epsilon) => ({ task, attack, epsilon })));

export function jobsOf(s: Settings) {
  return s.tasks.flatMap((task) =>
    placesOf(s, task).flatMap((place) =>
      seedsOf(s, task).flatMap((n) => {
        const transfer = transferJob(s, place, n);
        return [craftingJob(s, place, n), ...(transfer ? [transfer] : [])];
      }),
    ),
  );
}

export interface Run {
  readonly seed: number;
  readonly crafted: Crafted;
  /** on the models of the other seeds; null: not yet, or there are none */
  readonly transferred: Transferred | null;
}

/** What one attack at one size does, seeds that are done. */
export interface Point extends Place {
  readonly runs: readonly Run[];
}

export interface Found {
  readonly task: Task;
  readonly models: readonly Trained[];
  /** attack by attack, each with the sizes in the order of the task */
  readonly points: readonly Point[];
}

export function found(results: Results, s: Settings): Found[] {
  return s.tasks.map((task) => ({
    task,
    models: seedsOf(s, task).flatMap((n) => results.of(modelJob(task, n)) ?? []),
    points: placesOf(s, task).map((place) => ({
      ...place,
      runs: seedsOf(s, task).flatMap((n) => {
        const crafted = results.of(craftingJob(s, place, n));
        const transfer = transferJob(s, place, n);
        return crafted ? [{ seed: n, crafted, transferred: transfer && results.of(transfer) }] : [];
      }),
    })),
  }));
}
