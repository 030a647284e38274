import { createEngine, namedModel } from '../../engine/index.ts';
import { defaultRecipe, multiplyAdds, planThreads, type TrainingWork, trainingWork } from '../../experiments/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('how many threads a training gets');

const TINY: TrainingWork = { models: 9, steps: 20, multiplyAdds: 1e5 };
/** ten seconds a model in small steps: splitting them costs as much as it brings */
const SMALL: TrainingWork = { models: 9, steps: 30_000, multiplyAdds: 1e5 };
/** a minute a model in steps of half a second */
const LARGE: TrainingWork = { models: 9, steps: 120, multiplyAdds: 2.5e9 };
const how = (asked: number | 'auto', work: TrainingWork, cores: number, kernels = true) => {
  const plan = planThreads(asked, work, { cores, kernels });
  return `${plan.how} ${plan.count}`;
};

test('auto: many models train at the same time, as many as there are cores, at most all', () => {
  assert.is(how('auto', SMALL, 2), 'models 2');
  assert.is(how('auto', LARGE, 2), 'models 2');
  assert.is(how('auto', SMALL, 8), 'models 8');
  assert.is(how('auto', SMALL, 64), 'models 9');
  assert.is(how('auto', { ...SMALL, models: 2 }, 8), 'models 2');
});

test('auto: one large model splits its kernels, and so do fewer large models than cores', () => {
  assert.is(how('auto', { ...LARGE, models: 1 }, 2), 'kernels 2');
  assert.is(how('auto', { ...LARGE, models: 2 }, 8), 'kernels 8');
  assert.is(how('auto', { ...LARGE, models: 2 }, 2), 'models 2');
});

test('auto: one thread for tiny work, small steps of one model, and one core', () => {
  assert.is(how('auto', TINY, 8), 'one 1');
  assert.is(how('auto', { ...SMALL, models: 1 }, 8), 'one 1');
  assert.is(how('auto', LARGE, 1), 'one 1');
  assert.is(how('auto', { ...LARGE, models: 0 }, 8), 'one 1');
});

test('a number is taken by its word, whatever the cores', () => {
  assert.is(how(1, LARGE, 8), 'one 1');
  assert.is(how(2, TINY, 1), 'models 2');
  assert.is(how(20, SMALL, 2), 'models 9');
  assert.is(how(4, { ...TINY, models: 1 }, 1), 'kernels 4');
});

test('without threads for kernels there are models, or one thread', () => {
  assert.is(how('auto', { ...LARGE, models: 2 }, 8, false), 'models 2');
  assert.is(how('auto', { ...LARGE, models: 1 }, 8, false), 'one 1');
  assert.is(how(4, { ...LARGE, models: 1 }, 8, false), 'one 1');
});

test('the work: every weight once for each place where it is applied', async () => {
  const engine = await createEngine();
  const macs = (name: string, shape: number[]) => multiplyAdds(engine, namedModel(name, shape, 10));
  assert.is(macs('softmax', [64]), 640);
  assert.is(macs('mlp', [8, 8, 1]), 64 * 256 + 256 * 128 + 128 * 10);
  const fc = 64 * 8 * 8 * 128 + 128 * 10;
  assert.is(macs('cifar', [32, 32, 3]), 32 * 32 * (75 * 32) + 16 * 16 * (25 * 32 * 64) + fc);
  const model = namedModel('softmax', [64], 10);
  const work = trainingWork(engine, { model, models: 3, rows: 100, recipe: { ...defaultRecipe, epochs: 2 } });
  assert.equal(work, { models: 3, steps: 8, multiplyAdds: 32 * 640 });
  assert.is(engine.stats().tensors, 0);
});
