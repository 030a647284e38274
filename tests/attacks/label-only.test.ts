/** Attacks that see labels only: what they ask, and that they find more than the labels of the records themselves tell. */
import {
  functionTarget,
  localTarget,
  type MembershipAttack,
  type MembershipResult,
  membershipAttacks,
  mixCandidates,
  runMembershipAttack,
  type Samples,
  type Target,
  type Views,
} from '../../attacks/index.ts';
import { flip } from '../../data/index.ts';
import { Classifier, namedModel, Rng, type Shape } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { noiseSetting, surely } from '../support/membership.ts';

const engine = await testEngine();
const augmentation = membershipAttacks['label-only-augmentation'] as unknown as MembershipAttack;
const boundary = membershipAttacks['boundary-distance'] as unknown as MembershipAttack;

/** A target that keeps the rows that it was asked about. */
function listening(inputShape: Shape, classes: number) {
  const rows: number[][] = [];
  const width = inputShape.reduce((a, b) => a * b, 1);
  const target = functionTarget({
    inputShape,
    classes,
    predict: (x: Samples) => {
      for (let at = 0; at < x.length; at += width) rows.push([...x.subarray(at, at + width)]);
      return Float64Array.from({ length: (x.length / width) * classes }, (_, at) => (at % classes === 0 ? 1 : 0));
    },
  });
  return { target, rows };
}

/** The attack on two members and two others; the shadow models answer anything. */
async function asked(
  inputShape: Shape,
  o: { readonly options?: Record<string, number>; readonly views?: Views },
): Promise<{ readonly rows: number[][]; readonly own: number[][]; readonly result: MembershipResult }> {
  const { target, rows } = listening(inputShape, 2);
  const set = (seed: number, n: number) => noise(seed, n, inputShape, 2);
  const shadow = functionTarget({
    inputShape,
    classes: 2,
    predict: (x) => Array.from({ length: (2 * x.length) / inputShape.reduce((a, b) => a * b, 1) }, () => 0.5),
  });
  const candidates = mixCandidates(set(1, 2), set(2, 2), Rng.from(1));
  const known = {
    meanTrainingLoss: 0,
    shadows: [{ target: shadow, members: set(3, 25), nonMembers: set(4, 25) }],
    ...(o.views && { views: o.views }),
  };
  const result = await runMembershipAttack(augmentation, {
    target,
    candidates,
    known,
    rng: Rng.from(1),
    ...(o.options && { options: o.options }),
  });
  const width = candidates.rows.x.length / 4;
  const own = Array.from({ length: 4 }, (_, i) => [...candidates.rows.x.subarray(i * width, (i + 1) * width)]);
  // without the runner's own probes
  return { rows: rows.slice(0, result.queries), own, result };
}

const images = suite('label-only by augmentation: images');

images('the image, its mirror image, both turns, and all shifts of the same length', async () => {
  const { rows, own, result } = await asked([4, 4, 1], { options: { shift: 2, degrees: 90 } });
  const each = 1 + 1 + 2 + 8;
  assert.is(result.queries, 4 * each);
  const x = own[0]!;
  const at = (row: number, column: number) =>
    row >= 0 && row < 4 && column >= 0 && column < 4 ? x[4 * row + column]! : 0;
  const of = (value: (row: number, column: number) => number) =>
    Array.from({ length: 16 }, (_, i) => value(Math.floor(i / 4), i % 4));
  const wanted = [
    of(at),
    of((r, c) => at(r, 3 - c)),
    of((r, c) => at(c, 3 - r)),
    of((r, c) => at(3 - c, r)),
    ...[
      [2, 0],
      [-2, 0],
      [0, 2],
      [0, -2],
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ].map(([down, right]) => of((r, c) => at(r - down!, c - right!))),
  ];
  for (const want of wanted) {
    const found = rows.filter((row) => row.every((v, i) => v === Math.fround(want[i]!)));
    assert.is(found.length, 1, JSON.stringify(want));
  }
});

images('no shift and no turn leave the mirror image', async () => {
  const { result } = await asked([4, 4, 1], { options: { shift: 0, degrees: 0 } });
  assert.is(result.queries, 8);
});

images('trap 4.2.8: the views that match the augmentation of training are asked as well', async () => {
  const seen: [unknown, number][] = [];
  const views: Views = {
    count: 2,
    view(x, k) {
      seen.push([x, k]);
      return k === 0 ? x : flip(x as Float32Array, [x.length / 16, 4, 4, 1]);
    },
  };
  const { result } = await asked([4, 4, 1], { views, options: { shift: 0, degrees: 0 } });
  assert.is(result.queries, 4 * 3);
  // members, non-members of the shadow model, candidates: each set by its own array, so that answers are shared
  assert.is(new Set(seen.map(([x]) => x)).size, 3);
});

const vectors = suite('label-only by noise: vectors');

vectors('copies at four scales, each twice the one before, in units of the features', async () => {
  const { rows, own, result } = await asked([50], { options: { copies: 40, noise: 0.1 } });
  assert.is(result.queries, 4 * (1 + 4 * 40));
  const offsets = rows.slice(4).filter((_, k) => k % 4 === 0);
  const spread = (scale: number) => {
    const all = offsets.slice(40 * scale, 40 * (scale + 1)).flatMap((row) => row.map((v, j) => v - own[0]![j]!));
    return Math.sqrt(all.reduce((sum, v) => sum + v * v, 0) / all.length);
  };
  // 2,000 draws at each scale, by features whose deviation is 1 up to 50 rows' error: 10 % is 6 standard errors
  for (const scale of [0, 1, 2, 3])
    assert.ok(Math.abs(spread(scale) / (0.1 * 2 ** scale) - 1) < 0.1, `${spread(scale)}`);
});

const finds = suite('label-only attacks find members');

/** Only the candidates that the model classifies as they are labelled: what the gap attack cannot tell apart. */
async function rightOnes(seed: number) {
  const setting = await noiseSetting(engine, { seed, epochs: 50, rows: 250 });
  const target = localTarget(setting.target);
  const right = async ({ x, y }: { x: Samples; y: Int32Array }) => {
    const labels = await target.labels(x);
    const kept = [...y.keys()].filter((i) => labels[i] === y[i]);
    return {
      x: Float32Array.from(kept.flatMap((i) => [...x.subarray(i * 12, (i + 1) * 12)])),
      y: Int32Array.from(kept, (i) => y[i]!),
    };
  };
  const candidates = mixCandidates(await right(setting.members), await right(setting.nonMembers), Rng.from(seed));
  return { setting, candidates, target: target as Target<'white-box'> };
}

finds('among the records that are classified rightly, where the gap attack finds none', async () => {
  const { setting, candidates, target } = await rightOnes(7);
  const run = { target, candidates, known: setting.known, rng: Rng.from(1) };
  for (const [attack, options] of [
    [membershipAttacks.gap as unknown as MembershipAttack, {}],
    [augmentation, {}],
    [boundary, { queries: 33 }],
    [boundary, { queries: 200, shadowRows: 50 }],
    [boundary, { queries: 200, shadowRows: 50, walks: 150 }],
  ] as const) {
    const auc = surely(await runMembershipAttack(attack, { ...run, options }));
    if (attack.name === 'gap') assert.is(auc.value, 0.5);
    else assert.ok(auc.low > 0.5, `${attack.name} ${JSON.stringify(options)}: ${auc.value} from ${auc.low}`);
  }
  setting.dispose();
});

finds('as many where the outputs hide how sure the model is', async () => {
  const { setting, candidates, target } = await rightOnes(8);
  const hide = (full: Target<'white-box'>): Target<'probabilities'> => {
    const { inputShape, classes } = full;
    return functionTarget({
      inputShape,
      classes,
      predict: async (x) =>
        [...(await full.labels(x))].flatMap((label) =>
          Array.from({ length: classes }, (_, c) => (c === label ? 1 : 0)),
        ),
    });
  };
  const run = { candidates, known: setting.known, rng: Rng.from(1) };
  const open = await runMembershipAttack(augmentation, { ...run, target });
  const hidden = await runMembershipAttack(augmentation, { ...run, target: hide(target) });
  assert.equal(hidden.members, open.members);
  const confidence = membershipAttacks.confidence as unknown as MembershipAttack;
  assert.is(surely(await runMembershipAttack(confidence, { ...run, target: hide(target) })).value, 0.5);
  setting.dispose();
});

finds('questions of a walk stay within what the attack says', async () => {
  using c = Classifier.create(engine, namedModel('softmax', [3], 2));
  const set = (seed: number) => noise(seed, 40, [3], 2);
  const shadow = { target: localTarget(c), members: set(3), nonMembers: set(4) };
  const candidates = mixCandidates(set(1), set(2), Rng.from(1));
  for (const options of [{ queries: 50 }, { queries: 150 }, { queries: 150, walks: 10 }]) {
    const run = {
      target: localTarget(c),
      candidates,
      known: { meanTrainingLoss: 0, shadows: [shadow] },
      rng: Rng.from(1),
    };
    const { queries } = await runMembershipAttack(boundary, { ...run, options });
    const most = boundary.queries!({
      options: { walks: 2000, shadowRows: 200, ...options },
      inputShape: [3],
      candidates: 80,
      population: 0,
      views: 1,
    });
    assert.ok(queries <= most, `${JSON.stringify(options)}: ${queries} of ${most}`);
  }
});
