/** Trains a model to be attacked, with a defence or none, and measures it on unchanged rows. File: model.safetensors. */
import * as v from 'valibot';
import { spaceOf } from '../../attacks/evasion/index.ts';
import { examples } from '../../data/index.ts';
import { type DefenseName, trainDefended } from '../../defenses/index.ts';
import { modelNames, namedModel, Rng } from '../../engine/index.ts';
import { count, seedField } from '../fields.ts';
import {
  augmentationSchema,
  augmenter,
  checkTrainingDefence,
  defenceSchema,
  trainingCost,
} from '../membership/index.ts';
import { optimizerOf } from '../recipe.ts';
import { defineKind, MODEL_FILE, measureSide, recipeSchema, sideSchema } from '../runner/index.ts';
import { checkRows, rowsSchema, trainTest } from './rows.ts';

export const robustModel = defineKind({
  name: 'robust-model',
  about: 'trains a model with a defence against adversarial examples, or none, and measures it on unchanged test rows',
  version: 1,
  settings: v.strictObject({
    model: v.picklist(modelNames),
    recipe: recipeSchema,
    /** null: images as they are */
    augmentation: v.nullable(augmentationSchema),
    /** of the registry, one that changes training; null: trained as usual */
    defence: v.nullable(defenceSchema),
    rows: rowsSchema,
    /** names the initial weights and the order of the rows */
    seed: seedField,
  }),
  result: v.strictObject({
    parameters: count,
    epochs: count,
    steps: count,
    train: sideSchema,
    test: sideSchema,
    notes: v.array(v.string()),
  }),
  cost: ({ recipe, rows, defence }, [data]) =>
    trainingCost({ recipe, rows: rows.train ?? data!.size, inputShape: data!.inputShape, defence: defence?.name }),
  check({ model, rows, defence, augmentation }, [data]) {
    checkRows(rows, data);
    const network = namedModel(model, data!.inputShape, data!.classes);
    if (defence) checkTrainingDefence(defence, { model: network, augmented: augmentation !== null });
  },
  async run({ settings, signal, engine, dataset, write, checkpoint, progress }) {
    const { recipe, defence, augmentation } = settings;
    const { data, train, test } = trainTest(await dataset(), settings.rows);
    const rng = Rng.from(settings.seed).split('robust model');
    const { classifier, epochs, steps, marks } = await trainDefended(
      await engine(),
      namedModel(settings.model, data.inputShape, data.classes),
      examples(data, train),
      {
        defence: (defence?.name ?? 'none') as DefenseName,
        options: defence?.options ?? {},
        recipe: {
          epochs: recipe.epochs,
          batchSize: recipe.batchSize,
          optimizer: optimizerOf(recipe),
          ...(augmentation && { augment: augmenter(augmentation) }),
        },
        inputBounds: spaceOf(data),
        initialSeed: rng.split('initial').uint32(),
        seed: rng.split('training').uint32(),
        signal,
        checkpoint: checkpoint(),
        onProgress: ({ step, steps }) => progress(step / steps),
      },
    );
    await write(MODEL_FILE, classifier.save());
    const measure = (rows: Int32Array) => measureSide(classifier, examples(data, rows), signal);
    return {
      parameters: classifier.parameters,
      epochs,
      steps,
      train: await measure(train),
      test: await measure(test),
      notes: [...marks.notes],
    };
  },
});
