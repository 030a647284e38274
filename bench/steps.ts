/** Whole training steps of the reference nets: forward, backward, SGD with momentum, one thread. */
import { createEngine, type Engine, namedModel, nn, ops, optim, Rng, sizeOf, valueAndGrad } from '../engine/index.ts';
import type { Job } from './job.ts';
import { keyhole, rateRow, type Work } from './row.ts';
import { stepMemory } from './step-memory.ts';
import { timeOf } from './timing.ts';

/**
 * The nets of the published comparisons: name, shape of one sample, classes, and how often a sample is multiplied on its
 * way forward, by the first layer and by the others.
 */
export const nets = [
  { name: 'mlp', shape: [28, 28, 1], classes: 10, first: 784 * 256, others: 256 * 128 + 128 * 10 },
  { name: 'mnist', shape: [28, 28, 1], classes: 10, first: 14 * 14 * 16 * 64, others: 25 * 32 * 256 + 512 * 32 + 320 },
  {
    name: 'cifar',
    shape: [32, 32, 3],
    classes: 10,
    first: 32 * 32 * 32 * 75,
    others: 16 * 16 * 64 * 800 + 4096 * 128 + 128 * 10,
  },
] as const;

/**
 * GFLOP of one sample's training step, counted as direct products: forward, gradients of the weights, gradients of the
 * inputs (but for those of the first layer, which nobody asks for), two operations each. Zero for an unknown net.
 */
export function stepWork(name: string): number {
  const net = nets.find((n) => n.name === name);
  return net ? (2 * (2 * net.first + 3 * net.others)) / 1e9 : 0;
}

export const batchSizes = [64, 256] as const;

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
        const { grads } = valueAndGrad(loss, params, { release: true });
        state = optimizer.step(params, grads, state);
      }),
    dispose: () => engine.free([params, state, x, y]),
  };
}

/** One job for each net and batch size. */
export function stepJobs(): Job[] {
  return nets.flatMap((net) =>
    batchSizes.map((batch): Job => {
      const name = `step/${net.name}/b${batch}`;
      const work: Work = { amount: batch, unit: 'samples/s' };
      return {
        name,
        work,
        milliseconds: 500,
        async run(build, time) {
          const engine = await createEngine({ build });
          const { step, dispose } = trainingStep(engine, net, batch);
          const memory = stepMemory(engine, step);
          const seconds = timeOf(name, step, time);
          dispose();
          return [{ ...rateRow(name, keyhole(build), work, seconds), memory }];
        },
      };
    }),
  );
}
