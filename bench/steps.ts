/** Whole training steps of the reference nets: forward, backward, SGD with momentum, one thread. */
import { Bench } from 'tinybench';
import {
  type Build,
  createEngine,
  type Engine,
  namedModel,
  nn,
  ops,
  optim,
  Rng,
  sizeOf,
  valueAndGrad,
} from '../engine/index.ts';
import { type Row, rateRow, type Samples } from './row.ts';

/** name, shape of one sample, classes: the nets of the published comparisons */
export const nets = [
  { name: 'mlp', shape: [28, 28, 1], classes: 10 },
  { name: 'mnist', shape: [28, 28, 1], classes: 10 },
  { name: 'cifar', shape: [32, 32, 3], classes: 10 },
] as const;
export const batchSizes = [64, 256] as const;

export interface TimeOptions {
  /** at least; default 15 */
  readonly samples?: number;
  /** of warm-up and of measurement each, at least; default 500 */
  readonly milliseconds?: number;
}

/** Seconds of one call of `fn`, after warm-up. */
export function timeOf(name: string, fn: () => void, { samples = 15, milliseconds = 500 }: TimeOptions = {}): Samples {
  const bench = new Bench({
    iterations: samples,
    time: milliseconds,
    warmupIterations: 5,
    warmupTime: milliseconds,
    retainSamples: true,
  });
  bench.add(name, fn);
  bench.runSync();
  const result = bench.tasks[0]!.result;
  if (!('latency' in result)) throw new Error(`${name}: the bench did not complete`);
  const { p50, min, max } = result.latency;
  return { median: p50 / 1000, min: min / 1000, max: max / 1000 };
}

/** A function that trains one step of a net on fixed random rows. */
export function trainingStep(
  engine: Engine,
  net: (typeof nets)[number],
  batch: number,
): { step: () => void; dispose: () => void } {
  const rng = Rng.from(1);
  const model = namedModel(net.name, net.shape, net.classes);
  const params = engine.keep(model.init({ engine, rng: rng.split('init'), dtype: 'f32' }));
  const optimizer = optim.sgd({ learningRate: 0.01, momentum: 0.9 });
  let state = engine.keep(optimizer.init(params));
  const size = sizeOf(net.shape);
  const x = engine.keep(
    engine.tensor(
      Float32Array.from({ length: batch * size }, () => rng.uniform()),
      [batch, ...net.shape],
    ),
  );
  const y = engine.keep(engine.tensor(Int32Array.from({ length: batch }, () => rng.below(net.classes))));
  return {
    step: () =>
      engine.run('step', () => {
        const loss = (p: typeof params) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, { mode: 'train' }), y));
        const { grads } = valueAndGrad(loss, params);
        state = optimizer.step(params, grads, state);
      }),
    dispose: () => engine.free([params, state, x, y]),
  };
}

export interface StepRowsOptions extends TimeOptions {
  readonly builds: readonly Build[];
  readonly wants: (name: string) => boolean;
  readonly onRow: (row: Row) => void;
}

export async function stepRows({ builds, wants, onRow, ...timing }: StepRowsOptions): Promise<void> {
  for (const net of nets) {
    for (const batch of batchSizes) {
      const name = `step/${net.name}/b${batch}`;
      if (!wants(name)) continue;
      for (const build of builds) {
        const engine = await createEngine({ build });
        const { step, dispose } = trainingStep(engine, net, batch);
        const seconds = timeOf(name, step, timing);
        dispose();
        onRow(rateRow({ name, engine: 'keyhole', build, threads: 1, unit: 'samples/s' }, batch, seconds));
      }
    }
  }
}
