/** jax-js on its WebAssembly backend (in Node 20 one thread: it has no Worker there), through its public functions. */
import { serve, values } from './peer.mjs';

const started = performance.now();
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy: np,
  tree,
  valueAndGrad,
} = await import('@jax-js/jax');
const imported = performance.now();
await init('wasm');
defaultDevice('wasm');
const ready = performance.now();
// It compiles relaxed_madd wherever the process validates it; the probe is its own.
const probe = '0061736d0100000001080160037b7b7b017b030201000a0d010b00200020012002fd85020b';
const relaxed = WebAssembly.validate(Buffer.from(probe, 'hex'));
const subject = { engine: 'jax-js', build: relaxed ? 'relaxed' : 'base', threads: 1 };

function prepare(spec) {
  if (spec.kind === 'sgemm' || spec.kind === 'matmul') return product(spec);
  if (spec.kind === 'conv' && spec.pass === 'forward') return convolution(spec);
  if (spec.net === 'cifar' && spec.batch > 64) return { note: 'left out: one step takes more than a minute' };
  if (spec.kind === 'step' && nets[spec.net]) return trainingStep(spec);
  if (spec.kind === 'kernel') return elementwise(spec);
  return null;
}

/** A compiled function of kept inputs; `fn` owns what it gets, as all functions of jax-js do. */
function compiled(inputs, fn) {
  const run = jit(fn);
  return {
    async call() {
      const y = run(...inputs.map((x) => x.ref));
      await y.blockUntilReady();
      y.dispose();
    },
    dispose() {
      for (const x of inputs) x.dispose();
      run.dispose();
    },
  };
}

const filled = (shape, low, high) =>
  np
    .array(
      values(
        shape.reduce((a, b) => a * b, 1),
        low,
        high,
      ),
    )
    .reshape(shape);

function product({ m, k, n, transA, transB }) {
  const a = filled(transA ? [k, m] : [m, k]);
  const b = filled(transB ? [n, k] : [k, n]);
  return compiled([a, b], (p, q) => np.matmul(transA ? np.transpose(p) : p, transB ? np.transpose(q) : q));
}

function convolution({ batch, channels, height, width, filters, kernel, stride, pad }) {
  const x = filled([batch, channels, height, width]);
  const w = filled([filters, channels, kernel, kernel]);
  const padding = [
    [pad, pad],
    [pad, pad],
  ];
  return compiled([x, w], (p, q) => lax.convGeneralDilated(p, q, [stride, stride], padding));
}

function elementwise({ family, problem }) {
  const fn = {
    abs: np.abs,
    relu: nn.relu,
    sigmoid: nn.sigmoid,
    tanh: np.tanh,
    exp: np.exp,
    sqrt: np.sqrt,
    log: np.log,
  }[family];
  const flat = /^n(\d+)$/.exec(problem);
  if (fn && flat) return compiled([filled([+flat[1]], 0.1, 1)], (x) => fn(x));
  const table = /^(\d+)x(\d+)$/.exec(problem);
  if (family === 'softmax' && table) return compiled([filled([+table[1], +table[2]])], (x) => nn.softmax(x, -1));
  return null;
}

/** Pools windows of 2x2 over NCHW. */
const pool = (x, stride) => lax.reduceWindow(x, (w) => np.max(w), [2, 2], [stride, stride]);
const conv = (x, w, b, stride, pad) =>
  lax
    .convGeneralDilated(
      x,
      w,
      [stride, stride],
      [
        [pad, pad],
        [pad, pad],
      ],
    )
    .add(b.reshape([1, -1, 1, 1]));
const linear = (x, w, b) => np.matmul(x, w).add(b);

// The nets of engine/nn/models.ts, in jax-js's own layout (NCHW).
const nets = {
  mlp: {
    input: [784],
    weights: [[784, 256], [256], [256, 128], [128], [128, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3]) => linear(nn.relu(linear(nn.relu(linear(x, w1, b1)), w2, b2)), w3, b3),
  },
  mnist: {
    input: [1, 28, 28],
    weights: [[16, 1, 8, 8], [16], [32, 16, 4, 4], [32], [512, 32], [32], [32, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3, w4, b4]) => {
      const first = pool(nn.relu(conv(x, w1, b1, 2, 3)), 1);
      const second = pool(nn.relu(conv(first, w2, b2, 2, 0)), 1);
      return linear(nn.relu(linear(second.reshape([second.shape[0], 512]), w3, b3)), w4, b4);
    },
  },
  cifar: {
    input: [3, 32, 32],
    weights: [[32, 3, 5, 5], [32], [64, 32, 5, 5], [64], [4096, 128], [128], [128, 10], [10]],
    apply: (x, [w1, b1, w2, b2, w3, b3, w4, b4]) => {
      const first = pool(np.tanh(conv(x, w1, b1, 1, 2)), 2);
      const second = pool(np.tanh(conv(first, w2, b2, 1, 2)), 2);
      return linear(np.tanh(linear(second.reshape([second.shape[0], 4096]), w3, b3)), w4, b4);
    },
  },
};

function trainingStep({ net, batch }) {
  const { input, weights, apply } = nets[net];
  const [rate, momentum] = [0.01, 0.9];
  const x = filled([batch, ...input], 0, 1);
  const y = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => i % 10)), 10);
  let params = weights.map((shape) => filled(shape, -0.05, 0.05));
  let velocity = weights.map((shape) => np.zeros(shape));
  const loss = (p, inputs, targets) =>
    nn
      .logSoftmax(apply(inputs, p), -1)
      .mul(targets)
      .sum()
      .mul(-1 / batch);
  const step = jit((p, v, inputs, targets) => {
    const [value, grads] = valueAndGrad(loss)(
      p.map((w) => w.ref),
      inputs,
      targets,
    );
    const next = v.map((old, i) => old.mul(momentum).add(grads[i]));
    return [p.map((w, i) => w.sub(next[i].ref.mul(rate))), next, value];
  });
  return {
    async call() {
      const [p, v, value] = step(params, velocity, x.ref, y.ref);
      [params, velocity] = [p, v];
      await blockUntilReady([p, v, value]);
      value.dispose();
    },
    dispose() {
      tree.dispose([params, velocity, x, y]);
      step.dispose();
    },
  };
}

if (process.argv.includes('--startup')) {
  const half = new Float32Array(64 * 64).fill(0.5);
  const a = np.array(half).reshape([64, 64]);
  await np.matmul(a.ref, a).data();
  const [engine, product] = [ready - started, performance.now() - started];
  console.log(JSON.stringify({ build: subject.build, import: imported - started, engine, product }));
} else {
  if (typeof Worker !== 'undefined') throw new Error('jax-js: expected one thread, but this Node has Worker');
  await serve(subject, prepare);
}
