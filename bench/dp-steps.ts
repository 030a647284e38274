/**
 * Whole private training steps of the reference nets, to be read beside the rows `step/…`: clipped per-sample gradients,
 * Gaussian noise on their sum, SGD with momentum.
 */
import {
  addKernels,
  clippedGrads,
  createEngine,
  type Engine,
  leaf,
  namedModel,
  nn,
  optim,
  Rng,
  tensorsOf,
} from '../engine/index.ts';
import { SecureRandom } from '../privacy/index.ts';
import { type Job, threadCounts } from './job.ts';
import { keyhole, type Row, rateRow, type Work } from './row.ts';
import { stepMemory } from './step-memory.ts';
import { LEARNING_RATE, type Net, nets, randomBatch, STEADY_MS } from './steps.ts';
import { timeOf } from './timing.ts';

// As in the published comparisons.
const CLIPPING_NORM = 1;
const NOISE_MULTIPLIER = 1;

/** A function that trains one private step of a net on fixed random rows. The engine has the kernels of `privacy`. */
export function privateStep(engine: Engine, net: Net, batch: number): { step: () => void; dispose: () => void } {
  const rng = Rng.from(1);
  const model = namedModel(net.name, net.shape, net.classes);
  const params = engine.keep(model.init({ engine, rng: rng.split('init'), dtype: 'f32' }));
  const optimizer = optim.sgd({ learningRate: LEARNING_RATE, momentum: 0.9 }); // the gradients are sums
  let state = engine.keep(optimizer.init(params));
  const [x, y] = engine.keep(randomBatch(engine, net, batch, rng));
  const noise = SecureRandom.secure();
  const step = () =>
    engine.run('step', () => {
      const loss = (p: typeof params) => nn.losses.crossEntropy(model.apply(p, leaf(x), { mode: 'train' }), y);
      const { sum } = clippedGrads(loss, params, { clip: { kind: 'flat', norm: CLIPPING_NORM } });
      for (const t of tensorsOf(sum)) noise.addGaussian(t, NOISE_MULTIPLIER * CLIPPING_NORM);
      state = optimizer.step(params, sum, state);
    });
  return { step, dispose: () => engine.free([params, state, x, y]) };
}

/** One job for each net. */
export function privateStepJobs(): Job[] {
  const batch = 256;
  return nets.map((net): Job => {
    const name = `dp-step/${net.name}/b${batch}`;
    const work: Work = { amount: batch, unit: 'samples/s' };
    return {
      name,
      work,
      milliseconds: STEADY_MS,
      async run(build, time) {
        const rows: Row[] = [];
        for (const threads of threadCounts(time)) {
          const engine = await createEngine({ build, threads });
          await addKernels(engine, 'privacy');
          await engine.startThreads();
          const { step, dispose } = privateStep(engine, net, batch);
          const memory = stepMemory(engine, step);
          const seconds = timeOf(name, step, time);
          dispose();
          engine.dispose();
          rows.push({ ...rateRow(name, { ...keyhole(build), threads }, work, seconds), memory });
        }
        return rows;
      },
    };
  });
}
