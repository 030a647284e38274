/** Targets that answer at random: several answers as one, what their spread tells, and how the runner says so. */
import {
  averaged,
  functionTarget,
  localTarget,
  type MembershipAttack,
  type MembershipResult,
  membershipAttacks,
  mixCandidates,
  remembered,
  repeatedFeatures,
  restrict,
  runMembershipAttack,
  softmaxRows,
  type Target,
} from '../../attacks/index.ts';
import { Classifier, ConfigError, type Model, namedModel, nn, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting, type Setting, surely } from '../support/membership.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();

/** Answers the rows of a script in turn, over and over: [answers][n x classes] logits. */
function scripted(answers: readonly (readonly number[])[], classes: number) {
  let turn = 0;
  let asked = 0;
  const logits = async (x: Float32Array | Float64Array) => {
    asked += x.length;
    return Float64Array.from(answers[turn++ % answers.length]!);
  };
  const base = { inputShape: [1], classes, queries: () => asked };
  const labels = async (x: Float32Array | Float64Array) => {
    const z = await logits(x);
    return Int32Array.from({ length: z.length / classes }, (_, i) => {
      const row = z.subarray(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row));
    });
  };
  const probabilities = async (x: Float32Array | Float64Array) => softmaxRows(await logits(x), classes);
  return { base, labels, probabilities, logits };
}

const several = suite('several answers as one');
const answers = [
  [0, 1, 4, -2],
  [3, 0, 1, 0],
  [-1, 5, 2, 3],
];
const near = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assert.is(a.length, b.length);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i]! - b[i]!) < 1e-12, `${a[i]} ${b[i]}`);
};

several('trap 4.2.8: logits are averaged, not labels, and the queries counted', async () => {
  const { base, labels, probabilities, logits } = scripted(answers, 2);
  const x = new Float32Array(2);
  const target = averaged({ ...base, labels, probabilities, logits } as Target<'logits'>, { queries: 3 });
  near(await target.logits(x), [2 / 3, 2, 7 / 3, 1 / 3]);
  // row 0: two of three answers say class 1, and so do the mean logits; all of it from the same three answers
  near(await target.probabilities(x), softmaxRows(Float64Array.of(2 / 3, 2, 7 / 3, 1 / 3), 2));
  assert.equal([...(await target.labels(x))], [1, 0]);
  assert.is(target.queries(), 3 * 2 * 3, 'asked once, then remembered, counted each time');
});

several('probabilities alone give the same: mean log-probabilities are mean logits', async () => {
  const { base, labels, probabilities } = scripted(answers, 2);
  const x = new Float32Array(2);
  const target = averaged({ ...base, labels, probabilities } as Target<'probabilities'>, { queries: 3 });
  near(await target.probabilities(x), softmaxRows(Float64Array.of(2 / 3, 2, 7 / 3, 1 / 3), 2));
  assert.not('logits' in target);
});

several('or the mean of the probabilities', async () => {
  const { base, labels, probabilities } = scripted(answers, 2);
  const o = { queries: 3, of: 'probability' } as const;
  const target = averaged({ ...base, labels, probabilities } as Target<'probabilities'>, o);
  const p = answers.map((z) => softmaxRows(Float64Array.from(z), 2));
  near(
    await target.probabilities(new Float32Array(2)),
    [0, 1, 2, 3].map((i) => (p[0]![i]! + p[1]![i]! + p[2]![i]!) / 3),
  );
});

several('labels alone are put to the vote', async () => {
  const { base, labels } = scripted(
    [
      [0, 1],
      [9, 0],
      [0, 1],
    ],
    2,
  );
  const target = averaged({ ...base, labels } as Target<'label-only'>, { queries: 3 });
  assert.equal([...(await target.labels(new Float32Array(1)))], [1], 'two to one, whatever the logits');
  assert.not('probabilities' in target);
});

several('a target that remembers is asked anew', async () => {
  const { base, labels, probabilities, logits } = scripted([[0], [6]], 1);
  const target = averaged(remembered({ ...base, labels, probabilities, logits } as never), { queries: 2 });
  assert.equal([...(await target.logits(new Float32Array(1)))], [3]);
});

several('a failure is not remembered, and access stays what it was', async () => {
  using c = Classifier.create(engine, namedModel('softmax', [2], 2));
  const target = averaged(localTarget(c, { queryBudget: 5 }), { queries: 3 });
  const x = new Float32Array(4);
  await rejectsError(() => target.labels(x), ConfigError, /at most 5 queries/);
  await rejectsError(() => target.labels(x), ConfigError, /at most 5 queries/);
  assert.equal(Object.keys(restrict(target, 'white-box')).length, 12);
});

several('half a query is refused', () => {
  const { base, labels } = scripted(answers, 2);
  for (const queries of [0, 1.5, Number.NaN])
    throwsError(
      () => averaged({ ...base, labels } as Target<'label-only'>, { queries }),
      ConfigError,
      /whole number >= 1/,
    );
});

const features = suite('features of repeated answers');

features('mean, deviation and least of the log-odds', async () => {
  const { base, labels, probabilities, logits } = scripted(answers, 2);
  const rows = { x: new Float32Array(2), y: Int32Array.of(1, 0) };
  // z_1 - z_0 of row 0: 1, -3, 6; z_0 - z_1 of row 1: 6, 1, -1
  const of = (v: number[]) => {
    const mean = (v[0]! + v[1]! + v[2]!) / 3;
    return [mean, Math.sqrt(v.reduce((s, p) => s + (p - mean) ** 2, 0) / 3), Math.min(...v)];
  };
  const want = [...of([1, -3, 6]), ...of([6, 1, -1])];
  near(await repeatedFeatures({ ...base, labels, probabilities, logits }, rows, { queries: 3 }), want);
  near(await repeatedFeatures({ ...base, labels, probabilities }, rows, { queries: 3 }), want);
  await rejectsError(
    () => repeatedFeatures({ ...base, labels, probabilities }, rows, { queries: 0 }),
    ConfigError,
    /whole number >= 1/,
  );
});

/** The model's answers with Gaussian noise on the logits. */
function noisy(c: Classifier, std: number, rng: Rng): Target<'probabilities'> {
  const { inputShape, classes } = c.model;
  return functionTarget({
    inputShape,
    classes,
    predict: async (x) =>
      softmaxRows(
        (await c.logits(x)).map((z) => z + std * rng.normal()),
        classes,
      ),
  });
}

/** The model's answers with a new dropout mask each time. */
function withDropout(c: Classifier, rng: Rng): Target<'probabilities'> {
  const { inputShape, classes } = c.model;
  let asked = 0;
  return functionTarget({
    inputShape,
    classes,
    predict: (x) => {
      const context = { mode: 'train', rng: rng.split(`question ${asked++}`) } as const;
      const n = x.length / inputShape[0]!;
      const z = c.engine.run('t', () =>
        c.engine.noGrad(() => c.model.apply(c.params, c.engine.tensor(x, [n, ...inputShape]), context).detach()),
      );
      const out = softmaxRows(Float64Array.from(z.view()), classes);
      c.engine.free(z);
      return out;
    },
  });
}

const random = suite('targets that answer at random');

/** The attack on the target and its shadow model as `wrap` makes them answer. */
async function attacked(
  name: 'confidence' | 'gap' | 'repeated-queries',
  setting: Setting,
  targets: { readonly target: Target<'probabilities'>; readonly shadow: Target<'probabilities'> },
  o: { readonly repeats?: number; readonly options?: Record<string, number> } = {},
): Promise<MembershipResult> {
  const candidates = mixCandidates(setting.members, setting.nonMembers, Rng.from(2));
  const shadows = [{ ...setting.known.shadows[0]!, target: targets.shadow as never }];
  const run = { target: targets.target, candidates, known: { ...setting.known, shadows }, rng: Rng.from(3), ...o };
  return runMembershipAttack(membershipAttacks[name] as unknown as MembershipAttack, run);
}

random('noise on the logits: the mean of 16 answers finds members that one does not', async () => {
  const setting = await noiseSetting(engine, { seed: 5, epochs: 40 });
  const [target, shadow] = [setting.target, setting.shadow].map((c, i) => noisy(c, 6, Rng.from(i)));
  const pair = { target: target!, shadow: shadow! };
  const once = await attacked('confidence', setting, pair);
  const often = await attacked('confidence', setting, pair, { repeats: 16 });
  assert.ok(surely(often).low > surely(once).high, `${surely(once).value} and ${surely(often).value}`);
  assert.is(often.queries, 16 * once.queries);
  const message = (r: MembershipResult) => r.warnings.find((w) => w.code === 'random-outputs')!.message;
  assert.match(message(once), /one query per record says little.*Ask several times/);
  assert.match(message(often), /16 answers to each question were averaged/);
  // trap 4.2.8: the vote of as many labels is worth less
  const votes = await attacked('gap', setting, pair, { repeats: 16 });
  assert.ok(surely(votes).value! < surely(often).value!, `${surely(votes).value}`);
  setting.dispose();
});

random('dropout when asked: repeated answers find more, averaged or by their features', async () => {
  const model: Model = {
    ...nn.sequential([
      nn.linear({ inputs: 12, outputs: 128 }),
      nn.relu(),
      nn.dropout(0.7),
      nn.linear({ inputs: 128, outputs: 5 }),
    ]),
    name: 'dropout',
    inputShape: [12],
    classes: 5,
  };
  const setting = await noiseSetting(engine, { seed: 6, epochs: 120, rows: 300, model });
  const [target, shadow] = [setting.target, setting.shadow].map((c, i) => withDropout(c, Rng.from(i)));
  const pair = { target: target!, shadow: shadow! };
  const once = surely(await attacked('confidence', setting, pair));
  const often = surely(await attacked('confidence', setting, pair, { repeats: 32 }));
  const spread = surely(await attacked('repeated-queries', setting, pair, { options: { queries: 32 } }));
  assert.ok(often.low > once.value!, `${once.value} and ${often.value}`);
  assert.ok(spread.low > once.value!, `${once.value} and ${spread.value}`);
  setting.dispose();
});

random('a random target that remembers its answers is found out all the same', async () => {
  const setting = await noiseSetting(engine, { seed: 5, epochs: 0, rows: 30 });
  const [own, rng] = [localTarget(setting.target), Rng.from(1)];
  const wrapped = remembered({ ...own, logits: async (x) => (await own.logits(x)).map((z) => z + rng.normal()) });
  const { warnings } = await attacked('confidence', setting, { target: wrapped, shadow: wrapped });
  assert.ok(warnings.some((w) => w.code === 'random-outputs'));
  setting.dispose();
});
