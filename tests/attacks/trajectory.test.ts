/** Distillation and the losses along its way. */
import {
  localTarget,
  type MembershipAttack,
  membershipAttacks,
  mixCandidates,
  runMembershipAttack,
} from '../../attacks/index.ts';
import { distil } from '../../attacks/membership/distil.ts';
import { Classifier, type Model, namedModel, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { clusters, noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting } from '../support/membership.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const attack = membershipAttacks.trajectory as unknown as MembershipAttack;
const test = suite('distillation');

test('a student comes to answer as its teacher does, whatever the labels are', async () => {
  const model = namedModel('mlp', [6], 3);
  using teacher = Classifier.create(engine, model, { seed: 1 });
  await teacher.fit(clusters(1, 150, 6, 3), { epochs: 20 });
  const { x } = clusters(2, 300, 6, 3);
  const probabilities = await teacher.predict(x);
  const apart: number[] = [];
  await distil({
    ...{ engine, model, x, probabilities, epochs: 8, rng: Rng.from(1), signal: undefined },
    onEpoch: async (student) => {
      const answers = await student.predict(x);
      apart.push(answers.reduce((sum, p, at) => sum + Math.abs(p - probabilities[at]!), 0) / 600);
    },
  });
  assert.is(apart.length, 8);
  // total variation between the answers
  assert.ok(apart[7]! < apart[0]! / 3 && apart[7]! < 0.05, `${apart}`);
});

test('the same seed gives the same student, another seed another; the signal stops it', async () => {
  const model = namedModel('softmax', [4], 3);
  const { x } = noise(1, 50, [4], 3);
  const probabilities = Float64Array.from({ length: 150 }, (_, at) => (at % 3 === 0 ? 0.5 : 0.25));
  const run = async (seed: number, signal?: AbortSignal) => {
    const seen: string[] = [];
    await distil({
      ...{ engine, model, x, probabilities, epochs: 2, rng: Rng.from(seed), signal },
      onEpoch: async (student) => void seen.push(String(await student.logits(x))),
    });
    return seen;
  };
  assert.equal(await run(1), await run(1));
  assert.is.not(String(await run(1)), String(await run(2)));
  await rejectsError(() => run(1, AbortSignal.abort(new RangeError('stop'))), RangeError, /stop/);
});

const attacks = suite('loss trajectory');

attacks(
  'asks the target about the population and about each candidate once; the student may be of the known architecture',
  async () => {
    const setting = await noiseSetting(engine, { seed: 1, epochs: 5, rows: 60 });
    const candidates = mixCandidates(setting.members, setting.nonMembers, Rng.from(0));
    const plain = { target: localTarget(setting.target), candidates, rng: Rng.from(1), options: { epochs: 2 } };
    const { queries } = await runMembershipAttack(attack, { ...plain, known: setting.known });
    assert.is(queries, 60 + 120);
    let made = 0;
    const softmax = namedModel('softmax', [12], 5);
    const model: Model = {
      ...softmax,
      init: (context) => {
        made++;
        return softmax.init(context);
      },
    };
    await runMembershipAttack(attack, { ...plain, known: { ...setting.known, model } });
    assert.is(made, 2, 'a student of the target and one of the shadow model');
    setting.dispose();
  },
);
