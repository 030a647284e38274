/** Trains a model of a design: the target, or a shadow model, on its own members. File: model.safetensors. */
import * as v from 'valibot';
import { spaceOf } from '../../attacks/evasion/index.ts';
import { augment, examples, type ImageShape } from '../../data/index.ts';
import { type DefenseName, trainDefended } from '../../defenses/index.ts';
import { ConfigError, modelNames, namedModel, type Rng, type Shape } from '../../engine/index.ts';
import { count, seedField, whole } from '../fields.ts';
import { optimizerOf } from '../recipe.ts';
import { defineKind, MODEL_FILE, measureSide, recipeSchema, sideSchema } from '../runner/index.ts';
import {
  checkReserve,
  checkTrainingDefence,
  defenceSchema,
  NO_ROWS,
  reserveOf,
  reserveSize,
  seedsOf,
} from './defence.ts';
import { checkDesign, designSchema, madeRows, rowsOfModel, whichSchema } from './design.ts';

export const augmentationSchema = v.strictObject({
  /** mirrors images left and right, half of the time */
  flip: v.boolean(),
  /** moves them by up to so many pixels */
  shift: whole(0),
});
export type AugmentationSettings = v.InferOutput<typeof augmentationSchema>;

/** What to know of a defended training beside its accuracies. */
const marksSchema = v.strictObject({
  /** the epoch whose parameters were kept, when that is not the last one of the recipe */
  stoppedEarly: v.exactOptional(count),
  /** on what it was taught: the members, or (distilled) its teacher's answers */
  trainAccuracy: v.number(),
  /** proved, of the run itself; its noise is reproducible and protects nobody, see `notes` */
  epsilon: v.exactOptional(v.number()),
  /** rows that the defence had beside the members */
  reserve: v.pipe(v.number(), v.integer(), v.minValue(0)),
  notes: v.array(v.string()),
});

/** Seconds on one core: of a start, and of a value of a row in a step of a small convolutional network. */
const [START, VALUE] = [0.5, 2.4e-7];
/** Steps of a plain training that a step of these takes, with its default options; measured at `cifar`, batch 64. */
const DEARER: Readonly<Record<string, number>> = {
  'adversarial-fgsm': 1.7,
  'adversarial-pgd': 6.7,
  'adversarial-regularisation': 2.8,
  'defensive-distillation': 2,
  distillation: 1.7,
  'dp-sgd': 1.5,
  'input-gradient-regularisation': 1.6,
  trades: 7.8,
};

/** Rough seconds of a training on one core. */
export function trainingCost(o: {
  readonly recipe: { readonly epochs: number };
  readonly rows: number;
  readonly inputShape: Shape;
  readonly defence: string | undefined;
}): number {
  const step = DEARER[o.defence ?? ''] ?? 1;
  return START + o.recipe.epochs * o.rows * o.inputShape.reduce((a, b) => a * b, 1) * VALUE * step;
}

export const membershipModel = defineKind({
  name: 'membership-model',
  about: 'trains the target or a shadow model of a design on its members, and measures it on both sides',
  version: 1,
  settings: v.strictObject({
    model: v.picklist(modelNames),
    recipe: recipeSchema,
    /** null: images as they are */
    augmentation: v.nullable(augmentationSchema),
    /** of the registry; null: trained as usual */
    defence: v.nullable(defenceSchema),
    design: designSchema,
    which: whichSchema,
    /** names the initial weights and the order of the rows */
    seed: seedField,
  }),
  result: v.strictObject({
    parameters: count,
    epochs: count,
    steps: count,
    train: sideSchema,
    out: sideSchema,
    /** absent: trained as usual */
    defended: v.exactOptional(marksSchema),
  }),
  cost: ({ recipe, design, defence }, [data]) => {
    const rows = design.kind === 'apart' ? design.train : design.pool / 2;
    return trainingCost({ recipe, rows, inputShape: data!.inputShape, defence: defence?.name });
  },
  check({ model, design, augmentation, defence, which }, [data]) {
    checkDesign(design, data);
    const network = namedModel(model, data!.inputShape, data!.classes);
    if (defence) {
      checkTrainingDefence(defence, { model: network, augmented: augmentation !== null });
      checkReserve(design, which, data!, reserveSize(defence, design));
    }
    if (augmentation && data!.inputShape.length !== 3) {
      throw new ConfigError(
        `augmentation: expected images [h, w, channels], ${data!.name} has samples [${data!.inputShape}]. Leave it out.`,
        'augmentation',
      );
    }
  },
  async run({ settings, needs, signal, engine, dataset, write, checkpoint, progress }) {
    const { recipe, design, which, augmentation, defence } = settings;
    const all = await dataset();
    const { data, members, nonMembers } = rowsOfModel(all, design, which, await madeRows(design, needs));
    const model = namedModel(settings.model, data.inputShape, data.classes);
    const reserve = defence ? reserveOf(all, design, which, reserveSize(defence, design)) : NO_ROWS;
    const { classifier, epochs, steps, marks } = await trainDefended(await engine(), model, examples(data, members), {
      defence: (defence?.name ?? 'none') as DefenseName,
      options: defence?.options ?? {},
      recipe: {
        epochs: recipe.epochs,
        batchSize: recipe.batchSize,
        optimizer: optimizerOf(recipe),
        ...(augmentation && { augment: augmenter(augmentation) }),
      },
      inputBounds: spaceOf(data),
      ...seedsOf(settings.seed, which),
      ...(reserve.length > 0 && { reserve: examples(data, reserve) }),
      signal,
      checkpoint: checkpoint(),
      onProgress: ({ step, steps }) => progress(step / steps),
    });
    const measure = (rows: Int32Array) => measureSide(classifier, examples(data, rows), signal);
    const { stoppedEarly, trainAccuracy, epsilon, notes } = marks;
    const result = {
      parameters: classifier.parameters,
      epochs,
      steps,
      train: await measure(members),
      out: await measure(nonMembers),
      ...(defence && {
        defended: {
          ...(stoppedEarly !== undefined && { stoppedEarly }),
          trainAccuracy,
          ...(epsilon !== undefined && { epsilon }),
          reserve: reserve.length,
          notes: [...notes],
        },
      }),
    };
    await write(MODEL_FILE, classifier.save());
    return result;
  },
});

/** Changes a batch in place, as `fit` asks for. */
export function augmenter({ flip, shift }: AugmentationSettings) {
  const changes = [
    ...(flip ? [{ kind: 'flip' } as const] : []),
    ...(shift > 0 ? [{ kind: 'shift', most: shift } as const] : []),
  ];
  return (x: Float32Array | Float64Array, [h, w, c]: Shape, rng: Rng) => {
    const shape: ImageShape = [x.length / (h! * w! * c!), h!, w!, c!];
    x.set(augment(Float32Array.from(x), shape, changes, rng));
  };
}
