/** Trains a model of a design: the target, or a shadow model, on its own members. File: model.safetensors. */
import * as v from 'valibot';
import { clopperPearson } from '../../attacks/index.ts';
import { augment, examples, type ImageShape } from '../../data/index.ts';
import { Classifier, ConfigError, modelNames, namedModel, Rng, type Shape } from '../../engine/index.ts';
import { optimizerOf } from '../recipe.ts';
import { defineKind, MODEL_FILE, recipeSchema, shareSchema } from '../runner/index.ts';
import { checkDesign, designSchema, madeRows, rowsOfModel, whichSchema } from './design.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1, 'expected a whole number of at least 1'));

export const augmentationSchema = v.strictObject({
  /** mirrors images left and right, half of the time */
  flip: v.boolean(),
  /** moves them by up to so many pixels */
  shift: v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0')),
});
export type AugmentationSettings = v.InferOutput<typeof augmentationSchema>;

export const defenceSchema = v.strictObject({ name: v.string(), options: v.record(v.string(), v.number()) });
export type DefenceSettings = v.InferOutput<typeof defenceSchema>;

const sideSchema = v.strictObject({ loss: v.number(), accuracy: shareSchema });

/** Seconds on one core: of a start, and of a value of a row in a step of a small convolutional network. */
const [START, VALUE] = [0.5, 2.4e-7];

export const membershipModel = defineKind({
  name: 'membership-model',
  about: 'trains the target or a shadow model of a design on its members, and measures it on both sides',
  version: 1,
  settings: v.strictObject({
    model: v.picklist(modelNames),
    recipe: recipeSchema,
    /** null: images as they are */
    augmentation: v.nullable(augmentationSchema),
    /** null: trained as usual */
    defence: v.nullable(defenceSchema),
    design: designSchema,
    which: whichSchema,
    /** names the initial weights and the order of the rows */
    seed: v.pipe(v.number(), v.integer(), v.minValue(0, 'expected a whole number of at least 0')),
  }),
  result: v.strictObject({ parameters: count, epochs: count, steps: count, train: sideSchema, out: sideSchema }),
  cost: ({ recipe, design }, [data]) => {
    const rows = design.kind === 'apart' ? design.train : design.pool / 2;
    return START + recipe.epochs * rows * data!.inputShape.reduce((a, b) => a * b, 1) * VALUE;
  },
  check({ model, design, augmentation, defence }, [data]) {
    if (defence) throw new ConfigError(`defence: expected none, got '${defence.name}'.`, 'defence');
    checkDesign(design, data);
    namedModel(model, data!.inputShape, data!.classes);
    if (augmentation && data!.inputShape.length !== 3) {
      throw new ConfigError(
        `augmentation: expected images [h, w, channels], ${data!.name} has samples [${data!.inputShape}]. Leave it out.`,
        'augmentation',
      );
    }
  },
  async run({ settings, needs, signal, engine, dataset, write, checkpoint, progress }) {
    const { recipe, design, which, augmentation } = settings;
    const made = await madeRows(design, needs);
    const { data, members, nonMembers } = rowsOfModel(await dataset(), design, which, made);
    const rng = Rng.from(settings.seed).split(`membership model ${which}`);
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
      ...(augmentation && { augment: augmenter(augmentation) }),
    });
    const measure = async (rows: Int32Array) => {
      const { loss, accuracy, n } = await classifier.evaluate(examples(data, rows), { signal });
      return { loss, accuracy: clopperPearson({ hits: Math.round(accuracy * n), n }) };
    };
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

/** Changes a batch in place, as `fit` asks for. */
function augmenter({ flip, shift }: AugmentationSettings) {
  const changes = [
    ...(flip ? [{ kind: 'flip' } as const] : []),
    ...(shift > 0 ? [{ kind: 'shift', most: shift } as const] : []),
  ];
  return (x: Float32Array | Float64Array, [h, w, c]: Shape, rng: Rng) => {
    const shape: ImageShape = [x.length / (h! * w! * c!), h!, w!, c!];
    x.set(augment(Float32Array.from(x), shape, changes, rng));
  };
}
