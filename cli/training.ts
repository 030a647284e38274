/** Training as `keyhole train` offers it: parts of the data, learning-rate schedules, changes to images. */
import {
  type Augmentation,
  augment,
  type Dataset,
  fitStandardiser,
  stratifiedSplit,
  withTransform,
} from '../data/index.ts';
import { ConfigError, type FitOptions, optim, type Rng } from '../engine/index.ts';
import type { Recipe } from '../experiments/index.ts';
import { didYouMean } from './suggest.ts';

export interface PartSizes {
  /** default: all rows that are left */
  readonly trainSize?: number;
  /** share of the rows beside the test part; default 0 */
  readonly validation?: number;
  /** share of all rows, where the set has no official test part; default 0.2 */
  readonly test?: number;
}

export interface Parts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * Disjoint, stratified parts; the official test part where there is one.
 * @throws ConfigError when there are too few rows
 */
export function trainingParts({ y, size, classes, split }: Dataset, sizes: PartSizes, rng: Rng): Parts {
  const test = split ? size - split.train : Math.round(size * (sizes.test ?? 0.2));
  const rest = size - test;
  const validation = Math.round(rest * (sizes.validation ?? 0));
  const train = sizes.trainSize ?? rest - validation;
  if (train < 1 || train + validation > rest) {
    throw new ConfigError(
      `train: expected ${train} rows to train on and ${validation} to validate on, there are ${rest} beside the ${test} test rows. ` +
        'Use a smaller --train-size or --validation.',
      'trainSize',
    );
  }
  if (!split) return stratifiedSplit(y, classes, { train, validation, test }, rng);
  const parts = stratifiedSplit(y.subarray(0, split.train), classes, { train, validation }, rng);
  return { ...parts, test: Int32Array.from({ length: test }, (_, i) => split.train + i) };
}

/** Tables are standardised by the training rows alone. */
export function scaledBy(dataset: Dataset, train: Int32Array): Dataset {
  return dataset.schema.kind === 'table' ? withTransform(dataset, fitStandardiser(dataset, train)) : dataset;
}

export const scheduleNames = ['constant', 'cosine', 'step', 'exponential', 'inverse-time'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** what the rate has been multiplied by after `scheduleEvery` epochs */
  readonly scheduleFactor: number;
  /** epochs */
  readonly scheduleEvery: number;
  /** epochs */
  readonly warmup: number;
}

/** @param perEpoch steps an epoch */
export function scheduleOf(o: ScheduleOptions & Recipe, perEpoch: number): optim.Schedule {
  const { learningRate: rate, scheduleFactor: factor } = o;
  const every = Math.max(1, Math.round(o.scheduleEvery * perEpoch));
  const rising = Math.round(o.warmup * perEpoch);
  const after = Math.max(1, o.epochs * perEpoch - rising);
  const schedules: Readonly<Record<ScheduleName, () => optim.Schedule>> = {
    constant: () => optim.schedules.constant(rate),
    cosine: () => optim.schedules.cosine(rate, after),
    step: () => optim.schedules.stepDecay(rate, every, factor),
    exponential: () => optim.schedules.exponential(rate, every, factor),
    'inverse-time': () => optim.schedules.inverseTime(rate, (1 / factor - 1) / every),
  };
  const schedule = schedules[o.schedule]();
  return rising > 0 ? optim.schedules.warmup(rising, schedule) : schedule;
}

export function scheduledOptimizer(recipe: Recipe, learningRate: optim.Schedule): optim.Optimizer {
  const { optimizer, momentum, weightDecay } = recipe;
  if (optimizer === 'sgd') return optim.sgd({ learningRate, momentum, weightDecay });
  return (optimizer === 'adam' ? optim.adam : optim.adamW)({ learningRate, weightDecay });
}

const changes: Readonly<Record<string, { readonly fallback: number; make(amount: number): Augmentation }>> = {
  flip: { fallback: 0.5, make: (probability) => ({ kind: 'flip', probability }) },
  shift: { fallback: 2, make: (most) => ({ kind: 'shift', most }) },
  crop: { fallback: 4, make: (padding) => ({ kind: 'crop', padding }) },
  rotate: { fallback: 15, make: (degrees) => ({ kind: 'rotate', degrees }) },
};
export const changeNames = Object.keys(changes);

/** `flip,shift=3` -> changes in that order. @throws ConfigError */
export function parseAugment(text: string): Augmentation[] {
  return text.split(',').map((part) => {
    const [name = '', amount] = part.trim().split('=');
    const known = changes[name];
    if (!known) {
      throw new ConfigError(
        `--augment ${part}: expected one of ${changeNames.join(', ')}.${didYouMean(name, changeNames)}`,
        'augment',
        changeNames,
      );
    }
    const value = amount === undefined ? known.fallback : amount === '' ? Number.NaN : Number(amount);
    if (!(value >= 0 && Number.isFinite(value)))
      throw new ConfigError(
        `--augment ${part}: expected ${name}=NUMBER, such as ${name}=${known.fallback}.`,
        'augment',
      );
    return known.make(value);
  });
}

/** @throws ConfigError unless the data are images and the amounts are in range */
export function augmentBatch(list: readonly Augmentation[], { inputShape, name }: Dataset): FitOptions['augment'] {
  if (inputShape.length !== 3) {
    throw new ConfigError(
      `--augment: expected images, got rows of shape [${inputShape}] in ${name}. Leave the option out for tables.`,
      'augment',
    );
  }
  const [height, width, channels] = inputShape as [number, number, number];
  const change = (x: Float32Array, rng: Rng) =>
    augment(x, [x.length / (height * width * channels), height, width, channels], list, rng);
  return (x, _, rng) => x.set(change(x as Float32Array, rng));
}
