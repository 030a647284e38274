/**
 * A network that says how a number s of a record is distributed: s | x, y ~ N(mu(x, y), sigma(x, y)^2), by the likelihood,
 *
 *   loss = log sigma + ((s - mu) / sigma)^2 / 2,   quantile of level q = mu + sigma Phi^-1(q),
 *
 * of one hidden layer over the standardised inputs and the label. The last layer starts at 0, so training starts from one
 * normal distribution for all records, and rows held out say when to stop.
 *
 * Source: Bertran et al. 2023, Scalable membership inference attacks via quantile regression (NeurIPS), section 3, appendix.
 */
import {
  type Engine,
  nn,
  ops,
  optim,
  type Pacer,
  type Rng,
  type Rows,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from '../../engine/index.ts';
import { exp } from '../../engine/math/index.ts';

export interface QuantileNetworkOptions {
  readonly classes: number;
  readonly hidden: number;
  /** at most */
  readonly epochs: number;
  readonly rng: Rng;
  readonly pacer: Pacer;
}

export interface QuantileNetwork {
  /** (s - mu) / sigma of each row: where s stands in the distribution that the network expects [n] */
  standing(rows: Rows, s: Float64Array): Promise<Float64Array>;
  /** the same of the rows that were held out from training */
  readonly heldOut: Float64Array;
  /** epochs whose parameters were kept, 0: the same distribution for all records was the best */
  readonly epochs: number;
  dispose(): void;
}

const BATCH = 64;
/** One row in so many says when to stop, and what the network's errors are on rows it has not seen. */
const HOLD_OUT = 4;
const PATIENCE = 5;
/** of the logarithm of sigma: a row that is predicted exactly does not drive it to 0 */
const LOG_SIGMA = 5;

/** Fits the network to s [n] of labelled rows. */
export async function fitQuantileNetwork(
  engine: Engine,
  rows: Rows,
  s: Float64Array,
  o: QuantileNetworkOptions,
): Promise<QuantileNetwork> {
  const { classes, hidden, rng, pacer } = o;
  const n = rows.y.length;
  const order = rng.split('hold out').permutation(n);
  const cut = Math.floor(n / HOLD_OUT);
  const [held, used] = [order.slice(0, cut), order.slice(cut)];
  const inputs = standardiser(rows, used, classes);
  const { mean, std } = momentsOf(used.length, (i) => s[used[i]!]!);
  const units = s.map((v) => (v - mean) / std);
  const body = nn.linear({ inputs: inputs.width, outputs: hidden });
  const model = nn.sequential([
    body,
    nn.relu(),
    nn.linear({ inputs: hidden, outputs: 2, initialise: nn.initialisers.zeros }),
  ]);
  const params = engine.keep(
    engine.run('initialise', () => model.init({ engine, rng: rng.split('init'), dtype: 'f32' }) as never),
  );
  const optimizer = optim.adamW({ learningRate: 1e-3 });
  let state = engine.keep(optimizer.init(params));

  const trainBatch = (batch: Int32Array) =>
    engine.run('quantile step', () => {
      const x = engine.tensor(inputs.of(rows, batch), [batch.length, inputs.width]);
      const wanted = engine.tensor(
        Float32Array.from(batch, (i) => units[i]!),
        [batch.length, 1],
      );
      const loss = (p: unknown) => ops.mean(normalLoss(model.apply(p as never, x, nn.EVAL), wanted));
      const { grads } = valueAndGrad(loss, params, { release: true });
      state = optimizer.step(params, grads as never, state);
    });
  /** mu and log sigma of rows [n, 2] */
  const predict = async (of: Rows, which: Int32Array): Promise<Float64Array> => {
    const out = new Float64Array(which.length * 2);
    for (let at = 0; at < which.length; at += 4 * BATCH) {
      const batch = which.subarray(at, at + 4 * BATCH);
      engine.run('quantiles', () =>
        engine.noGrad(() => {
          const x = engine.tensor(inputs.of(of, batch), [batch.length, inputs.width]);
          out.set(model.apply(params, x, nn.EVAL).view(), at * 2);
        }),
      );
      await pacer.breathe();
    }
    return out;
  };
  const standingOf = async (of: Rows, which: Int32Array, value: (i: number) => number) => {
    const p = await predict(of, which);
    return Float64Array.from(which, (i, at) => (value(i) - p[2 * at]!) * exp(-limited(p[2 * at + 1]!)));
  };
  const heldOutLoss = async () => {
    const p = await predict(rows, held);
    let sum = 0;
    for (const [at, i] of held.entries()) {
      const z = (units[i]! - p[2 * at]!) * exp(-limited(p[2 * at + 1]!));
      sum += limited(p[2 * at + 1]!) + (z * z) / 2;
    }
    return sum / held.length;
  };

  const snapshot = () => tensorsOf(params).map((t: Tensor) => t.toArray());
  let best = { loss: await heldOutLoss(), epoch: 0, values: snapshot() };
  try {
    for (let epoch = 1; epoch <= o.epochs && epoch - best.epoch <= PATIENCE; epoch++) {
      const shuffled = rng.split(`epoch ${epoch}`).permutation(used.length);
      for (let at = 0; at < used.length; at += BATCH) {
        trainBatch(shuffled.subarray(at, at + BATCH).map((i) => used[i]!));
        await pacer.breathe();
      }
      const loss = await heldOutLoss();
      if (loss < best.loss) best = { loss, epoch, values: snapshot() };
    }
    for (const [i, t] of tensorsOf(params).entries()) t.set(best.values[i]!);
    const heldOut = await standingOf(rows, held, (i) => units[i]!);
    return {
      heldOut,
      epochs: best.epoch,
      standing: (of, values) => standingOf(of, Int32Array.from(of.y.keys()), (i) => (values[i]! - mean) / std),
      dispose: () => engine.free(params),
    };
  } catch (error) {
    engine.free(params);
    throw error;
  } finally {
    engine.free(state);
  }
}

const limited = (logSigma: number) => Math.min(LOG_SIGMA, Math.max(-LOG_SIGMA, logSigma));

/** outputs [n, 2], wanted [n, 1] -> [n, 1] */
function normalLoss(outputs: Tensor, wanted: Tensor): Tensor {
  const n = outputs.shape[0]!;
  const mu = ops.slice(outputs, [0, 0], [n, 1]);
  const logSigma = ops.clamp(ops.slice(outputs, [0, 1], [n, 1]), -LOG_SIGMA, LOG_SIGMA);
  const z = ops.mul(ops.sub(wanted, mu), ops.exp(ops.neg(logSigma)));
  return ops.add(logSigma, ops.scale(ops.mul(z, z), 0.5));
}

/** Rows as the network takes them: features in units of their deviation, then the label as one of `classes`. */
function standardiser({ x, y }: Rows, used: Int32Array, classes: number) {
  const features = x.length / y.length;
  const moments = Array.from({ length: features }, (_, j) =>
    momentsOf(used.length, (i) => x[used[i]! * features + j]!),
  );
  const width = features + classes;
  return {
    width,
    of(rows: Rows, which: Int32Array): Float32Array {
      const out = new Float32Array(which.length * width);
      for (const [at, i] of which.entries()) {
        for (let j = 0; j < features; j++) {
          out[at * width + j] = (rows.x[i * features + j]! - moments[j]!.mean) / moments[j]!.std;
        }
        out[at * width + features + rows.y[i]!] = 1;
      }
      return out;
    },
  };
}

/** Mean and deviation of n numbers; the deviation of constant ones is 1. */
function momentsOf(n: number, value: (i: number) => number): { mean: number; std: number } {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += value(i) / n;
  let square = 0;
  for (let i = 0; i < n; i++) square += (value(i) - mean) ** 2 / n;
  const std = Math.sqrt(square);
  return { mean, std: std > 1e-12 * Math.max(1, Math.abs(mean)) ? std : 1 };
}
