/** The runner does not trust the attack: what it hands over, what it checks, and what it computes itself. */
import {
  type AccessLevel,
  allMembershipAttacks,
  cannotRun,
  defineMembershipAttack,
  functionTarget,
  localTarget,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipScores,
  membershipAttacks,
  mixCandidates,
  parseOptions,
  runMembershipAttack,
} from '../../attacks/index.ts';
import { Classifier, ConfigError, KeyholeError, namedModel, Rng, type Rows } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting, surely } from '../support/membership.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const noKnowledge: MembershipKnowledge = { meanTrainingLoss: 0, shadows: [] };
const none = { about: '', default: 0, min: 0, max: 1 };

/** An attack of the tests' own. */
function attackBy<A extends AccessLevel>(access: A, run: MembershipAttack<A>['run']): MembershipAttack<A> {
  return defineMembershipAttack({
    name: 'mine',
    title: 'An attack of the tests',
    paper: 'none',
    threat: { access, knowledge: [], goal: 'membership' },
    options: {},
    needs: {},
    canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
    run,
  }) as MembershipAttack<A>;
}

const constant = functionTarget({ inputShape: [2], classes: 2, predict: (x) => new Float64Array(x.length).fill(0.5) });
const rows = (n: number, seed = 1) => noise(seed, n, [2], 2);
const plain = (n = 20) => ({
  target: constant,
  candidates: mixCandidates(rows(n, 1), rows(n, 2), Rng.from(0)),
  known: noKnowledge,
  rng: Rng.from(0),
});
const scoring = (score: (candidates: Rows, i: number) => number, threshold: number | null = null) =>
  attackBy('none', async ({ candidates }) => ({
    scores: Float64Array.from(candidates.y, (_, i) => score(candidates, i)),
    threshold,
  }));

const handed = suite('what an attack is handed');

handed('a target cut to its threat model, and shadows cut alike', async () => {
  const setting = await noiseSetting(engine, { seed: 1, epochs: 0, rows: 20 });
  for (const [access, want] of [
    ['none', 3],
    ['label-only', 4],
    ['probabilities', 5],
    ['logits', 6],
    ['gradients', 8],
    ['white-box', 12],
  ] as const) {
    let seen: number[] = [];
    const attack = attackBy(access, async ({ target, candidates, known }) => {
      seen = [target, ...known.shadows.map((s) => s.target)].map((t) => Object.keys(t).length);
      return { scores: new Float64Array(candidates.y.length), threshold: null };
    });
    const candidates = mixCandidates(setting.members, setting.nonMembers, Rng.from(0));
    await runMembershipAttack(attack, {
      target: localTarget(setting.target),
      candidates,
      known: setting.known,
      rng: Rng.from(0),
    });
    assert.equal(seen, [want, want], access);
  }
  setting.dispose();
});

handed('nothing, where the target has less than it needs', async () => {
  const attack = attackBy('gradients', async () => ({ scores: new Float64Array(40), threshold: null }));
  await rejectsError(() => runMembershipAttack(attack, plain()), ConfigError, /expected one with access 'gradients'/);
});

handed('candidates with their own rows and labels, in random order', () => {
  const [members, others] = [rows(30, 1), rows(50, 2)];
  const { rows: mixed, order, members: n } = mixCandidates(members, others, Rng.from(3));
  assert.is(n, 30);
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 80 }, (_, i) => i),
  );
  for (const [at, original] of order.entries()) {
    const [from, row] = original < 30 ? [members, original] : [others, original - 30];
    assert.equal(
      [...mixed.x.slice(at * 2, at * 2 + 2), mixed.y[at]],
      [...from.x.slice(row * 2, row * 2 + 2), from.y[row]],
    );
  }
  const early = order.slice(0, 40).filter((o) => o < 30).length;
  assert.ok(early > 5 && early < 25, `${early} of the first 40 are members`);
});

handed('non-members alone keep their rows', () => {
  const { rows: mixed, order } = mixCandidates(rows(0), rows(4, 2), Rng.from(3));
  assert.equal(
    [mixed.x.length, [...mixed.x.slice(0, 2)]],
    [8, [...rows(4, 2).x.slice(order[0]! * 2, order[0]! * 2 + 2)]],
  );
});

handed('an order that tells nothing: scoring by place stays at chance', async () => {
  for (const seed of [1, 2, 3]) {
    const rng = Rng.from(seed);
    const run = { ...plain(), candidates: mixCandidates(rows(400, 1), rows(400, 2), rng), rng };
    for (const score of [(i: number) => i, (i: number) => i % 2, (i: number) => -(i * i)]) {
      const auc = surely(
        await runMembershipAttack(
          scoring((_, at) => score(at)),
          run,
        ),
      );
      assert.ok(auc.low <= 0.5 && auc.high >= 0.5, `${auc.low} to ${auc.high}`);
    }
  }
});

const checked = suite('what the runner checks');

checked('scores: as many as candidates, none of them NaN, a threshold that is a number', async () => {
  for (const [answer, message] of [
    [{ scores: new Float64Array(3), threshold: null }, /mine: expected 40 scores, got 3/],
    [
      { scores: new Float64Array(40).fill(Number.NaN, 7, 8), threshold: null },
      /got NaN for candidate 7\. Does the model output NaN\?/,
    ],
    [{ scores: new Float64Array(40), threshold: Number.NaN }, /expected a threshold, got NaN/],
  ] as [MembershipScores, RegExp][]) {
    await rejectsError(
      () =>
        runMembershipAttack(
          attackBy('none', async () => answer),
          plain(),
        ),
      KeyholeError,
      message,
    );
  }
});

checked('options: names and ranges, with defaults for the rest', () => {
  const defs = { rate: { ...none, default: 0.5 }, steps: { ...none, default: 3, min: 1, max: 10 } };
  assert.equal(parseOptions('a', defs, { steps: 10 }), { rate: 0.5, steps: 10 });
  assert.equal(parseOptions('a', defs, { rate: 0 }), { rate: 0, steps: 3 });
  for (const [given, path, message] of [
    [{ speed: 1 }, 'a.speed', /a: expected an option among rate, steps, got 'speed'/],
    [{ toString: 1 }, 'a.toString', /got 'toString'/],
    [{ steps: 0 }, 'a.steps', /a\.steps: expected a number from 1 to 10, got 0/],
    [{ steps: 11 }, 'a.steps', /got 11/],
    [{ rate: Number.NaN }, 'a.rate', /got NaN/],
  ] as [Record<string, number>, string, RegExp][])
    assert.is(throwsError(() => parseOptions('a', defs, given), ConfigError, message).path, path);
  throwsError(() => parseOptions('b', {}, { x: 1 }), ConfigError, /an option among \(none\), got 'x'/);
});

checked('whether the target answers the same twice', async () => {
  let turn = 0;
  const noisy = functionTarget({
    inputShape: [2],
    classes: 2,
    predict: (x) => Array.from({ length: x.length / 2 }, () => 0.4 + 0.01 * (turn++ % 7)).flatMap((p) => [p, 1 - p]),
  });
  const attack = attackBy('probabilities', async ({ candidates }) => ({
    scores: new Float64Array(candidates.y.length),
    threshold: null,
  }));
  const codes = async (target: typeof noisy, a: MembershipAttack = attack) =>
    (await runMembershipAttack(a, { ...plain(), target })).warnings.map((w) => w.code);
  assert.ok((await codes(noisy)).includes('random-outputs'));
  assert.not((await codes(constant)).includes('random-outputs'));
  // an attack that asks nothing is not disturbed by it
  assert.not(
    (
      await codes(
        noisy,
        scoring(() => 0),
      )
    ).includes('random-outputs'),
  );
});

checked('how many queries the attack made of the target itself', async () => {
  const setting = await noiseSetting(engine, { seed: 1, epochs: 0, rows: 30 });
  const candidates = mixCandidates(setting.members, setting.nonMembers, Rng.from(0));
  const run = { candidates, known: setting.known, rng: Rng.from(0) };
  for (const attack of allMembershipAttacks) {
    const options = attack.canary.options ?? {};
    const { queries } = await runMembershipAttack(attack, { ...run, options, target: localTarget(setting.target) });
    const plan = { inputShape: [12], candidates: 60, population: 30, views: 1 };
    const most = attack.queries?.({ ...plan, options: parseOptions(attack.name, attack.options, options) }) ?? 60;
    assert.ok(queries <= most && queries >= 60, `${attack.name}: ${queries} queries, of at most ${most}`);
    if (!attack.costly) assert.is(queries, most, attack.name);
  }
  // a budget of just as many is enough: the runner's own probes do not fail the attack
  const budget = localTarget(setting.target, { queryBudget: 60 });
  assert.is(
    (await runMembershipAttack(membershipAttacks.loss as MembershipAttack, { ...run, target: budget })).queries,
    60,
  );
  const tight = localTarget(setting.target, { queryBudget: 59 });
  await rejectsError(
    () => runMembershipAttack(membershipAttacks.loss as MembershipAttack, { ...run, target: tight }),
    ConfigError,
    /at most 59 queries/,
  );
  setting.dispose();
});

checked('whether there are shadow rows enough', () => {
  const shadow = (inside: number, outside: number) => ({
    target: constant,
    members: rows(inside),
    nonMembers: rows(outside),
  });
  const attack = { ...scoring(() => 0), name: 'needy', needs: { shadowRows: 25 } };
  for (const shadows of [[], [shadow(24, 100)], [shadow(100, 24)]]) {
    const warning = cannotRun(attack, { shadows });
    assert.is(warning?.code, 'skipped');
    assert.match(warning!.message, /needy was left out: it needs a shadow model with at least 25 members/);
  }
  assert.is(cannotRun(attack, { shadows: [shadow(3, 3), shadow(25, 25)] }), null);
  assert.is(
    cannotRun(
      scoring(() => 0),
      noKnowledge,
    ),
    null,
  );
});

const computed = suite('what the runner computes');

computed('scores go back to their records, and the metrics come from them', async () => {
  const run = plain(50);
  const first = rows(50, 1);
  const result = await runMembershipAttack(
    scoring(({ x }, i) => x[i * 2]!, 0),
    run,
  );
  assert.equal(
    [...result.members],
    Array.from({ length: 50 }, (_, i) => first.x[i * 2]),
  );
  const wins = result.members.reduce(
    (s, m) => s + result.nonMembers.reduce((t, o) => t + (m > o ? 1 : m === o ? 0.5 : 0), 0),
    0,
  );
  assert.ok(Math.abs(result.summary.auc.value! - wins / 2500) < 1e-12);
  const at = (scores: Float64Array) => scores.filter((s) => s >= 0).length / 50;
  assert.ok(Math.abs(result.summary.advantage!.value! - (at(result.members) - at(result.nonMembers))) < 1e-12);
});

computed('a perfect score wins, a worthless one does not, a ranking without threshold has no accuracy', async () => {
  const { candidates } = plain();
  const truth = (i: number) => (candidates.order[i]! < candidates.members ? 1 : 0);
  const perfect = await runMembershipAttack(
    scoring((_, i) => truth(i), 0.5),
    { ...plain(), candidates },
  );
  assert.equal([perfect.summary.auc.value, perfect.summary.balancedAccuracy!.value], [1, 1]);
  const same = await runMembershipAttack(
    scoring(() => 0),
    plain(),
  );
  assert.equal([same.summary.auc.value, same.summary.balancedAccuracy], [0.5, null]);
});

computed('the same seed gives the same result, but for the time', async () => {
  const timeless = async () => ({
    ...(await runMembershipAttack(
      scoring(({ x }, i) => x[i * 2]!, 0),
      plain(),
    )),
    seconds: 0,
  });
  assert.equal(await timeless(), await timeless());
});

computed('no score and no threshold depends on who the members are', async () => {
  const setting = await noiseSetting(engine, { seed: 2, epochs: 30, rows: 60 });
  const mixed = mixCandidates(setting.members, setting.nonMembers, Rng.from(0));
  // the same records in the same places, with the two groups renamed
  const swapped = { ...mixed, order: mixed.order.map((o) => (o + 60) % 120) };
  for (const attack of allMembershipAttacks) {
    const seen: MembershipScores[] = [];
    const spy: MembershipAttack = {
      ...attack,
      run: async (context) => {
        const scores = await attack.run(context);
        seen.push({ ...scores, scores: scores.scores.slice() });
        return scores;
      },
    };
    const results = [];
    for (const candidates of [mixed, swapped])
      results.push(
        await runMembershipAttack(spy, {
          target: localTarget(setting.target),
          candidates,
          known: setting.known,
          options: attack.canary.options ?? {},
          rng: Rng.from(1),
        }),
      );
    assert.equal(seen[0], seen[1], attack.name);
    assert.equal(results[0]!.members, results[1]!.nonMembers);
    assert.ok(Math.abs(results[0]!.summary.auc.value! + results[1]!.summary.auc.value! - 1) < 1e-12);
  }
  setting.dispose();
});

computed('the signal stops a run', async () => {
  using c = Classifier.create(engine, namedModel('softmax', [2], 2));
  const signal = AbortSignal.abort(new RangeError('stop'));
  const run = { ...plain(), target: localTarget(c, { signal }), signal };
  await rejectsError(() => runMembershipAttack(membershipAttacks.gap as MembershipAttack, run), RangeError, /stop/);
});
