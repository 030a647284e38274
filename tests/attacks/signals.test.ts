/** Each threshold attack scores with the signal it is named after, and takes its threshold from where it says. */
import {
  bestThreshold,
  localTarget,
  type MembershipAttack,
  membershipAttacks,
  mixCandidates,
  score,
} from '../../attacks/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting } from '../support/membership.ts';

const engine = await testEngine();
const test = suite('threshold attacks');

test('scores are the signal of the true label, thresholds come from the shadow model or the training loss', async () => {
  const s = await noiseSetting(engine, { seed: 3, epochs: 20, rows: 40 });
  const { rows } = mixCandidates(s.members, s.nonMembers, Rng.from(1));
  const target = localTarget(s.target);
  const shadow = s.known.shadows[0]!;
  const scoresOf = async (name: score.SignalName, of: typeof target, { x, y }: typeof rows) => {
    const p = await of.probabilities(x);
    return Float64Array.from(y, (label, i) =>
      score.signals[name].score({ kind: 'probabilities', row: p.slice(i * 5, i * 5 + 5), label }),
    );
  };
  const run = (attack: unknown) =>
    (attack as MembershipAttack).run({
      target,
      candidates: rows,
      known: s.known,
      options: {},
      engine: async () => engine,
      rng: Rng.from(0),
      signal: undefined,
    });

  for (const name of ['confidence', 'entropy', 'modified-entropy'] as const) {
    const { scores, threshold } = await run(membershipAttacks[name]);
    assert.equal(scores, await scoresOf(name, target, rows));
    const of = shadow.target as typeof target;
    assert.is(
      threshold,
      bestThreshold(await scoresOf(name, of, shadow.members), await scoresOf(name, of, shadow.nonMembers)),
    );
  }
  const loss = await run(membershipAttacks.loss);
  assert.equal(loss.scores, await scoresOf('loss', target, rows));
  assert.is(loss.threshold, -s.known.meanTrainingLoss!);
  const gap = await run(membershipAttacks.gap);
  const guesses = await target.labels(rows.x);
  assert.equal(gap, { scores: Float64Array.from(rows.y, (y, i) => (guesses[i] === y ? 1 : 0)), threshold: 0.5 });
  s.dispose();
});

test('two shadow models are taken together', async () => {
  const a = await noiseSetting(engine, { seed: 4, epochs: 20, rows: 40 });
  const b = await noiseSetting(engine, { seed: 5, epochs: 0, rows: 60 });
  const shadows = [...a.known.shadows, ...b.known.shadows];
  const attack = membershipAttacks.confidence as unknown as MembershipAttack;
  const { rows } = mixCandidates(a.members, a.nonMembers, Rng.from(1));
  const known = { ...a.known, shadows };
  const context = {
    target: localTarget(a.target),
    candidates: rows,
    known,
    options: {},
    engine: async () => engine,
    rng: Rng.from(0),
  };
  const { threshold } = await attack.run({ ...context, signal: undefined });
  const confidences = async (of: 'members' | 'nonMembers') => {
    const all: number[] = [];
    for (const shadow of shadows) {
      const p = await (shadow.target as typeof context.target).probabilities(shadow[of].x);
      for (const [i, label] of shadow[of].y.entries()) all.push(p[i * 5 + label]!);
    }
    return Float64Array.from(all);
  };
  assert.is(threshold, bestThreshold(await confidences('members'), await confidences('nonMembers')));
  a.dispose();
  b.dispose();
});
