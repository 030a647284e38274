/** TensorFlow.js on its WebAssembly backend (XNNPACK, SIMD; Node gets no threads from it), through its public functions. */
import { serve, values } from './peer.mjs';

const started = performance.now();
const tf = await import('@tensorflow/tfjs-core');
const wasm = await import('@tensorflow/tfjs-backend-wasm');
const imported = performance.now();
wasm.setThreadsCount(1); // before the backend starts, which would take every core where it can
await tf.setBackend('wasm');
await tf.ready();
const ready = performance.now();
const subject = { engine: 'tfjs-wasm', build: 'simd', threads: wasm.getThreadsCount() };
if (subject.threads !== 1) throw new Error(`tfjs-wasm: expected one thread, got ${subject.threads}`);

/**
 * The backend lacks the gradient of convolution filters, without which no convolutional net trains. This is what its user can
 * add in an evening: the convolution of x, samples for channels, by dy, spread by the stride.
 */
const FILTER_GRADIENT =
  'tfjs-wasm has no gradient of convolution filters; in the rows named simd+ it has the one of bench/peers/tfjs.mjs';
tf.registerKernel({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs: { x, dy }, attrs: { strides, pad, dimRoundingMode, filterShape } }) =>
    tf.tidy(() => {
      const { padInfo } = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
      const { top, bottom, left, right } = padInfo;
      const padded = tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
      const samplesLast = tf.transpose(padded, [3, 1, 2, 0]);
      const filter = tf.transpose(dy, [1, 2, 0, 3]);
      const gradient = tf.conv2d(samplesLast, filter, 1, 'valid', 'NHWC', strides);
      const [height, width, channels, filters] = filterShape;
      return tf.transpose(tf.slice(gradient, [0, 0, 0, 0], [channels, height, width, filters]), [1, 2, 0, 3]);
    }),
});

function prepare(spec) {
  if (spec.kind === 'sgemm' || spec.kind === 'matmul') return product(spec);
  if (spec.kind === 'conv' && spec.pass === 'forward') return convolution(spec);
  if (spec.kind === 'step' && nets[spec.net]) return trainingStep(spec);
  if (spec.kind === 'kernel') return elementwise(spec);
  return null;
}

/** Keeps the inputs, frees each result. */
const forward = (inputs, fn) => ({ call: () => fn(...inputs).dispose(), dispose: () => tf.dispose(inputs) });

function product({ m, k, n, transA, transB }) {
  const a = tf.tensor2d(values(m * k), transA ? [k, m] : [m, k]);
  const b = tf.tensor2d(values(k * n), transB ? [n, k] : [k, n]);
  return forward([a, b], () => tf.matMul(a, b, transA, transB));
}

function convolution({ batch, channels, height, width, filters, kernel, stride, pad }) {
  const x = tf.tensor4d(values(batch * height * width * channels), [batch, height, width, channels]);
  const w = tf.tensor4d(values(kernel * kernel * channels * filters), [kernel, kernel, channels, filters]);
  return forward([x, w], () => tf.conv2d(x, w, stride, pad));
}

function elementwise({ family, problem }) {
  const fn = {
    abs: tf.abs,
    relu: tf.relu,
    sigmoid: tf.sigmoid,
    tanh: tf.tanh,
    exp: tf.exp,
    sqrt: tf.sqrt,
    log: tf.log,
  }[family];
  const flat = /^n(\d+)$/.exec(problem);
  if (fn && flat) return forward([tf.tensor1d(values(+flat[1], 0.1, 1))], fn);
  const table = /^(\d+)x(\d+)$/.exec(problem);
  if (family === 'softmax' && table) {
    const [rows, columns] = [+table[1], +table[2]];
    return forward([tf.tensor2d(values(rows * columns), [rows, columns])], (x) => tf.softmax(x));
  }
  return null;
}

const linear = (x, w, b) => tf.add(tf.matMul(x, w), b);

// The nets of engine/nn/models.ts, in tfjs's own layout (NHWC).
const nets = {
  mlp: {
    input: [784],
    weights: [[784, 256], [256], [256, 128], [128], [128, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3]) => linear(tf.relu(linear(tf.relu(linear(x, w1, b1)), w2, b2)), w3, b3),
  },
  mnist: {
    input: [28, 28, 1],
    weights: [[8, 8, 1, 16], [16], [4, 4, 16, 32], [32], [512, 32], [32], [32, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3, w4, b4]) => {
      const first = tf.maxPool(tf.relu(tf.add(tf.conv2d(x, w1, 2, 3), b1)), 2, 1, 'valid');
      const second = tf.maxPool(tf.relu(tf.add(tf.conv2d(first, w2, 2, 'valid'), b2)), 2, 1, 'valid');
      return linear(tf.relu(linear(tf.reshape(second, [x.shape[0], 512]), w3, b3)), w4, b4);
    },
  },
  cifar: {
    input: [32, 32, 3],
    weights: [[5, 5, 3, 32], [32], [5, 5, 32, 64], [64], [4096, 128], [128], [128, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3, w4, b4]) => {
      const first = tf.maxPool(tf.tanh(tf.add(tf.conv2d(x, w1, 1, 'same'), b1)), 2, 2, 'valid');
      const second = tf.maxPool(tf.tanh(tf.add(tf.conv2d(first, w2, 1, 'same'), b2)), 2, 2, 'valid');
      return linear(tf.tanh(linear(tf.reshape(second, [x.shape[0], 4096]), w3, b3)), w4, b4);
    },
  },
};

function trainingStep({ net, batch }) {
  const { input, weights, apply } = nets[net];
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const x = tf.tensor(values(batch * size(input), 0, 1), [batch, ...input]);
  const classes = tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i % 10));
  const y = tf.cast(tf.oneHot(classes, 10), 'float32');
  classes.dispose();
  const variables = weights.map((shape) => tf.variable(tf.tensor(values(size(shape), -0.05, 0.05), shape)));
  const optimizer = tf.train.momentum(0.01, 0.9);
  const call = () => optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, apply(x, variables)), false, variables);
  const dispose = () => {
    tf.dispose([x, y, variables]);
    optimizer.dispose();
  };
  try {
    call();
  } catch (error) {
    dispose();
    return { note: `cannot train: ${error.message.split('\n')[0]}` };
  }
  return { call, dispose, ...(net !== 'mlp' && { build: 'simd+', note: FILTER_GRADIENT }) };
}

if (process.argv.includes('--startup')) {
  const half = new Float32Array(64 * 64).fill(0.5);
  tf.matMul(tf.tensor2d(half, [64, 64]), tf.tensor2d(half, [64, 64])).dataSync();
  const [engine, product] = [ready - started, performance.now() - started];
  console.log(JSON.stringify({ build: subject.build, import: imported - started, engine, product }));
} else {
  // The core's Node bundle has no gradients; that of the layers registers them.
  await import('@tensorflow/tfjs-layers');
  await serve(subject, prepare);
}
