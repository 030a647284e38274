/** Attack models per class, fitted on the answers of shadow models. */
import {
  type AttackModelKind,
  type AttackModelsData,
  attackModelKinds,
  attackModels,
  classesWithFewRows,
  fitAttackModel,
  fitAttackModels,
  foldsByShadow,
  functionTarget,
  localTarget,
  membershipAttacks,
  mixCandidates,
  parseOptions,
  runMembershipAttack,
  type ShadowOutputs,
} from '../../attacks/index.ts';
import { ConfigError, KeyholeError, Rng, ShapeError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting } from '../support/membership.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const kinds = Object.keys(attackModelKinds) as AttackModelKind[];
const tools = (seed = 1, options: Record<string, number> = {}) => ({
  options,
  rng: Rng.from(seed),
  engine: async () => engine,
});

/** One answer over three classes: p for the true class, the rest for the others, a little of it by chance. */
function answer(rng: Rng, label: number, p: number): number[] {
  const part = (1 - p) * (0.4 + 0.2 * rng.uniform());
  const others = [part, 1 - p - part];
  return [0, 1, 2].map((c) => (c === label ? p : others.pop()!));
}

/** Answers of shadow models by a rule: the probability of the true class of member i of a class, and of a non-member. */
function answers(o: {
  seed: number;
  shadows?: number;
  /** members and non-members of a class in one shadow model */
  rows?: (label: number, shadow: number) => readonly [number, number];
  p: (label: number, member: number, rng: Rng) => number;
}): ShadowOutputs {
  const rng = Rng.from(o.seed);
  const { shadows = 2, rows = () => [60, 60] } = o;
  const list = { probabilities: [] as number[], y: [] as number[], member: [] as number[], shadow: [] as number[] };
  for (let shadow = 0; shadow < shadows; shadow++) {
    for (let label = 0; label < 3; label++) {
      for (const [side, count] of [...rows(label, shadow)].entries()) {
        const member = 1 - side;
        for (let i = 0; i < count; i++) {
          list.probabilities.push(...answer(rng, label, o.p(label, member, rng)));
          list.y.push(label);
          list.member.push(member);
          list.shadow.push(shadow);
        }
      }
    }
  }
  return {
    classes: 3,
    probabilities: Float64Array.from(list.probabilities),
    y: Int32Array.from(list.y),
    member: Uint8Array.from(list.member),
    shadow: Int32Array.from(list.shadow),
  };
}

/** Members are answered surely, others less so. */
const sure = (_: number, member: number, rng: Rng) => (member ? 0.8 : 0.5) + 0.15 * rng.uniform();

const share = (outputs: ShadowOutputs, scores: Float64Array, chosen: (i: number) => boolean = () => true) => {
  const rows = [...outputs.y.keys()].filter(chosen);
  return rows.filter((i) => scores[i]! > 0 === (outputs.member[i] === 1)).length / rows.length;
};

const perClass = suite('one attack model per class');

for (const kind of kinds) {
  perClass(`${kind}: classes whose members look the other way round`, async () => {
    // a rule for all classes is right for two of three
    const opposite = (label: number, member: number, rng: Rng) => sure(label, label === 2 ? 1 - member : member, rng);
    const models = await fitAttackModels(kind, answers({ seed: 1, p: opposite }), tools());
    const fresh = answers({ seed: 2, p: opposite });
    assert.ok(share(fresh, await models.scores(fresh)) > 0.97);
    assert.equal(models.pooledClasses, []);
    assert.is(models.data.pooled, null);
  });

  perClass(`${kind}: fitted class by class, kept as JSON: the same bits`, async () => {
    const outputs = answers({ seed: 1, p: sure, rows: (label) => (label === 1 ? [4, 60] : [60, 60]) });
    const fresh = answers({ seed: 2, p: sure });
    const whole = await fitAttackModels(kind, outputs, tools());
    // in another order, and through a file
    const alone = {
      pooled: await fitAttackModel(kind, outputs, null, tools()),
      2: await fitAttackModel(kind, outputs, 2, tools()),
      0: await fitAttackModel(kind, outputs, 0, tools()),
    };
    const data = { kind, models: [alone[0], null, alone[2]], pooled: alone.pooled };
    const read = attackModels(JSON.parse(JSON.stringify(data)) as AttackModelsData);
    assert.equal(await read.scores(fresh), await whole.scores(fresh));
    assert.equal(JSON.parse(JSON.stringify(whole.data)), JSON.parse(JSON.stringify(data)));
  });

  perClass(`${kind}: no signal and three times as many members: neither side is favoured`, async () => {
    const blind = (_: number, __: number, rng: Rng) => 0.4 + 0.5 * rng.uniform();
    const outputs = answers({ seed: 3, p: blind, rows: () => [300, 100] });
    const options: Record<string, number> = kind === 'svm' ? { gammaMax: 1, cMax: 1 } : {};
    const scores = await (await fitAttackModels(kind, outputs, tools(1, options))).scores(
      answers({ seed: 4, p: blind, rows: () => [300, 300] }),
    );
    // without the correction nearly all would be called members: the log-odds of three to one are 1.1
    const called = scores.filter((s) => s > 0).length / scores.length;
    assert.ok(called > 0.2 && called < 0.8, `${called} called members`);
  });

  perClass(`${kind}: log-odds tell apart what probabilities round away`, async () => {
    const tiny = (_: number, member: number, rng: Rng) => 1 - (member ? 1e-9 : 1e-7) * (0.8 + 0.4 * rng.uniform());
    const outputs = answers({ seed: 5, p: tiny });
    const fresh = answers({ seed: 6, p: tiny });
    const models = await fitAttackModels(kind, outputs, tools(1, { logOdds: 1 }));
    const right = share(fresh, await models.scores(fresh));
    assert.ok(right > 0.97, `${right}`);
  });
}

perClass('options: those of the kind and the common ones, by name and range', async () => {
  const outputs = answers({ seed: 1, p: sure });
  for (const [kind, options, message] of [
    ['boosted', { depht: 3 }, /shokri-boosted: expected an option among .*depth.*got 'depht'/],
    ['network', { epochs: 0 }, /shokri-network\.epochs: expected a whole number from 1/],
    ['logistic', { minRows: 1 }, /shokri-logistic\.minRows: expected a whole number from 2/],
    ['svm', { trees: 5 }, /got 'trees'/],
  ] as const)
    await rejectsError(() => fitAttackModels(kind, outputs, tools(1, options)), ConfigError, message);
  for (const kind of kinds) {
    const { options } = membershipAttacks[`shokri-${kind}`];
    assert.is(parseOptions('a', options, {})['minRows'], 10);
  }
});

perClass('the network is the one of the paper, and learns what no line separates', async () => {
  const { fitted } = await fitAttackModel('network', answers({ seed: 1, p: sure }), 0, tools());
  assert.is((fitted as { hidden: { bias: number[] } }).hidden.bias.length, 64);
  // members in the middle of the range, others at both ends
  const middle = (_: number, member: number, rng: Rng) =>
    member ? 0.55 + 0.1 * rng.uniform() : rng.below(2) ? 0.35 + 0.1 * rng.uniform() : 0.75 + 0.2 * rng.uniform();
  const fresh = answers({ seed: 2, p: middle });
  for (const [kind, least, most] of [
    ['network', 0.95, 1],
    ['svm', 0.95, 1],
    ['boosted', 0.95, 1],
    ['logistic', 0, 0.85],
  ] as const) {
    const models = await fitAttackModels(kind, answers({ seed: 1, p: middle }), tools());
    const right = share(fresh, await models.scores(fresh));
    assert.ok(right >= least && right <= most, `${kind}: ${right}`);
  }
});

const few = suite('trap 4.2.6: classes with few rows');

for (const kind of kinds) {
  few(`${kind}: judged by a model of all classes, which knows their own probability`, async () => {
    // class 0 has members only, class 1 five rows a side, class 2 enough
    const rows = (label: number) => [[60, 0] as const, [5, 5] as const, [60, 60] as const][label]!;
    const outputs = answers({ seed: 1, p: sure, shadows: 1, rows });
    const models = await fitAttackModels(kind, outputs, tools());
    assert.equal(models.pooledClasses, [0, 1]);
    const fresh = answers({ seed: 2, p: sure });
    const scores = await models.scores(fresh);
    for (const label of [0, 1, 2])
      assert.ok(share(fresh, scores, (i) => fresh.y[i] === label) > 0.9, `${kind}: class ${label}`);
  });

  few(`${kind}: a class that no shadow model was asked about, and as few rows as are allowed`, async () => {
    const rows = (label: number) => [[0, 0] as const, [2, 2] as const, [60, 60] as const][label]!;
    const outputs = answers({ seed: 1, p: sure, shadows: 1, rows });
    const models = await fitAttackModels(kind, outputs, tools(1, { minRows: 2 }));
    assert.equal(models.pooledClasses, [0]);
    const scores = await models.scores(answers({ seed: 2, p: sure }));
    assert.ok(scores.every(Number.isFinite));
  });
}

few('one of several shadow models is not enough: a side that a single one answered for', () => {
  const outputs = (rows: (label: number, shadow: number) => readonly [number, number], shadows: number) =>
    classesWithFewRows(answers({ seed: 1, p: sure, rows, shadows }), 10);
  assert.equal(
    outputs((label, shadow) => (label === 1 && shadow > 0 ? [20, 0] : [20, 20]), 3),
    [1],
  );
  assert.equal(
    outputs((label, shadow) => (label === 1 && shadow > 1 ? [20, 0] : [20, 20]), 3),
    [],
  );
  assert.equal(
    outputs(() => [10, 10], 1),
    [],
  );
  assert.equal(
    outputs(() => [10, 9], 1),
    [0, 1, 2],
  );
  assert.equal(
    outputs(() => [9, 10], 1),
    [0, 1, 2],
  );
});

few('every record is a row: none of the shadow models is left out, nor its last one', async () => {
  const outputs = answers({ seed: 1, p: sure, shadows: 3, rows: (label, shadow) => [20 + shadow, 30 + label] });
  const { models } = (await fitAttackModels('logistic', outputs, tools())).data;
  assert.equal(
    models.map((m) => [m!.members, m!.nonMembers]),
    [0, 1, 2].map((label) => [63, 90 + 3 * label]),
  );
});

few('only members, or only others: refused', async () => {
  for (const rows of [[60, 0] as const, [0, 60] as const]) {
    const outputs = answers({ seed: 1, p: sure, rows: () => rows });
    await rejectsError(
      () => fitAttackModels('logistic', outputs, tools()),
      ConfigError,
      /members and non-members of the shadow models, got \d+ and \d+\. Give more data/,
    );
    await rejectsError(() => fitAttackModel('svm', outputs, 1, tools()), ConfigError, /of class 1/);
  }
});

const trap = suite('trap 4.2.3: C and gamma are chosen by folds of whole shadow models');

trap('all rows of a shadow model are in one fold, as many models in each', ({ seed }) => {
  for (const [shadows, folds, want] of [
    [10, 5, 5],
    [7, 5, 5],
    [3, 5, 3],
    [2, 5, 2],
  ] as const) {
    const { member, shadow } = answers({ seed, p: sure, shadows, rows: () => [3, 3] });
    const fold = foldsByShadow({ member, shadow }, folds, Rng.from(seed));
    const of = Array.from({ length: shadows }, (_, s) => new Set(fold.filter((_, i) => shadow[i] === s)));
    assert.ok(of.every((set) => set.size === 1));
    const counts = Array.from({ length: want }, (_, f) => of.filter((set) => set.has(f)).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1 && counts.every((c) => c > 0), `${counts}`);
  }
});

trap('outside of each fold there are members and others, however few models have them', ({ seed }) => {
  for (let round = 0; round < 50; round++) {
    const rng = Rng.from(seed).split(String(round));
    const [a, b] = rng.permutation(10);
    const rows = (_: number, s: number) => [s === a || s === b ? 5 : 0, 5] as const;
    const { member, shadow } = answers({ seed, p: sure, shadows: 10, rows });
    const fold = foldsByShadow({ member, shadow }, 5, rng);
    for (const f of new Set(fold))
      assert.is(new Set(member.filter((_, i) => fold[i] !== f)).size, 2, `round ${round}, fold ${f}`);
  }
});

trap('a single shadow model has each record once: its members and its others are spread over the folds', ({ seed }) => {
  const { member, shadow } = answers({ seed, p: sure, shadows: 1, rows: () => [20, 15] });
  const fold = foldsByShadow({ member, shadow }, 5, Rng.from(seed));
  for (const f of [0, 1, 2, 3, 4])
    for (const side of [0, 1]) assert.is(fold.filter((g, i) => g === f && member[i] === side).length, side ? 12 : 9);
});

trap('what only tells shadow models apart is not mistaken for skill', async () => {
  // each shadow model answers its members of a class at a place of its own, and others at another: folds of single rows
  // would find them again next to their neighbours and be right nearly always
  const places = Rng.from(7);
  const place = new Map<string, number>();
  const rng = Rng.from(8);
  const outputs = answers({ seed: 1, shadows: 8, rows: () => [30, 30], p: () => 0.5 });
  for (const i of outputs.y.keys()) {
    const key = `${outputs.shadow[i]} ${outputs.y[i]} ${outputs.member[i]}`;
    if (!place.has(key)) place.set(key, 0.1 + 0.8 * places.uniform());
    const p = place.get(key)! + 0.001 * rng.uniform();
    outputs.probabilities.set(answer(Rng.from(9), outputs.y[i]!, p), 3 * i);
  }
  for (const label of [0, 1, 2]) {
    const { fitted } = await fitAttackModel(
      'svm',
      outputs,
      label,
      tools(1, { gammaMin: 1, gammaMax: 1e4, gridFactor: 100 }),
    );
    const { accuracy } = (fitted as { chosen: { accuracy: number } }).chosen;
    // the best of 12 settings, each right for a held-out model's members and others by chance
    assert.ok(accuracy < 0.9, `class ${label}: ${accuracy} of held-out rows right`);
  }
});

trap('the choice: the grid from its least to its most value, on at most so many rows', async () => {
  const outputs = answers({ seed: 1, p: sure, rows: () => [200, 200] });
  const chosen = async (options: Record<string, number>) =>
    ((await fitAttackModel('svm', outputs, 0, tools(1, options))).fitted as { chosen: Record<string, number> }).chosen;
  const one = await chosen({ cMin: 3, cMax: 3, gammaMin: 5, gammaMax: 5, searchRows: 100 });
  assert.equal([one['c'], one['gamma'], one['searchRows']], [3, 5, 100]);
  const { c, gamma, searchRows } = await chosen({ cMin: 1, cMax: 4, gammaMin: 0.3, gammaMax: 1.2, gridFactor: 2 });
  assert.ok([1, 2, 4].includes(c!) && [0.3, 0.6, 1.2].includes(gamma!), `${c}, ${gamma}`);
  assert.is(searchRows, 800);
});

const run = suite('the attacks by Shokri et al.');

run('say which classes had too few rows', async () => {
  const setting = await noiseSetting(engine, { seed: 1, epochs: 1, rows: 60 });
  try {
    const result = await runMembershipAttack(membershipAttacks['shokri-logistic'], {
      target: localTarget(setting.target),
      candidates: mixCandidates(setting.members, setting.nonMembers, Rng.from(0)),
      known: setting.known,
      options: { minRows: 100 },
      rng: Rng.from(1),
    });
    const warning = result.warnings.find((w) => /attack model of their own/.test(w.message));
    assert.is(warning?.code, 'few-samples');
    assert.match(warning!.message, /in 5 of 5 classes \(0, 1, 2, 3, 4\): their records are judged by one model/);
  } finally {
    setting.dispose();
  }
});

run('learn from all shadow models that they are given', async () => {
  // two shadow models that each show one class: only together do they show both
  const half = (label: number) => {
    const rows = noise(label, 60, [2], 2);
    const y = new Int32Array(60).fill(label);
    return { x: rows.x, y };
  };
  const asked = [0, 0];
  const shadow = (label: number, seed: number) => {
    const rng = Rng.from(seed);
    const rows = (side: number) => ({ ...half(label), side });
    return {
      target: functionTarget({
        inputShape: [2],
        classes: 2,
        predict: (x) => {
          asked[label]! += x.length / 2;
          return Array.from({ length: x.length / 2 }, () => 0.4 + 0.2 * rng.uniform()).flatMap((p) => [p, 1 - p]);
        },
      }),
      members: rows(1),
      nonMembers: rows(0),
    };
  };
  const constant = functionTarget({
    inputShape: [2],
    classes: 2,
    predict: (x) => new Float64Array(x.length).fill(0.5),
  });
  const { warnings } = await runMembershipAttack(membershipAttacks['shokri-boosted'], {
    target: constant,
    candidates: mixCandidates(noise(1, 30, [2], 2), noise(2, 30, [2], 2), Rng.from(0)),
    known: { meanTrainingLoss: 0, shadows: [shadow(0, 1), shadow(1, 2)] },
    rng: Rng.from(1),
  });
  assert.equal(asked, [120, 120]);
  // each class came from one of the two shadow models only
  assert.ok(warnings.some((w) => /in 2 of 2 classes/.test(w.message)));
});

run('answers that do not fit together are refused', async () => {
  const outputs = answers({ seed: 1, p: sure });
  for (const broken of [
    { ...outputs, y: outputs.y.slice(1) },
    { ...outputs, member: outputs.member.slice(1) },
    { ...outputs, shadow: outputs.shadow.slice(1) },
    { ...outputs, probabilities: outputs.probabilities.slice(1) },
  ])
    await rejectsError(() => fitAttackModels('logistic', broken, tools()), ShapeError, /expected as many rows of each/);
  const models = await fitAttackModels('logistic', outputs, tools());
  const two = { classes: 2, probabilities: new Float64Array(4), y: new Int32Array(2) };
  await rejectsError(() => models.scores(two), KeyholeError, /answers over 3 classes, got 2/);
});

run('the signal stops fitting and judging', async () => {
  const outputs = answers({ seed: 1, p: sure });
  const signal = AbortSignal.abort(new RangeError('stop'));
  for (const kind of kinds)
    await rejectsError(() => fitAttackModels(kind, outputs, { ...tools(), signal }), RangeError, /stop/);
  const models = await fitAttackModels('boosted', outputs, tools());
  await rejectsError(() => models.scores(outputs, signal), RangeError, /stop/);
});
