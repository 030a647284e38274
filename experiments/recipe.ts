/** How a model is trained, as plain settings that a command line, a record or a page can hold. */
import { ConfigError, type optim } from '../engine/index.ts';
import { adam, adamW, sgd } from '../engine/optim/index.ts';

export const optimizerNames = ['adam', 'adamw', 'sgd'] as const;

export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: (typeof optimizerNames)[number];
  readonly learningRate: number;
  /** of sgd */
  readonly momentum: number;
  readonly weightDecay: number;
}

export const defaultRecipe: Recipe = {
  epochs: 60,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 1e-3,
  momentum: 0.9,
  weightDecay: 0,
};

/** Fills in defaults. @throws ConfigError for settings out of range */
export function recipeFor(given: Partial<Recipe>): Recipe {
  const set = (name: keyof Recipe) => given[name] ?? defaultRecipe[name];
  const recipe = Object.fromEntries(
    Object.keys(defaultRecipe).map((name) => [name, set(name as keyof Recipe)]),
  ) as unknown as Recipe;
  if (!optimizerNames.includes(recipe.optimizer)) {
    throw new ConfigError(
      `optimizer: expected one of ${optimizerNames.join(', ')}, got '${recipe.optimizer}'.`,
      'optimizer',
      optimizerNames,
    );
  }
  const range = (name: 'learningRate' | 'momentum' | 'weightDecay', ok: (v: number) => boolean, text: string) => {
    if (!ok(recipe[name])) throw new ConfigError(`${name}: expected a number ${text}, got ${recipe[name]}.`, name);
  };
  range('learningRate', (v) => v > 0 && Number.isFinite(v), '> 0');
  range('momentum', (v) => v >= 0 && v < 1, 'in [0, 1)');
  range('weightDecay', (v) => v >= 0 && Number.isFinite(v), '>= 0');
  return recipe;
}

export function optimizerOf({ optimizer, learningRate, momentum, weightDecay }: Recipe): optim.Optimizer {
  if (optimizer === 'sgd') return sgd({ learningRate, momentum, weightDecay });
  return (optimizer === 'adam' ? adam : adamW)({ learningRate, weightDecay });
}
