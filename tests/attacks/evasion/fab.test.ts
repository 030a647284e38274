/** The fast adaptive boundary attack: projections onto a hyperplane within bounds, and nearest points where they are known. */
import {
  boundedSpace,
  distance,
  type EvasionAttack,
  evasionAttacks,
  type InputSpace,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import {
  FAB_DEFAULTS,
  type HyperplaneNorm,
  sizeOfMove,
  toHyperplane,
  walkTheBoundary,
} from '../../../attacks/evasion/white-box/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, digitsSpace, linearTarget } from '../../support/evasion.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const erased = (attack: unknown) => attack as EvasionAttack;
const boundaryNorms: readonly HyperplaneNorm[] = ['linf', 'l2', 'l1'];

const planes = suite('evasion: nearest point of a hyperplane within bounds');

interface Case {
  readonly w: Float64Array;
  readonly c: number;
  readonly x: Float32Array;
  readonly space: InputSpace;
}

function caseOf(rng: Rng): Case {
  const width = 1 + rng.below(5);
  const x = Float32Array.from({ length: width }, () => (rng.uniform() < 0.2 ? 0 : rng.uniform()));
  const w = Float64Array.from({ length: width }, () => (rng.uniform() < 0.2 ? 0 : rng.normal()));
  return { w, c: rng.normal(), x, space: boundedSpace([width], [0, 1]) };
}

/** Room of each number towards c. */
const roomOf = ({ w, c, x }: Case) =>
  Array.from(w, (weight, j) => (weight === 0 ? 0 : weight * c > 0 ? 1 - x[j]! : x[j]!));

/** The least size, found otherwise: linf and l2 by halving intervals, l1 by trying every vertex of the linear programme. */
function leastSize(norm: HyperplaneNorm, one: Case): number {
  const room = roomOf(one);
  const weights = Array.from(one.w, Math.abs);
  const gap = Math.abs(one.c);
  if (norm === 'l1') {
    let least = Infinity;
    const n = room.length;
    for (let subset = 0; subset < 2 ** n; subset++) {
      let [left, sum] = [gap, 0];
      for (let j = 0; j < n; j++)
        if ((subset >> j) & 1) {
          left -= weights[j]! * room[j]!;
          sum += room[j]!;
        }
      if (Math.abs(left) < 1e-12) least = Math.min(least, sum);
      for (let j = 0; j < n; j++) {
        const part = left / weights[j]!;
        if (!((subset >> j) & 1) && weights[j]! > 0 && part >= 0 && part <= room[j]!)
          least = Math.min(least, sum + part);
      }
    }
    return least;
  }
  // grows with t from 0 to all the room there is
  const at = (t: number) => room.map((most, j) => Math.min(most, norm === 'linf' ? t : t * weights[j]!));
  let [low, high] = [0, 1e6];
  for (let k = 0; k < 200; k++) {
    const t = (low + high) / 2;
    if (at(t).reduce((sum, u, j) => sum + u * weights[j]!, 0) < gap) low = t;
    else high = t;
  }
  const u = at(high).map((value, j) => (weights[j] === 0 ? 0 : value));
  return norm === 'linf' ? Math.max(...u) : Math.hypot(...u);
}

planes('feasible, and as small as the optimum found otherwise', () => {
  let reached = 0;
  for (const norm of boundaryNorms)
    for (let trial = 0; trial < 400; trial++) {
      const one = caseOf(Rng.from(trial).split(norm));
      const { w, c, x, space } = one;
      const d = toHyperplane(norm, w, c, { values: x, at: 0 }, space);
      for (const [j, move] of d.entries()) {
        assert.ok(x[j]! + move >= -1e-12 && x[j]! + move <= 1 + 1e-12, `${norm} ${trial}: ${x[j]} + ${move}`);
        assert.ok(w[j] !== 0 || move === 0);
      }
      const got = d.reduce((sum, move, j) => sum + move * w[j]!, 0);
      const most = roomOf(one).reduce((sum, m, j) => sum + m * Math.abs(w[j]!), 0);
      if (most <= Math.abs(c)) {
        assert.ok(Math.abs(Math.abs(got) - most) < 1e-9, `${norm} ${trial}: out of reach, as near as can be`);
        continue;
      }
      reached++;
      assert.ok(Math.abs(got - c) < 1e-9, `${norm} ${trial}: ${got} for ${c}`);
      const least = leastSize(norm, one);
      assert.ok(Math.abs(sizeOfMove(norm, d) - least) < 1e-7, `${norm} ${trial}: ${sizeOfMove(norm, d)} for ${least}`);
    }
  assert.ok(reached > 400);
});

planes('l2: no random point of the plane within the bounds is nearer', () => {
  for (let trial = 0; trial < 60; trial++) {
    const rng = Rng.from(trial).split('random points');
    const { w, c, x, space } = caseOf(rng);
    const d = toHyperplane('l2', w, c, { values: x, at: 0 }, space);
    if (Math.abs(d.reduce((sum, move, j) => sum + move * w[j]!, 0) - c) > 1e-9) continue;
    const j = w.findIndex((weight) => Math.abs(weight) > 0.3);
    for (let k = 0; k < 200 && j >= 0; k++) {
      const other = Float64Array.from(d, (move) => move + 0.1 * rng.normal());
      other[j]! += (c - other.reduce((sum, move, at) => sum + move * w[at]!, 0)) / w[j]!;
      if (other.every((move, at) => x[at]! + move >= 0 && x[at]! + move <= 1))
        assert.ok(sizeOfMove('l2', other) >= sizeOfMove('l2', d) - 1e-9);
    }
  }
});

planes('numbers that are fixed stay', () => {
  const space = { ...boundedSpace([3], [0, 1]), fixed: Uint8Array.of(0, 1, 0) };
  const d = toHyperplane(
    'linf',
    Float64Array.of(1, 5, 1),
    0.5,
    { values: Float32Array.of(0.2, 0.2, 0.2), at: 0 },
    space,
  );
  assert.equal(
    Array.from(d, (move) => Math.round(1e9 * move) / 1e9),
    [0.25, 0, 0.25],
  );
});

const fab = suite('evasion: fast adaptive boundary attack');

fab('finds the distance to the boundary of a linear model, in each norm', async () => {
  const w = [0.3, -1.2, 0.7, 0.1, -0.4];
  const target = linearTarget([w.map(() => 0), w], [0, -0.45]) as Target<'white-box'>;
  const x = Float32Array.of(0.5, 0.5, 0.5, 0.5, 0.5);
  const gap = Math.abs(w.reduce((sum, v) => sum + v / 2, 0) - 0.45);
  const expected = {
    linf: gap / w.reduce((sum, v) => sum + Math.abs(v), 0),
    l2: gap / Math.hypot(...w),
    // the largest number alone goes down by 0.5, to its bound, before the next one moves
    l1: gap / 1.2 < 0.5 ? gap / 1.2 : 0.5 + (gap - 0.6) / 0.7,
  };
  for (const name of ['fab', 'fab-targeted'] as const)
    for (const norm of boundaryNorms) {
      const { distances, success } = await runEvasionAttack(erased(evasionAttacks[name]), {
        target,
        x,
        y: Int32Array.of(0),
        space: boundedSpace([5], [0, 1]),
        norm,
        epsilon: Infinity,
        rng: Rng.from(1),
        options: { steps: 30 },
      });
      assert.is(success.value, 1);
      const found = distances[norm][0]!;
      // l1: the line to the row leaves the bound that the nearest point lies on
      assert.ok(
        found >= expected[norm] - 1e-6 && found < expected[norm] * (norm === 'l1' ? 1.001 : 1.0001),
        `${name} ${norm}: ${found} for ${expected[norm]}`,
      );
    }
});

fab('on a trained net: nearer than any point that PGD finds, and nearer still with the search at the end', async () => {
  const pgd = await attackDigits(erased(evasionAttacks.pgd), net, { norm: 'l2', epsilon: 1, options: { steps: 20 } });
  const sizes = async (options: Readonly<Record<string, number>>) =>
    (await attackDigits(erased(evasionAttacks.fab), net, { norm: 'l2', epsilon: Infinity, options })).distances.l2;
  const searched = await sizes({ steps: 30 });
  const raw = await sizes({ steps: 30, search: 0 });
  let shorter = 0;
  for (const [i, size] of searched.entries()) {
    assert.ok(size <= raw[i]!);
    if (size < raw[i]!) shorter++;
    if (pgd.fooled[i]) assert.ok(size <= pgd.distances.l2[i]! + 1e-6, `row ${i}: ${size}, PGD ${pgd.distances.l2[i]}`);
  }
  assert.ok(shorter > 20, `${shorter}`);
});

fab('random starts are inside epsilon, and never make it worse', async () => {
  const sizes = async (restarts: number) => {
    const run = { norm: 'l2', epsilon: 0.4, options: { steps: 10, restarts } } as const;
    const { distances, x } = await attackDigits(erased(evasionAttacks.fab), net, run);
    for (const [i, size] of distances.l2.entries())
      if (size < Infinity)
        assert.is(
          size,
          distance(
            'l2',
            { values: x, at: i * digitsSpace.width },
            { values: net.rows.x, at: i * digitsSpace.width },
            digitsSpace.width,
          ),
        );
    return distances.l2;
  };
  const [one, three] = [await sizes(1), await sizes(3)];
  assert.ok(three.every((size, i) => size <= one[i]!));
  assert.ok(three.some((size, i) => size < one[i]!));
});

fab('a row that is fooled near enough is asked about no more', async () => {
  const target = linearTarget([
    [0, 0],
    [1, 2],
  ]);
  const task = {
    x: Float32Array.of(-0.5, 0.1, -0.4, -0.3),
    y: Int32Array.of(0, 0),
    targets: null,
    space: boundedSpace([2], [-1, 1]),
    norm: 'l2',
    epsilon: 1,
    best: new Float32Array(4),
    rng: Rng.from(1),
    signal: undefined,
  } as const;
  const found: number[] = [];
  const goal = { rows: () => Int32Array.of(0, 1), enough: 1, found: (i: number) => found.push(i) };
  await walkTheBoundary(target, task, goal, { ...FAB_DEFAULTS, steps: 50, restarts: 1, classes: 0, name: 'test' });
  assert.equal(found, [0, 1]);
  // one step and its answer for each
  assert.is(target.queries(), 4);
});
