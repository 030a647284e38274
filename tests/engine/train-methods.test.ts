/** Functions that change a training step: losses that know the epoch, batches, tensors that are trained alongside. */
import { createHash } from 'node:crypto';
import { Classifier, ConfigError, type FitOptions, FormatError, type Model, nn, ops } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const data = noise(1, 30, [5], 3);
const model: Model = {
  ...nn.sequential([nn.linear({ inputs: 5, outputs: 3 })]),
  name: 'net',
  inputShape: [5],
  classes: 3,
};
// 4 steps an epoch, the last of 6 rows
const base: FitOptions = { epochs: 3, batchSize: 8, seed: 3 };

async function train(options: FitOptions): Promise<string> {
  using c = Classifier.create(engine, model, { seed: 7 });
  await c.fit(data, options);
  return sha(c.save());
}

const methods = suite('fit takes functions of a step');

methods('they are told epoch, step and a stream of the step’s own', async () => {
  const seen: string[] = [];
  const draws = new Set<number>();
  await train({
    ...base,
    batch(batch, { epoch, step, rng }) {
      seen.push(`batch ${epoch} ${step} [${batch.x.shape}] [${batch.y.shape}]`);
      draws.add(rng.split('test').uint32());
      return batch;
    },
    loss(z, y, { epoch, step }) {
      seen.push(`loss ${epoch} ${step}`);
      return ops.crossEntropy(z, y);
    },
  });
  const expected = Array.from({ length: 12 }, (_, step) => {
    const at = `${Math.floor(step / 4)} ${step}`;
    const n = step % 4 === 3 ? 6 : 8;
    return [`batch ${at} [${n},5] [${n}]`, `loss ${at}`];
  });
  assert.equal(seen, expected.flat());
  assert.is(draws.size, 12);
});

methods('a batch that is left alone changes no bit', async () => {
  const plain = await train(base);
  assert.is(await train({ ...base, batch: (batch) => batch, loss: (z, y) => ops.crossEntropy(z, y) }), plain);
});

methods('soft targets train like the labels that they stand for', async () => {
  const losses: number[][] = [];
  for (const soft of [false, true]) {
    const seen: number[] = [];
    await train({
      ...base,
      ...(soft && { batch: ({ x, y }) => ({ x, y: ops.oneHot(y, 3) }) }),
      onProgress: ({ loss }) => seen.push(loss),
    });
    losses.push(seen);
  }
  for (const [i, loss] of losses[0]!.entries()) assert.ok(Math.abs(loss - losses[1]![i]!) < 1e-5);
});

methods('rows that a batch changes are not the data’s', async () => {
  const plain = await train(base);
  assert.is.not(await train({ ...base, batch: ({ x, y }) => ({ x: ops.scale(x, 2), y }) }), plain);
  assert.is(await train(base), plain);
});

const beside = suite('tensors that are trained alongside');

/** A bias that follows the batches and is added to the logits. */
async function withBias(options: Partial<FitOptions>): Promise<{ hash: string; bias: string }> {
  const bias = engine.zeros([3]);
  try {
    const hash = await train({
      ...base,
      method: 'follows the batches',
      companions: { bias },
      batch(batch, { rng }) {
        bias.set([...bias.view()].map((b) => 0.9 * b + 0.1 * rng.split('bias').normal() + batch.x.view()[0]!));
        return batch;
      },
      loss: (z, y) => ops.crossEntropy(ops.add(z, bias), y),
      ...options,
    });
    return { hash, bias: String(bias.view()) };
  } finally {
    engine.free(bias);
  }
}

beside('are saved and restored with a checkpoint', async () => {
  const whole = await withBias({});
  for (const at of [1, 4, 6, 11]) {
    const checkpoint = new MemoryStore();
    const controller = new AbortController();
    const onProgress: FitOptions['onProgress'] = ({ step }) => {
      if (step === at) controller.abort(new RangeError('stop'));
    };
    await rejectsError(() => withBias({ checkpoint, signal: controller.signal, onProgress }), RangeError, /stop/);
    assert.equal(await withBias({ checkpoint }), whole, `stopped at ${at}`);
  }
});

beside('a checkpoint without them, or of another method, is refused', async () => {
  const checkpoint = new MemoryStore();
  await train({ ...base, method: 'follows the batches', checkpoint });
  await rejectsError(() => withBias({ checkpoint }), FormatError, /expected companions\.bias with 3 numbers, got none/);
  await rejectsError(() => withBias({ checkpoint, method: 'another' }), ConfigError, /expected one of this run/);
  await rejectsError(() => train({ ...base, checkpoint }), ConfigError, /expected one of this run/);
});
