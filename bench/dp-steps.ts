/**
 * Whole private training steps of the reference nets, to be read beside the rows `step/…`: clipped per-sample gradients,
 * Gaussian noise on their sum, SGD with momentum.
 */
import { addKernels, clippedGrads, type Engine, leaf, namedModel, nn, optim, Rng, tensorsOf } from '../engine/index.ts';
import { SecureRandom } from '../privacy/index.ts';
import type { Job } from './job.ts';
import { LEARNING_RATE, type Net, netJobs, randomBatch, type Stepper } from './steps.ts';

// As in the published comparisons.
const CLIPPING_NORM = 1;
const NOISE_MULTIPLIER = 1;

/** A function that trains one private step of a net on fixed random rows. The engine has the kernels of `privacy`. */
export function privateStep(engine: Engine, net: Net, batch: number): Stepper {
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

export const privateStepJobs = (): Job[] =>
  netJobs('dp-step', [256], async (engine, net, batch) => {
    await addKernels(engine, 'privacy');
    return privateStep(engine, net, batch);
  });
