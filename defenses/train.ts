/** One way in to training with a defence: the model, what stands before it, and what to know about both. */
import { type Bounds, boundedSpace, checkInside, type InputSpace, largestDistance } from '../attacks/evasion/index.ts';
import { parseOptions } from '../attacks/index.ts';
import { Classifier, ConfigError, type DType, type Engine, type Examples, type Model, Rng } from '../engine/index.ts';
import type { DefenseDef, OwnTraining, Stage, TrainingRecipe, Watch, Wrap } from './define-defense.ts';
import { defended } from './outputs.ts';
import { type DefenseName, defenses } from './registry.ts';
import { holdBack, type Parts, withoutHolding } from './reserve.ts';

export type InputBounds = Bounds | readonly Bounds[] | InputSpace;

export interface DefendedTraining extends Watch {
  /** 'none' trains undefended */
  readonly defence: DefenseName | 'none';
  /** values for some of the defence's options; the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
  readonly recipe: TrainingRecipe;
  /** names shuffles, masks, draws and noise; default 0 */
  readonly seed?: number;
  /** names the initial parameters; default `seed` */
  readonly initialSeed?: number;
  readonly dtype?: Exclude<DType, 'i32'>;
  /**
   * least and greatest value of an input, of all numbers or of each channel, or a whole input space (of a data set: `spaceOf`),
   * in the units that the model sees; default [0, 1]. Defences that move inputs keep to them, and refuse rows outside
   */
  readonly inputBounds?: InputBounds;
  /**
   * rows of the same distribution for defences that need some: outside the data, and outside the rows that an audit takes for
   * non-members, since training reads them. Default: a share of the data is held back
   */
  readonly reserve?: Examples;
}

export interface Marks {
  /** the epoch whose parameters were kept, when that is not the last one of the recipe */
  readonly stoppedEarly?: number;
  /** on the rows that the classifier was fitted to; of a distilled one, how often it answers there as its teacher does */
  readonly trainAccuracy: number;
  readonly trainLoss: number;
  /** proved, of the run itself; says nothing when its noise was reproducible, see `notes` */
  readonly epsilon?: number;
  readonly notes: readonly string[];
}

export interface Defended {
  /** dispose it when done */
  readonly classifier: Classifier;
  /** puts the output defence before a target; the target itself where there is none */
  readonly wrap: Wrap;
  /** rows of the data, in rising order, that any training read; the others were only held back */
  readonly trained: Int32Array;
  readonly epochs: number;
  readonly steps: number;
  readonly marks: Marks;
}

/** @throws ConfigError for a name that is not in the registry */
export function defenseNamed(name: string): DefenseDef {
  if (Object.hasOwn(defenses, name)) return defenses[name as DefenseName] as unknown as DefenseDef;
  const names = Object.keys(defenses);
  throw new ConfigError(`defence: expected one of ${names.join(', ')}, got '${name}'.`, 'defence', names);
}

interface Chosen {
  /** null: nothing is defended */
  readonly def: DefenseDef | null;
  readonly options: Readonly<Record<string, number>>;
}

/** The defence with its options filled in; null where it is off. @throws ConfigError for unknown or wrong options */
function chosen(name: string, given: Readonly<Record<string, number>> = {}): Chosen {
  if (name === 'none') {
    const [option] = Object.keys(given);
    if (option) throw new ConfigError(`none: expected no options, got '${option}'.`, `none.${option}`);
    return { def: null, options: {} };
  }
  const def = defenseNamed(name);
  const options = parseOptions(name, def.options, given);
  const isOff = def.off !== null && Object.entries(def.off).every(([key, value]) => options[key] === value);
  return { def: isOff ? null : def, options };
}

/** What can be said of a defence before anything is trained. */
export interface DefencePlan {
  readonly stage: Stage;
  /** rows that it needs beside those it trains on, as a share of them; 0: none */
  readonly held: number;
}

/** @throws ConfigError for an unknown name, wrong options, and a model or a recipe that the defence does not work with */
export function planDefence(
  o: Pick<DefendedTraining, 'options'> & {
    readonly defence: string;
    /** what it is to train, and whether the recipe changes images already; left out: not looked at */
    readonly training?: { readonly model: Model; readonly augmented: boolean };
  },
): DefencePlan {
  const { stage } = defenseNamed(o.defence);
  const { def, options } = chosen(o.defence, o.options);
  if (o.training) {
    def?.check?.(o.training);
    def?.model?.(o.training.model, options);
  }
  return { stage, held: def?.needsReserve ? options['held']! : 0 };
}

function partsOf({ def, options }: Chosen, data: Examples, reserve: Examples | undefined, rng: Rng): Parts {
  if (!def?.needsReserve || reserve) return withoutHolding(data, reserve);
  return holdBack(data, options['held']!, rng.split('held back'));
}

/**
 * @throws ConfigError for bounds that make no sense, and where the defence keeps to them, for rows outside them and a radius that they
 * leave no room for
 */
function spaceFor({ def, options }: Chosen, data: Examples, bounds: InputBounds = [0, 1]): InputSpace {
  const space = 'low' in bounds ? bounds : boundedSpace(data.inputShape, bounds);
  if (!def?.needsBounds) return space;
  const most = largestDistance(space, 'linf');
  if (options['epsilon']! > most)
    throw new ConfigError(
      `${def.name}.epsilon: expected at most ${most}, the widest range of an input, got ${options['epsilon']}. It is in the units that the model sees: 8/255 (${(8 / 255).toFixed(5)}) of images from 0 to 1.`,
      `${def.name}.epsilon`,
    );
  for (let from = 0; from < data.size; from += ROWS_AT_ONCE) {
    const rows = Int32Array.from({ length: Math.min(ROWS_AT_ONCE, data.size - from) }, (_, i) => from + i);
    try {
      checkInside(space, Float32Array.from(data.take(rows).x));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(
        `${def.name}: expected rows within the input bounds, which it keeps to. Rows from ${from} on: ${error.message}`,
        'inputBounds',
      );
    }
  }
  return space;
}

const ROWS_AT_ONCE = 4096;

/** A stream of a defence's own: training streams have other labels. */
const streamOf = (seed: number) => Rng.from(seed).split('defence');

/**
 * Trains a model with a defence. The same settings give the same bits, also after a kill and a resume.
 * @throws ConfigError for options that do not fit, what `fit` and `fitPrivate` throw, or the signal's reason
 */
export async function trainDefended(
  engine: Engine,
  model: Model,
  data: Examples,
  o: DefendedTraining,
): Promise<Defended> {
  const { recipe, seed = 0, initialSeed = seed, dtype = 'f32' } = o;
  const choice = chosen(o.defence, o.options);
  const { def, options } = choice;
  def?.check?.({ model, augmented: recipe.augment !== undefined });
  const space = spaceFor(choice, data, o.inputBounds);
  const parts = partsOf(choice, data, o.reserve, streamOf(seed));
  const classifier = Classifier.create(engine, def?.model?.(model, options) ?? model, { seed: initialSeed, dtype });
  try {
    const watch: Watch = {
      ...(o.checkpoint && { checkpoint: o.checkpoint }),
      ...(o.signal && { signal: o.signal }),
      ...(o.onProgress && { onProgress: o.onProgress }),
    };
    const context = { engine, classifier, data: parts.training, reserve: parts.reserve, space, options, recipe, seed };
    const fitted: Fitted = def?.train
      ? await def.train({ ...context, watch })
      : await fitChanged(def, { ...context, watch }, def ? methodOf(def, options, space) : undefined);
    const { accuracy, loss } =
      fitted.learnt ?? (await classifier.evaluate(parts.training, o.signal ? { signal: o.signal } : {}));
    return {
      classifier,
      wrap: await wrapFor(engine, classifier, choice, parts, space, seed, o.signal),
      trained: parts.trained,
      epochs: fitted.epochs,
      steps: fitted.steps,
      marks: {
        ...(fitted.kept !== undefined && fitted.kept < recipe.epochs && { stoppedEarly: fitted.kept }),
        trainAccuracy: accuracy,
        trainLoss: loss,
        ...(fitted.epsilon !== undefined && { epsilon: fitted.epsilon }),
        notes: fitted.notes ?? [],
      },
    };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

/** What a checkpoint has to have been trained by to go on. */
function methodOf({ name, needsBounds }: DefenseDef, options: Chosen['options'], { low, high }: InputSpace): string {
  const ranges = needsBounds ? new Set(Array.from(low, (least, j) => `${least} to ${high[j]}`)) : [];
  return [name, JSON.stringify(options), ...ranges].join(' ');
}

type Fitted = OwnTraining & {
  /** the epoch whose parameters were kept */
  readonly kept?: number;
};

/** The ordinary loop with the defence's changes. */
async function fitChanged(
  def: DefenseDef | null,
  { watch, ...context }: Parameters<NonNullable<DefenseDef['train']>>[0],
  method: string | undefined,
): Promise<Fitted> {
  const { free, ...changes } = def?.fit?.(context) ?? {};
  try {
    const { history, epochs, steps } = await context.classifier.fit(context.data, {
      ...context.recipe,
      seed: context.seed,
      ...changes,
      ...(method !== undefined && { method }),
      ...watch,
    });
    if (!changes.earlyStopping) return { epochs, steps };
    const losses = history.map((record) => record.validation!.loss);
    const kept = losses.indexOf(Math.min(...losses)) + 1;
    const notes =
      kept < context.recipe.epochs ? [`The parameters of epoch ${kept} of ${context.recipe.epochs} were kept.`] : [];
    return { epochs, steps, kept, notes };
  } finally {
    context.engine.free(free);
  }
}

async function wrapFor(
  engine: Engine,
  classifier: Classifier,
  { def, options }: Chosen,
  parts: Parts,
  space: InputSpace,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<Wrap> {
  const { training: data, reserve } = parts;
  const rng = streamOf(seed).split('outputs');
  const context = { engine, classifier, data, reserve, space, options, rng, signal };
  if (def?.wrap) return def.wrap(context);
  const output = await def?.outputs?.(context);
  return (target, attacker) => (output ? defended(target, output, attacker) : target);
}

/**
 * The output defence of a model that is trained already, with the bits that `trainDefended` gives the same settings. Training
 * defences leave targets as they are.
 * @param data the rows that were given to `trainDefended`
 */
export function outputDefence(
  engine: Engine,
  classifier: Classifier,
  data: Examples,
  o: Pick<DefendedTraining, 'defence' | 'options' | 'seed' | 'reserve' | 'inputBounds' | 'signal'>,
): Promise<Wrap> {
  const choice = chosen(o.defence, o.options);
  choice.def?.check?.({ model: classifier.model, augmented: false });
  const seed = o.seed ?? 0;
  const parts = partsOf(choice, data, o.reserve, streamOf(seed));
  const space = spaceFor(choice, data, o.inputBounds);
  return wrapFor(engine, classifier, choice, parts, space, seed, o.signal);
}

/** Accuracy by which a defended model may fall behind an undefended one on the rows that both were fitted to. */
const FALLS_BEHIND = 0.05;

/** Whether a defended model fits its own rows worse than the undefended one: a defence by learning less. */
export const isUnderFitted = (
  defended: Pick<Marks, 'trainAccuracy'>,
  undefended: Pick<Marks, 'trainAccuracy'>,
): boolean => defended.trainAccuracy < undefended.trainAccuracy - FALLS_BEHIND;
