/** Models by name, sized to the data: the reference nets of the benchmarks and a softmax regression. */
import { ConfigError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';
import { conv2d } from './conv2d.ts';
import { fanInUniform, xavierUniform } from './initialisers.ts';
import type { Layer, Model } from './layer.ts';
import { type LinearOptions, linear } from './linear.ts';
import { sequential } from './sequential.ts';
import { flatten, maxPool2d, relu, tanh } from './stateless.ts';

export interface ModelDef {
  readonly name: string;
  readonly title: string;
  readonly paper: string;
  /** rank of one sample that the model takes; null: any */
  readonly rank: 3 | null;
  layers(inputShape: Shape, classes: number): Layer[];
}

/** Follows an image's height and width through windows, shrinking a window that would not fit. */
class Walker {
  h: number;
  w: number;
  c: number;
  constructor(shape: Shape) {
    [this.h, this.w, this.c] = shape as [number, number, number];
  }
  conv(filters: number, size: number, stride: number, pad: number, initialise = {}): Layer {
    const kh = Math.min(size, this.h + 2 * pad);
    const kw = Math.min(size, this.w + 2 * pad);
    const layer = conv2d({ inputs: this.c, filters, size: [kh, kw], stride, padding: pad, ...initialise });
    this.h = Math.floor((this.h + 2 * pad - kh) / stride) + 1;
    this.w = Math.floor((this.w + 2 * pad - kw) / stride) + 1;
    this.c = filters;
    return layer;
  }
  pool(size: number, stride: number): Layer {
    const kh = Math.min(size, this.h);
    const kw = Math.min(size, this.w);
    this.h = Math.floor((this.h - kh) / stride) + 1;
    this.w = Math.floor((this.w - kw) / stride) + 1;
    return maxPool2d({ size: [kh, kw], stride });
  }
  get features(): number {
    return this.h * this.w * this.c;
  }
}

/** Linear layers of these widths, with an activation between them. */
const dense = (
  widths: readonly number[],
  activation: () => Layer,
  options: Pick<LinearOptions, 'initialise' | 'initialiseBias'> = {},
): Layer[] =>
  widths.slice(1).flatMap((outputs, i) => {
    const layer = linear({ inputs: widths[i]!, outputs, ...options });
    return i === 0 ? [layer] : [activation(), layer];
  });

const overlapping = (
  inputShape: Shape,
  classes: number,
  activation: () => Layer,
  options: Pick<LinearOptions, 'initialise'> = {},
): Layer[] => {
  const at = new Walker(inputShape);
  const body = [
    at.conv(16, 8, 2, 3, options),
    activation(),
    at.pool(2, 1),
    at.conv(32, 4, 2, 0, options),
    activation(),
    at.pool(2, 1),
    flatten(),
  ];
  return [...body, ...dense([at.features, 32, classes], activation, options)];
};

export const models = {
  softmax: {
    name: 'softmax',
    title: 'Softmax regression: one linear layer',
    paper: 'Cox 1958',
    rank: null,
    layers: (inputShape, classes) => [flatten(), linear({ inputs: sizeOf(inputShape), outputs: classes })],
  },
  mlp: {
    name: 'mlp',
    title: 'Fully connected 256-128, relu',
    paper: 'Rumelhart, Hinton & Williams 1986',
    rank: null,
    layers: (inputShape, classes) => [flatten(), ...dense([sizeOf(inputShape), 256, 128, classes], relu)],
  },
  mnist: {
    name: 'mnist',
    title: 'Two strided convolutions 16-32 with overlapping max-pools, fc 32, relu',
    paper: "the Opacus MNIST example's network (Yousefpour et al. 2021)",
    rank: 3,
    layers: (inputShape, classes) => overlapping(inputShape, classes, relu),
  },
  'mnist-tanh': {
    name: 'mnist-tanh',
    title: 'The mnist network with tanh, whose bounded outputs suit clipped gradients',
    paper: 'Papernot, Thakurta, Song, Chien & Erlingsson 2020, table 1',
    rank: 3,
    layers: (inputShape, classes) => overlapping(inputShape, classes, tanh, { initialise: xavierUniform }),
  },
  'mnist-strided': {
    name: 'mnist-strided',
    title: 'Two strided 4x4 convolutions 16-32, fc 100, relu',
    paper: 'Wong, Rice & Kolter 2020, the network of their MNIST experiments (section 5.1)',
    rank: 3,
    layers(inputShape, classes) {
      const at = new Walker(inputShape);
      // as the authors' framework starts them
      const options = { initialise: fanInUniform, initialiseBias: fanInUniform };
      const body = [at.conv(16, 4, 2, 1, options), relu(), at.conv(32, 4, 2, 1, options), relu(), flatten()];
      return [...body, ...dense([at.features, 100, classes], relu, options)];
    },
  },
  cifar: {
    name: 'cifar',
    title: 'Two 5x5 convolutions 32-64 with max-pools, fc 128, tanh',
    paper: 'after Shokri et al. 2017, section VI',
    rank: 3,
    layers(inputShape, classes) {
      const at = new Walker(inputShape);
      const initialise = { initialise: xavierUniform };
      const body = [
        at.conv(32, 5, 1, 2, initialise),
        tanh(),
        at.pool(2, 2),
        at.conv(64, 5, 1, 2, initialise),
        tanh(),
        at.pool(2, 2),
        flatten(),
      ];
      return [...body, ...dense([at.features, 128, classes], tanh, initialise)];
    },
  },
} as const satisfies Record<string, ModelDef>;

export type ModelName = keyof typeof models;
export const modelNames = Object.keys(models) as ModelName[];

/**
 * A named model for samples of a shape.
 * @param inputShape [h, w, c], or [features] for the models that take any shape
 * @throws ConfigError for an unknown name or a shape that the model cannot take
 */
export function namedModel(name: string, inputShape: Shape, classes: number): Model<readonly unknown[]> {
  const def: ModelDef | undefined = Object.hasOwn(models, name) ? models[name as ModelName] : undefined;
  if (!def)
    throw new ConfigError(`model: expected one of ${modelNames.join(', ')}, got '${name}'.`, 'model', modelNames);
  if (def.rank !== null && inputShape.length !== def.rank) {
    throw new ConfigError(
      `model '${name}': expected images [h, w, channels], got samples of shape [${inputShape}]. Use softmax or mlp for tables.`,
      'model',
      modelNames,
    );
  }
  return { ...sequential(def.layers(inputShape, classes)), name, inputShape, classes };
}
