/** Options that commands with data and models share, each described once. */
import type { Command } from 'commander';
import { modelNames } from '../engine/index.ts';
import { defaultRecipe, optimizerNames, type Recipe } from '../experiments/recipe.ts';
import type { DataChoice } from './datasets.ts';
import { relaxedByEnvironment } from './engine.ts';
import type { Terminal } from './terminal.ts';
import { collect, oneOf, real, whole, wholeOr } from './values.ts';

export function withDataOptions(command: Command): Command {
  return command
    .option('--data <name>', 'a data set (see `keyhole list datasets`), or a file that ends in .csv or .npz', 'digits')
    .option('--path <path>', 'folder or file that holds the data set, where it is not under KEYHOLE_DATA')
    .option('--label <column>', 'label column of a CSV file: its name, or its place from 0')
    .option('--data-option <name=value>', 'an option of the data set; may be given again', collect);
}

export interface ModelOptions extends Partial<Recipe> {
  readonly model: string;
  readonly backend: 'wasm' | 'reference';
  readonly relaxed?: boolean;
  readonly maxMemory?: number;
  readonly threads: number | 'auto';
}

const recipeNote = (name: keyof Recipe) => `(default: ${defaultRecipe[name]})`;

/**
 * @param env may ask for the relaxed kernels as well
 * @param model what `--model` may name; default: the models that can be trained here
 */
export function withModelOptions(
  command: Command,
  env: Terminal['env'],
  model: { about: string; parse: (text: string) => string } = { about: '', parse: oneOf(modelNames) },
): Command {
  command.hook('preAction', (_, acting) => {
    if (relaxedByEnvironment(env)) acting.setOptionValueWithSource('relaxed', true, 'env');
  });
  return command
    .option('--model <name>', `one of ${modelNames.join(', ')}${model.about}`, model.parse, 'mlp')
    .option('--epochs <n>', `passes over the training rows ${recipeNote('epochs')}`, whole(1))
    .option('--batch-size <n>', `rows a step ${recipeNote('batchSize')}`, whole(1))
    .option(
      '--optimizer <name>',
      `one of ${optimizerNames.join(', ')} ${recipeNote('optimizer')}`,
      oneOf(optimizerNames),
    )
    .option(
      '--learning-rate <x>',
      `step size ${recipeNote('learningRate')}`,
      real('above 0', (x) => x > 0),
    )
    .option(
      '--momentum <x>',
      `of sgd ${recipeNote('momentum')}`,
      real('from 0, below 1', (x) => x >= 0 && x < 1),
    )
    .option(
      '--weight-decay <x>',
      `L2 penalty; decoupled in adamw ${recipeNote('weightDecay')}`,
      real('of at least 0', (x) => x >= 0),
    )
    .option(
      '--backend <name>',
      'wasm: f32 on SIMD kernels; reference: f64, slow, exact',
      oneOf(['wasm', 'reference'] as const),
      'wasm',
    )
    .option(
      '--relaxed',
      'kernels with fused multiply-add: faster, last bits differ between machines; also KEYHOLE_RELAXED=1',
    )
    .option(
      '--threads <n>',
      'auto, or 1 to 64: as models at the same time, or within the kernels; the results are the same',
      wholeOr('auto', 1, 64),
      'auto',
    )
    .option('--max-memory <MiB>', 'limit of the memory for tensors, of each engine (default: 4096)', whole(1, 4096));
}

export interface RunOptions {
  readonly seed: number;
  readonly out?: string;
  readonly fresh?: boolean;
  readonly checkpointEvery: number;
}

/** @param receives what `--out` gets, for the help */
export function withRunOptions(command: Command, receives: string): Command {
  return command
    .option('--seed <n>', 'names every random number of the run', whole(0), 0)
    .option('--out <folder>', `receives ${receives}, and checkpoints: the same command goes on after a stop`)
    .option('--fresh', 'start over, whatever checkpoints the folder holds')
    .option(
      '--checkpoint-every <seconds>',
      'between two checkpoints',
      real('of at least 0', (x) => x >= 0),
      30,
    );
}

/** The settings of a recipe that were given. */
export function givenRecipe(o: Partial<Recipe>): Partial<Recipe> {
  const names = Object.keys(defaultRecipe) as (keyof Recipe)[];
  return Object.fromEntries(names.filter((name) => o[name] !== undefined).map((name) => [name, o[name]]));
}

/** What of the options says which data is meant. */
export function dataChoice(o: DataChoice & { readonly seed?: number }): DataChoice {
  const { data, path, label, dataOption, seed } = o;
  return {
    data,
    ...(path !== undefined && { path }),
    ...(label !== undefined && { label }),
    ...(dataOption !== undefined && { dataOption }),
    ...(seed !== undefined && { seed }),
  };
}
