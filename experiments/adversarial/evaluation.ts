/**
 * Attacks the model of the job that it needs, behind an inference defence or not, on its first test rows: curves, the worst case,
 * and the checklist's judgement.
 */
import * as v from 'valibot';
import {
  allEvasionAttacks,
  boundedSpace,
  type EvasionTarget,
  evasionAttackNamed,
  largestDistance,
  type Norm,
  norms,
  spaceOf,
} from '../../attacks/evasion/index.ts';
import { localTarget, parseOptions } from '../../attacks/index.ts';
import { type Dataset, examples } from '../../data/index.ts';
import { type DefenseName, outputDefence } from '../../defenses/index.ts';
import { Classifier, ConfigError } from '../../engine/index.ts';
import { count, positive, seedField } from '../fields.ts';
import { checkOutputDefence, defenceSchema } from '../membership/index.ts';
import { evaluateRobustness, type RobustnessRecord, robustnessSchema } from '../robustness/index.ts';
import { type DataFacts, defineKind, MODEL_FILE, type Needed } from '../runner/index.ts';
import { checkRows, type RowSettings, rowsSchema, trainTest } from './rows.ts';

const attackNames = allEvasionAttacks.map(({ name }) => name);

export const attackSchema = v.strictObject({
  name: v.picklist(attackNames),
  options: v.optional(v.record(v.string(), v.number()), {}),
});
export type AttackSettings = v.InferOutput<typeof attackSchema>;

/** What stands before the model, and whether the attacker has the gradients of who knows it. */
const inferenceSchema = v.strictObject({ ...defenceSchema.entries, adaptive: v.boolean() });

const { entries } = robustnessSchema;
const { seconds: _, ...attackEntries } = entries.attacks.item.entries;

export const robustnessEvaluation = defineKind({
  name: 'robustness',
  about: 'attacks a model on its first test rows and judges whether to believe what is left right',
  version: 3,
  settings: v.strictObject({
    /** those of the model's job */
    rows: rowsSchema,
    /** how many of the test rows are attacked, from the first */
    attacked: count,
    norm: v.picklist(norms),
    epsilons: v.pipe(v.array(positive), v.minLength(1, 'expected at least one')),
    attacks: v.pipe(v.array(attackSchema), v.minLength(1, 'expected at least one')),
    /** without them most checks cannot be asked */
    controls: v.boolean(),
    /** null: the model answers itself */
    inference: v.nullable(inferenceSchema),
    /**
     * what the attacks are run on, where that is not the model as it is asked: bare: without what stands before it; other: the model of the
     * second job that this one needs. Their rows are handed over
     */
    craftedOn: v.exactOptional(v.picklist(['bare', 'other'])),
    seed: seedField,
  }),
  // no times and no pictures: what another process finds too
  result: v.strictObject({
    clean: entries.clean,
    attacks: v.array(v.strictObject(attackEntries)),
    worst: entries.worst,
    controls: entries.controls,
    flags: entries.flags,
    masking: entries.masking,
    because: entries.because,
    warnings: entries.warnings,
  }),
  cost: ({ attacked, epsilons, attacks, controls }) => {
    const rounds = attacks.reduce((sum, { name, options }) => sum + roundsOf(name, options), 0);
    return 1 + attacked * (epsilons.length * rounds + (controls ? CONTROL_ROUNDS : 0)) * ROUND;
  },
  check({ rows, inference, attacks, norm, epsilons }, [data]) {
    checkRows(rows, data);
    checkAttacks(attacks, norm, epsilons, data);
    if (inference) checkOutputDefence(inference);
  },
  async run({ settings, needs, engine, dataset, signal, progress }) {
    const { norm, epsilons, attacks, controls, seed } = settings;
    const { data, test, classifier } = await trainedModel(await dataset(), settings.rows, needs, engine);
    if (settings.attacked > test.length) {
      throw new ConfigError(
        `attacked: expected at most the ${test.length} test rows of ${data.name}, got ${settings.attacked}. Ask for fewer.`,
        'attacked',
      );
    }
    const { craftedOn } = settings;
    const other = craftedOn === 'other' ? await modelOf(needs[1], engine) : classifier;
    const record = await evaluateRobustness({
      target: await behind(classifier, data, settings.inference, seed, signal),
      ...(craftedOn && { craftedOn: localTarget(other, { signal }) }),
      name: classifier.model.name,
      dataset: data,
      rows: test.subarray(0, settings.attacked),
      norm,
      epsilons,
      attacks,
      controls,
      engine,
      seed,
      signal,
      onProgress: ({ done }) => progress(Math.min(1, done)),
    });
    return pure(record);
  },
});

/**
 * What can be said of attacks before a model is trained for them.
 * @throws ConfigError for options that there are not, a norm that an attack does not know, and epsilons beyond the bounds of images
 */
export function checkAttacks(
  attacks: readonly AttackSettings[],
  norm: Norm,
  epsilons: readonly number[],
  data: DataFacts | undefined,
): void {
  for (const { name, options } of attacks) {
    const attack = evasionAttackNamed(name);
    parseOptions(name, attack.options, options);
    if (!attack.norms.includes(norm))
      throw new ConfigError(
        `${name}: expected norm ${attack.norms.join(' or ')}, got '${norm}'. Name another attack, or another norm.`,
        'norm',
        attack.norms,
      );
  }
  // images are seen as they are stored, from 0 to 1; the bounds of tables are known with their training rows
  if (data?.inputShape.length !== 3) return;
  const most = largestDistance(boundedSpace(data.inputShape, [0, 1]), norm);
  const wrong = epsilons.find((epsilon) => epsilon > most);
  if (wrong !== undefined)
    throw new ConfigError(
      `epsilons: expected at most ${+most.toPrecision(6)}, the largest ${norm} perturbation of images from 0 to 1, got ${wrong}. Steps of a stored pixel are 1/255 each.`,
      'epsilons',
    );
}

/** Rough seconds of asking a small convolutional network for a row's gradient; and how often controls do. */
const [ROUND, CONTROL_ROUNDS] = [1e-4, 500];
/** Options whose product is how often an attack asks about a row. */
const ROUNDS = ['steps', 'iterations', 'searches', 'restarts', 'classes', 'queries', 'samples'];

function roundsOf(name: AttackSettings['name'], given: AttackSettings['options']): number {
  const { options } = evasionAttackNamed(name);
  return ROUNDS.reduce((product, option) => product * (given[option] ?? options[option]?.default ?? 1), 1);
}

/** The model that a job trained, with the rows that it was trained on and those that it was not. */
export async function trainedModel(
  dataset: Dataset,
  rows: RowSettings,
  [trained]: readonly Needed[],
  engine: () => Promise<Classifier['engine']>,
) {
  return { ...trainTest(dataset, rows), classifier: await modelOf(trained, engine) };
}

async function modelOf(trained: Needed | undefined, engine: () => Promise<Classifier['engine']>): Promise<Classifier> {
  if (trained) return Classifier.load(await engine(), await trained.file(MODEL_FILE));
  throw new ConfigError('needs: expected a job that trained the model, got none.', 'needs');
}

async function behind(
  classifier: Classifier,
  data: Dataset,
  inference: v.InferOutput<typeof inferenceSchema> | null,
  seed: number,
  signal: AbortSignal,
): Promise<EvasionTarget> {
  const own = localTarget(classifier, { signal });
  if (!inference) return own;
  const { name, options, adaptive } = inference;
  const wrap = await outputDefence(classifier.engine, classifier, examples(data, new Int32Array(0)), {
    defence: name as DefenseName,
    options,
    seed,
    inputBounds: spaceOf(data),
    signal,
  });
  return wrap(own, { adaptive }) as EvasionTarget;
}

function pure({ clean, attacks, worst, controls, flags, masking, because, warnings }: RobustnessRecord) {
  const timeless = attacks.map(({ seconds: _, ...attack }) => attack);
  return { clean, attacks: timeless, worst, controls, flags, masking, because, warnings };
}
