/** Exported models: onnxruntime answers what Keyhole answers, for every layer, every named model and any number of rows. */
import { onnxOracle } from '../../../attacks/index.ts';
import {
  Classifier,
  ConfigError,
  type Model,
  modelNames,
  namedModel,
  nn,
  ops,
  Rng,
  type Shape,
  sizeOf,
  type Tensor,
  tensorsOf,
} from '../../../engine/index.ts';
import { exporters, exportOnnx, type OnnxExportOptions } from '../../../experiments/export/index.ts';
import { traceModel } from '../../../experiments/export/trace.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { throwsError } from '../../support/throws.ts';

const engine = await testEngine();
const SLOW = { timeout: 60_000 }; // the runtime's wasm is compiled at first
const TOLERANCE = 1e-5;
const CLASSES = 3;
const seen = new Set<string>();

/** A model of these layers and a linear one over what they leave. */
function modelOf(layers: readonly nn.Layer[], inputShape: Shape): Model {
  const body = nn.sequential([...layers, nn.flatten()]);
  const features = engine.run('shape', () => {
    const params = body.init({ engine, rng: Rng.from(0), dtype: 'f32' });
    const first = layers[0]?.name.startsWith('embedding')
      ? new Int32Array(sizeOf(inputShape))
      : new Float32Array(sizeOf(inputShape));
    return body.apply(params, engine.tensor(first, [1, ...inputShape]), nn.EVAL).shape[1]!;
  });
  const layer = nn.sequential([...layers, nn.flatten(), nn.linear({ inputs: features, outputs: CLASSES })]);
  return { ...layer, name: 'tested', inputShape, classes: CLASSES };
}

async function sameAnswers(model: Model, { x = null as Int32Array | null, options = {} as OnnxExportOptions } = {}) {
  const classifier = Classifier.create(engine, model, { seed: 4 });
  try {
    // biases and the like begin as zeros and ones, which hide what is done with them
    const rng = Rng.from(5);
    for (const t of tensorsOf(classifier.params))
      if (t.rank === 1) t.set(Array.from(t.toArray(), (v) => v + 0.3 * rng.normal()));
    for (const { op } of traceModel(classifier, { integers: options.rows === 'int32' }).calls) seen.add(op);
    const oracle = await onnxOracle({ model: exportOnnx(classifier, options), inputShape: model.inputShape });
    for (const rows of [1, 4]) {
      const width = sizeOf(model.inputShape);
      const given = x?.subarray(0, rows * width) ?? Float32Array.from({ length: rows * width }, () => rng.normal());
      const { values } = await oracle.ask(Float32Array.from(given));
      const want = engine.run('want', () => {
        const t = engine.tensor(x ? (given as Int32Array) : (given as Float32Array), [rows, ...model.inputShape]);
        return Array.from(model.apply(classifier.params, t, nn.EVAL).toArray());
      });
      assert.is(values.length, want.length);
      for (const [i, z] of want.entries()) {
        const error = Math.abs(z - values[i]!);
        assert.ok(error <= TOLERANCE * Math.max(1, Math.abs(z)), `${rows} rows, ${i}: ${values[i]} in place of ${z}`);
      }
    }
    await oracle.dispose();
  } finally {
    classifier.dispose();
  }
}

const named = suite('named models as ONNX');
for (const name of modelNames) {
  for (const shape of [[28, 28, 1], [32, 32, 3], [30]] as Shape[]) {
    if (shape.length === 1 && !['softmax', 'mlp'].includes(name)) continue;
    named(`${name} on [${shape}]`, () => sameAnswers(namedModel(name, shape, 10)), SLOW);
  }
}

interface Sample {
  readonly layers: readonly nn.Layer[];
  readonly x: Shape;
  /** whole numbers below this */
  readonly indices?: number;
}
const image = [6, 5, 4];
const conv = (more: Partial<nn.Conv2dOptions> = {}) => nn.conv2d({ inputs: 4, filters: 6, size: 3, ...more });

/** For every function of engine/nn that makes a layer, nets that it is part of. */
const samples: Readonly<Record<string, Readonly<Record<string, Sample>>>> = {
  linear: {
    plain: { layers: [nn.linear({ inputs: 7, outputs: 5 })], x: [7] },
    'without bias, relu': { layers: [nn.linear({ inputs: 7, outputs: 5, bias: false }), nn.relu()], x: [7] },
    'with tanh taken along': { layers: [nn.linear({ inputs: 7, outputs: 5 }), nn.tanh()], x: [7] },
  },
  conv2d: {
    plain: { layers: [conv()], x: image },
    'stride and padding': { layers: [conv({ stride: [2, 1], padding: [1, 2] })], x: image },
    'uneven padding': { layers: [conv({ padding: { top: 2, bottom: 0, left: 1, right: 3 } })], x: image },
    dilated: { layers: [conv({ size: [3, 2], dilation: [2, 3] })], x: image },
    'in groups, without bias': { layers: [conv({ groups: 2, bias: false })], x: image },
    depthwise: { layers: [conv({ groups: 4, filters: 8 })], x: image },
    'relu and pool taken along': { layers: [conv(), nn.relu(), nn.maxPool2d({ size: 2 })], x: image },
    'pool and sigmoid taken along': { layers: [conv(), nn.maxPool2d({ size: 2, stride: 1 }), nn.sigmoid()], x: image },
    'two in a row': { layers: [conv(), nn.tanh(), nn.conv2d({ inputs: 6, filters: 2, size: 2 }), nn.gelu()], x: image },
  },
  maxPool2d: {
    overlapping: { layers: [nn.maxPool2d({ size: [3, 2], stride: [2, 1] })], x: image },
    padded: { layers: [nn.maxPool2d({ size: 3, padding: { top: 1, bottom: 2, left: 0, right: 1 } })], x: image },
    'padded, after a convolution': { layers: [conv(), nn.maxPool2d({ size: 2, padding: 1 }), nn.relu()], x: image },
  },
  avgPool2d: {
    plain: { layers: [nn.avgPool2d({ size: 2 })], x: image },
    'padding counts as zeros': { layers: [nn.avgPool2d({ size: 3, stride: 1, padding: 1 })], x: image },
  },
  groupNorm: {
    images: { layers: [nn.groupNorm(4, 2)], x: image },
    'after a convolution': { layers: [conv(), nn.groupNorm(6, 3, { eps: 1e-3 }), nn.relu()], x: image },
    rows: { layers: [nn.groupNorm(6, 2)], x: [6] },
    sequences: { layers: [nn.groupNorm(6, 2)], x: [5, 6] },
  },
  layerNorm: {
    rows: { layers: [nn.layerNorm(6, { eps: 1e-3 })], x: [6] },
    'images, after a convolution': { layers: [conv(), nn.layerNorm(6)], x: image },
  },
  residual: {
    rows: { layers: [nn.residual(nn.sequential([nn.linear({ inputs: 4, outputs: 4 }), nn.tanh()]))], x: [4] },
    images: { layers: [nn.residual(nn.sequential([conv({ filters: 4, padding: 1 }), nn.relu()]))], x: image },
    'with a shortcut': { layers: [nn.residual(conv({ padding: 1 }), conv({ size: 1 })), nn.relu()], x: image },
  },
  embedding: { words: { layers: [nn.embedding({ rows: 9, width: 4 })], x: [5], indices: 9 } },
  sequential: {
    nested: { layers: [nn.sequential([nn.linear({ inputs: 5, outputs: 6 }), nn.sequential([nn.relu()])])], x: [5] },
  },
  flatten: { images: { layers: [nn.flatten(), nn.linear({ inputs: 120, outputs: 4 })], x: image } },
  dropout: { 'which evaluation leaves out': { layers: [nn.dropout(0.5)], x: [5] } },
  relu: { rows: { layers: [nn.relu()], x: [5] } },
  leakyRelu: { images: { layers: [conv(), nn.leakyRelu(0.2)], x: image } },
  tanh: { rows: { layers: [nn.tanh()], x: [5] } },
  sigmoid: { rows: { layers: [nn.sigmoid()], x: [5] } },
  gelu: { images: { layers: [conv(), nn.gelu()], x: image } },
};

const layers = suite('every layer as ONNX');
layers('is among the samples', () => {
  const makers = Object.entries(nn).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(Object.keys(samples).sort(), makers.sort());
});
for (const [maker, nets] of Object.entries(samples)) {
  for (const [name, { layers: list, x: shape, indices }] of Object.entries(nets)) {
    layers(`${maker}: ${name}`, () => {
      const model = modelOf(list, shape);
      if (indices === undefined) return sameAnswers(model);
      const x = Int32Array.from({ length: 4 * sizeOf(shape) }, (_, i) => (5 * i) % indices);
      return sameAnswers(model, { x, options: { rows: 'int32' } });
    });
  }
}

const own = (name: string, apply: (x: Tensor) => Tensor): nn.Layer => ({
  name,
  init: () => null,
  apply: (_, x) => apply(x),
});
const positive = (x: Tensor) => ops.addScalar(ops.abs(x), 0.5);
/** Layers that somebody writes in ops of the engine. */
const written: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  abs: ops.abs,
  erf: ops.erf,
  exp: ops.exp,
  'log and affine': (x) => ops.log(positive(x)),
  sqrt: (x) => ops.sqrt(positive(x)),
  clamp: (x) => ops.clamp(x, -0.5, 0.25),
  softmax: ops.softmax,
  logSoftmax: ops.logSoftmax,
  'sub, mul, div': (x) => ops.div(ops.sub(ops.mul(x, x), x), positive(x)),
  'maximum, minimum': (x) => ops.minimum(ops.maximum(x, ops.neg(x)), ops.tanh(x)),
  'numbers that the model brings along': (x) => ops.mul(x, x.engine.tensor([1, 2, 3, 4, 5, 6])),
  'transpose, reshape': (x) => ops.transpose(ops.reshape(x, [x.shape[0]!, 2, 3]), [0, 2, 1]),
};
const free = suite('layers of one’s own as ONNX');
for (const [name, apply] of Object.entries(written)) free(name, () => sameAnswers(modelOf([own(name, apply)], [6])));

free('every op with a counterpart has been tried', () => {
  assert.equal([...seen].sort(), Object.keys(exporters).sort());
});

const refused = suite('models that cannot be exported');
const refuse = (apply: (x: Tensor) => Tensor, message: RegExp) => () => {
  const classifier = Classifier.create(engine, modelOf([own('own', apply)], [6]));
  throwsError(() => exportOnnx(classifier), ConfigError, message);
  classifier.dispose();
};
const padded = (x: Tensor) => ops.avgPool2d(ops.reshape(x, [x.shape[0]!, 2, 3, 1]), { size: 2, padding: 2 });
refused(
  'pools of which some windows are padding only',
  refuse(padded, /expected pools with less padding than the window \[2,2\]/),
);
refused(
  'an op without a counterpart',
  refuse((x) => ops.reshape(ops.sum(x, 1), [x.shape[0]!, 1]), /model 'tested': expected ops among .*, got 'sum'/),
);
refused(
  'what depends on the rows without a gradient',
  refuse((x) => ops.mul(x, ops.sign(x)), /numbers that come from the rows by ops with a gradient/),
);
