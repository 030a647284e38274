/** A defended run that was stopped anywhere and resumed ends with the bits of a run that was not. */
import { allDefenses, type DefenseName } from '../../defenses/index.ts';
import { ConfigError, FormatError, type Progress } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { hashOf, noiseRows, trained } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const data = noiseRows(1, 30);
const reserve = noiseRows(2, 24);

const resumed = suite('an interrupted defended run resumes to the same bits');

for (const def of allDefenses) {
  if (def.stage === 'inference') continue;
  const name = def.name as DefenseName;
  resumed(name, async () => {
    const seen: Progress[] = [];
    const onProgress = (p: Progress) => seen.push(p);
    const whole = await trained(engine, name, data, { reserve, onProgress });
    const [hash, { marks }] = [hashOf(whole), whole];
    whole.classifier.dispose();
    const last = seen.at(-1)!;
    if (name !== 'early-stopping') assert.is(last.step, last.steps, 'progress reaches its end');
    assert.equal(
      seen.map((p) => p.step),
      Array.from({ length: last.step }, (_, i) => i + 1),
    );
    for (const at of [1, 5, last.step - 1]) {
      const store = new MemoryStore();
      const controller = new AbortController();
      const stop = ({ step }: Progress) => {
        if (step === at) controller.abort(new RangeError('stop'));
      };
      const halted = { reserve, checkpoint: store, signal: controller.signal, onProgress: stop };
      await rejectsError(() => trained(engine, name, data, halted), RangeError, /^stop$/);
      let first = Infinity;
      const again = await trained(engine, name, data, {
        reserve,
        checkpoint: store,
        onProgress: ({ step }) => {
          first = Math.min(first, step);
        },
      });
      assert.is(hashOf(again), hash, `stopped at step ${at}`);
      assert.is(first, at + 1, 'it goes on where it stopped');
      assert.equal(again.marks, marks);
      again.classifier.dispose();
    }
  });
}

const refused = suite('checkpoints of another defence');

for (const [name, options] of [
  ['label-smoothing', { smoothing: 0.2 }],
  ['mixup', {}],
  ['none', {}],
] as const) {
  refused(`label smoothing of 0.1 does not go on as ${name} ${JSON.stringify(options)}`, async () => {
    const store = new MemoryStore();
    (await trained(engine, 'label-smoothing', data, { checkpoint: store })).classifier.dispose();
    await rejectsError(
      () => trained(engine, name, data, { checkpoint: store, options }),
      ConfigError,
      /expected one of this run/,
    );
  });
}

refused('adversarial training between other bounds does not go on', async () => {
  const store = new MemoryStore();
  (await trained(engine, 'adversarial-fgsm', data, { checkpoint: store })).classifier.dispose();
  await rejectsError(
    () => trained(engine, 'adversarial-fgsm', data, { checkpoint: store, inputBounds: [-9, 9] }),
    ConfigError,
    /expected one of this run/,
  );
});

refused('a checkpoint of one stage is not taken for one of two', async () => {
  const store = new MemoryStore();
  (await trained(engine, 'mixup', data, { checkpoint: store })).classifier.dispose();
  await rejectsError(
    () => trained(engine, 'distillation', data, { reserve, checkpoint: store }),
    FormatError,
    /of 2 stages/,
  );
});
