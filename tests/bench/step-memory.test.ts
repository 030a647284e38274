import { stepMemory } from '../../bench/step-memory.ts';
import { nets, trainingStep } from '../../bench/steps.ts';
import { createEngine, type Tensor } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench: memory of a training step');

for (const net of nets) {
  test(`${net.name}: nothing fresh after the second step, and the peak is there again in the next one`, async () => {
    const engine = await createEngine();
    const { step, dispose } = trainingStep(engine, net, 8);
    const first = stepMemory(engine, step);
    assert.is(first.freshBytes, 0);
    assert.ok(first.peakBytes > 0);
    assert.equal(stepMemory(engine, step), first);
    dispose();
  });
}

test('a step that keeps something is found', async () => {
  const engine = await createEngine();
  const kept: Tensor[] = [];
  const { freshBytes } = stepMemory(engine, () => {
    kept.push(engine.full([1024], 1));
  });
  assert.is(freshBytes, 3 * 4096);
});

test('the peak is counted from what is live between the steps, and not from an earlier one', async () => {
  const engine = await createEngine();
  const kept = engine.full([2048], 1);
  engine.run('much', () => void engine.full([1 << 20], 1));
  const before = engine.stats();
  assert.ok(before.peakBytes >= before.liveBytes + (4 << 20));
  const { peakBytes } = stepMemory(engine, () => engine.run('step', () => void engine.full([1024], 1)));
  assert.is(peakBytes, 4096);
  kept.dispose();
});
