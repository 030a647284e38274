/**
 * Each defence in a setting in which it must show: a network that has memorised 150 rows of noise. Training defences and
 * output defences lower the attack that they claim to lower, beyond both 99.9 % intervals.
 */
import { localTarget, membershipAttacks, mixCandidates, runMembershipAttack } from '../../attacks/index.ts';
import {
  type AnyTarget,
  allDefenses,
  type DefenseName,
  isUnderFitted,
  outputDefence,
  trainDefended,
} from '../../defenses/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { aucOf, model, noiseRows, trained } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const members = noiseRows(1, 150);
const others = noiseRows(2, 150);
const reserve = noiseRows(3, 150);
const recipe = { epochs: 60, batchSize: 25 };
const seed = 1;
const memorising = () => trained(engine, 'none', members, { recipe, seed });

const lowers = suite('canary: a defence lowers an attack on a memorising network');

for (const def of allDefenses) {
  if (!def.canary) continue;
  const { lowers: signal, options } = def.canary;
  lowers(
    `${def.name}, by ${signal}`,
    async () => {
      const plain = await memorising();
      const chosen = { recipe, seed, reserve, options: options as Record<string, number> };
      const d = await trainDefended(engine, model, members, { defence: def.name as DefenseName, ...chosen });
      try {
        const before = await aucOf(localTarget(plain.classifier), signal, members, others);
        const after = await aucOf(d.wrap(localTarget(d.classifier)), signal, members, others);
        assert.ok(before.low > 0.8, `undefended: ${before.value} from ${before.low}`);
        assert.ok(after.high < before.low, `${after.value} up to ${after.high}, undefended from ${before.low}`);
      } finally {
        plain.classifier.dispose();
        d.classifier.dispose();
      }
    },
    { timeout: 60_000 },
  );
}

const adaptive = suite('trap 4.2.9: the attacker who knows the defence');

/** Correct or not: nothing but the label is asked for. */
async function gapOf(target: AnyTarget): Promise<number> {
  const rng = Rng.from(5);
  const candidates = mixCandidates(members, others, rng.split('candidates'));
  const known = { meanTrainingLoss: 0, shadows: [] };
  const { summary } = await runMembershipAttack(membershipAttacks.gap as never, { target, candidates, known, rng });
  return summary.auc.value!;
}

adaptive('asks for labels: no output defence that keeps them lowers the gap attack', async () => {
  const plain = await memorising();
  try {
    const before = await gapOf(localTarget(plain.classifier));
    assert.ok(before > 0.85, `${before}`);
    for (const def of allDefenses) {
      if (!def.outputs || def.name === 'gaussian-noise') continue;
      const options = def.name === 'memguard' ? { epochs: 20 } : {};
      const wrap = await outputDefence(engine, plain.classifier, members, {
        defence: def.name as DefenseName,
        options,
        seed,
        reserve,
      });
      assert.is(await gapOf(wrap(localTarget(plain.classifier))), before, def.name);
    }
  } finally {
    plain.classifier.dispose();
  }
});

adaptive('asks again: the mean of noisy answers says what one does not', async () => {
  const plain = await memorising();
  try {
    const options = { std: 0.5 };
    const setting = { defence: 'gaussian-noise', options, seed } as const;
    const target = (await outputDefence(engine, plain.classifier, members, setting))(localTarget(plain.classifier));
    const once = await aucOf(target, 'loss', members, others);
    const averaged: AnyTarget = {
      ...target,
      async probabilities(x) {
        const answers: Float64Array[] = [];
        for (let i = 0; i < 64; i++) answers.push(await target.probabilities(x));
        return answers[0]!.map((_, at) => answers.reduce((sum, p) => sum + p[at]!, 0) / answers.length);
      },
    };
    const often = await aucOf(averaged, 'loss', members, others);
    assert.ok(often.low > once.high, `once ${once.value} up to ${once.high}, often ${often.value} from ${often.low}`);
  } finally {
    plain.classifier.dispose();
  }
});

const marks = suite('a defence that only learns less is marked');

marks('early stopping names its epoch; rows held back are not among the rows trained on', async () => {
  const d = await trained(engine, 'early-stopping', members, { recipe, seed });
  const plain = await memorising();
  try {
    assert.ok(d.marks.stoppedEarly! >= 1 && d.marks.stoppedEarly! < 60 && d.epochs < 60);
    assert.is(d.trained.length, 120);
    assert.equal(
      [...new Set(d.trained)].sort((a, b) => a - b),
      [...d.trained],
    );
    assert.is(plain.marks.stoppedEarly, undefined);
    assert.is(plain.marks.trainAccuracy, 1);
    assert.is(isUnderFitted(d.marks, plain.marks), true);
    assert.is(isUnderFitted(plain.marks, plain.marks), false);
  } finally {
    d.classifier.dispose();
    plain.classifier.dispose();
  }
});
