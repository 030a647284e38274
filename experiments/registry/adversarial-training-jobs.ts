/** What the experiment on adversarial training is made of: its settings, the models, the attacks on them, and what was found. */
import * as v from 'valibot';
import { modelNames } from '../../engine/index.ts';
import { type AttackSettings, attackSchema, robustModel, robustnessEvaluation } from '../adversarial/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { augmentationSchema, defenceSchema } from '../membership/index.ts';
import { type Job, type Results, recipeSchema } from '../runner/index.ts';
import { withRadius } from './radius.ts';

const treatmentSchema = v.strictObject({
  ...defenceSchema.entries,
  /** as tables call it; default its name */
  label: v.exactOptional(v.string()),
  /** default: that of the experiment */
  recipe: v.exactOptional(recipeSchema),
});

export const settings = v.strictObject({
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
  /** several radii, with the checklist; null: none */
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
export type Settings = v.InferOutput<typeof settings>;
type Trained = ReturnType<typeof robustModel.parseResult>;
export type Attacked = ReturnType<typeof robustnessEvaluation.parseResult>;

export interface Treatment {
  readonly label: string;
  readonly defence: v.InferOutput<typeof defenceSchema> | null;
  readonly recipe: Settings['recipe'];
}

export function treatmentsOf({ defences, epsilon, recipe }: Settings): Treatment[] {
  return [
    { label: 'none', defence: null, recipe },
    ...defences.map(({ name, options, label = name, recipe: own = recipe }) => ({
      label,
      defence: { name, options: withRadius(name, epsilon, options) },
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

/** Of one treatment, for each seed: the model, the attacks at the radius, and those along the curve. */
export function jobsOf(s: Settings, treatment: Treatment) {
  return s.seeds.map((n) => {
    const model = modelJob(s, treatment, n);
    const { epsilon, attacked, attacks } = s;
    return {
      seed: n,
      model,
      attacked: attackJob(s, model, { epsilons: [epsilon], attacked, attacks, controls: false }),
      curve: s.curve && attackJob(s, model, { ...s.curve, controls: true }),
    };
  });
}

/** A model and the attacks on it. */
export interface Run {
  readonly seed: number;
  readonly model: Trained;
  readonly attacked: Attacked;
}

export interface Found {
  readonly treatment: Treatment;
  readonly runs: readonly Run[];
  readonly curves: readonly { readonly seed: number; readonly curve: Attacked }[];
}

export function found(results: Results, s: Settings): Found[] {
  return treatmentsOf(s).map((treatment) => {
    const seeds = jobsOf(s, treatment).map((jobs) => ({
      seed: jobs.seed,
      model: results.of(jobs.model),
      attacked: results.of(jobs.attacked),
      curve: jobs.curve && results.of(jobs.curve),
    }));
    return {
      treatment,
      runs: seeds.flatMap(({ seed, model, attacked }) => (model && attacked ? [{ seed, model, attacked }] : [])),
      curves: seeds.flatMap(({ seed, curve }) => (curve ? [{ seed, curve }] : [])),
    };
  });
}
