/** Whole training steps of the reference nets: forward, backward, SGD with momentum, one thread. */
import { createEngine, type Engine, namedModel, nn, ops, optim, Rng, sizeOf, valueAndGrad } from '../engine/index.ts';
import type { Job } from './job.ts';
import { keyhole, rateRow, type Work } from './row.ts';
import { stepMemory } from './step-memory.ts';
import { timeOf } from './timing.ts';

/** name, shape of one sample, classes: the nets of the published comparisons */
export const nets = [
  { name: 'mlp', shape: [28, 28, 1], classes: 10 },
  { name: 'mnist', shape: [28, 28, 1], classes: 10 },
  { name: 'cifar', shape: [32, 32, 3], classes: 10 },
] as const;
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
