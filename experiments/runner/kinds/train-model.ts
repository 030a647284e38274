/** Trains a named model on the members of a split, and measures it on both sides. Its file: model.safetensors. */
import * as v from 'valibot';
import { examples } from '../../../data/index.ts';
import { Classifier, ConfigError, modelNames, namedModel, Rng } from '../../../engine/index.ts';
import { count, notNegative, positive, seedField } from '../../fields.ts';
import { optimizerNames, optimizerOf } from '../../recipe.ts';
import { defineKind } from '../job.ts';
import { measureSide, sideSchema } from './sides.ts';
import { checkSplit, membersOf, partSchema, shadowSize, splitSchema } from './split.ts';

export const recipeSchema = v.strictObject({
  epochs: count,
  batchSize: count,
  optimizer: v.picklist(optimizerNames),
  learningRate: positive,
  momentum: v.pipe(v.number(), v.minValue(0), v.ltValue(1, 'expected a number from 0, below 1')),
  weightDecay: notNegative,
});

export const MODEL_FILE = 'model.safetensors';

/** seconds of the start, of a step and of a row in it, of a small model on one core */
const START = 0.05;
const STEP = 1e-3;
const ROW = 2e-5;

export const trainModel = defineKind({
  name: 'train-model',
  about: 'trains a named model on part of a data set and measures it on that part and on rows it has not seen',
  version: 1,
  settings: v.strictObject({
    model: v.picklist(modelNames),
    recipe: recipeSchema,
    split: splitSchema,
    /** whose rows it is trained on */
    part: v.optional(partSchema, 'target'),
    /** names the initial weights and the order of the rows */
    seed: seedField,
  }),
  result: v.strictObject({
    parameters: count,
    epochs: count,
    steps: count,
    train: sideSchema,
    out: sideSchema,
  }),
  cost: ({ recipe, split }) =>
    START + recipe.epochs * (Math.ceil(split.train / recipe.batchSize) * STEP + split.train * ROW),
  check({ model, split, part }, [data]) {
    checkSplit(split, data);
    namedModel(model, data!.inputShape, data!.classes);
    if (part === 'shadow' && shadowSize(split, data!.size) === 0) {
      throw new ConfigError(
        `split: expected rows for a shadow model beside the ${split.train} members and ${split.out} non-members, ` +
          `${data!.name} has ${data!.size} in all. Ask for fewer of either.`,
        'split',
      );
    }
  },
  async run({ settings, signal, engine, dataset, write, checkpoint, progress }) {
    const { recipe, seed, split, part } = settings;
    const { data, members, nonMembers } = membersOf(await dataset(), split, part);
    const rng = Rng.from(seed).split(`experiment ${part}`);
    const model = namedModel(settings.model, data.inputShape, data.classes);
    const classifier = Classifier.create(await engine(), model, { seed: rng.split('initial').uint32() });
    const fitted = await classifier.fit(examples(data, members), {
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      optimizer: optimizerOf(recipe),
      seed: rng.split('training').uint32(),
      signal,
      checkpoint: checkpoint(),
      onProgress: ({ step, steps }) => progress(step / steps),
    });
    const measure = (rows: Int32Array) => measureSide(classifier, examples(data, rows), signal);
    const result = {
      parameters: classifier.parameters,
      epochs: fitted.epochs,
      steps: fitted.steps,
      train: await measure(members),
      out: await measure(nonMembers),
    };
    await write(MODEL_FILE, classifier.save());
    return result;
  },
});
