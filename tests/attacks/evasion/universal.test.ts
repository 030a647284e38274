/** Universal perturbations: one change for all rows, judged on rows that it was not crafted from. */
import {
  allUniversalAttacks,
  boundedSpace,
  defineUniversalAttack,
  distance,
  type Norm,
  perturbed,
  runUniversalAttack,
  type UniversalAttack,
  type UniversalRun,
  universalAttackNamed,
} from '../../../attacks/evasion/index.ts';
import { localTarget, restrict, type Target } from '../../../attacks/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet, digitsSpace, linearTarget } from '../../support/evasion.ts';
import { rejectsError, throwsError } from '../../support/throws.ts';

const LONG = { timeout: 60_000 };
const engine = await testEngine();
const net = await digitsNet(engine);
const { width } = digitsSpace;
const attackDigits = (attack: UniversalAttack, over: Partial<UniversalRun> = {}) =>
  runUniversalAttack(attack, {
    target: net.target,
    crafting: net.others.x.slice(0, 100 * width),
    heldOut: net.rows.x,
    space: digitsSpace,
    norm: attack.canary.norm,
    epsilon: attack.canary.epsilon,
    options: attack.canary.options ?? {},
    rng: Rng.from(7),
    ...over,
  });
const size = (norm: Norm, v: Float32Array) =>
  distance(norm, { values: v, at: 0 }, { values: new Float32Array(v.length), at: 0 }, v.length);

const canary = suite('evasion: every universal attack');

for (const attack of allUniversalAttacks) {
  const { epsilon, above } = attack.canary;
  canary(
    `${attack.name}: changes the class of more than ${100 * above} % of rows that it has not seen`,
    async () => {
      assert.is(universalAttackNamed(attack.name), attack);
      const { fooling, foolingOnCrafting, before, after, perturbation, warnings, goesTo } = await attackDigits(attack);
      assert.ok(fooling.value! > above, `${fooling.value}`);
      assert.ok(foolingOnCrafting.value! > above, `${foolingOnCrafting.value}`);
      assert.ok(fooling.low < fooling.value! && fooling.value! < fooling.high && fooling.n === 60);
      assert.equal(warnings, []);
      assert.ok(size(attack.canary.norm, perturbation) <= epsilon);
      assert.equal(await net.target.labels(net.rows.x), before);
      assert.equal(await net.target.labels(perturbed(digitsSpace, net.rows.x, perturbation)), after);
      assert.ok(Math.abs(goesTo.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
    },
    LONG,
  );

  canary(
    `${attack.name}: at a hundredth of the budget next to none`,
    async () => {
      const { fooling } = await attackDigits(attack, { epsilon: epsilon / 100 });
      assert.ok(fooling.value! <= 0.05, `${fooling.value}`);
    },
    LONG,
  );

  canary(
    `${attack.name}: the same again`,
    async () => {
      const crafting = net.others.x.slice(0, 20 * width);
      const [one, two] = [await attackDigits(attack, { crafting }), await attackDigits(attack, { crafting })];
      assert.equal(one.perturbation, two.perturbation);
      assert.ok(one.perturbation.some((value) => value !== 0));
    },
    LONG,
  );

  for (const norm of attack.norms.filter((other) => other !== attack.canary.norm)) {
    canary(
      `${attack.name}: works in ${norm} too`,
      async () => {
        const room: Record<Norm, number> = { linf: 0.4, l2: 2.5, l1: 12, l0: 20 };
        const { fooling, perturbation } = await attackDigits(attack, { norm, epsilon: room[norm] });
        assert.ok(size(norm, perturbation) <= room[norm]);
        assert.ok(fooling.value! > above, `${fooling.value}`);
      },
      LONG,
    );
  }

  if (attack.targeted) {
    canary(
      `${attack.name}: sends rows to a class that was named`,
      async () => {
        for (const wanted of [1, 5]) {
          const { reached, before, after, goesTo } = await attackDigits(attack, { wanted });
          assert.ok(reached!.value! > 0.5, `${wanted}: ${reached!.value}`);
          assert.is(reached!.n, before.filter((label) => label !== wanted).length);
          const hits = after.filter((label, i) => label === wanted && before[i] !== wanted).length;
          assert.is(reached!.value, hits / reached!.n);
          assert.ok(goesTo[wanted]! > 0.5);
        }
      },
      LONG,
    );
  }
}

const planted = suite('evasion: universal perturbations');

// class 0 or 1 by the first number; class 2 where the numbers add up along a direction that rows themselves have nothing of
const SIDE = 40;
const direction = Array.from({ length: SIDE }, (_, j) => (j === 0 ? 0 : j % 3 === 0 ? -1 : 1));
const decoy = () =>
  linearTarget(
    [
      direction.map((_, j) => (j === 0 ? 4 : 0)),
      direction.map((_, j) => (j === 0 ? -4 : 0)),
      direction.map((d) => 4 * d),
    ],
    [0, 0, -12],
  ) as Target<'white-box'>;
const rowsOf = (seed: number, n: number) => {
  const rng = Rng.from(seed);
  const near = () => 0.2 * (2 * rng.uniform() - 1);
  const far = () => (rng.uniform() < 0.5 ? -1 : 1) * (0.6 + 0.4 * rng.uniform());
  return Float32Array.from({ length: n * SIDE }, (_, i) => (i % SIDE === 0 ? far() : near()));
};
const base = (over: Partial<UniversalRun> = {}): UniversalRun => ({
  target: decoy(),
  crafting: rowsOf(1, 60),
  heldOut: rowsOf(2, 80),
  space: boundedSpace([SIDE], [-1, 1]),
  norm: 'linf',
  epsilon: 0.2,
  rng: Rng.from(3),
  ...over,
});

for (const attack of allUniversalAttacks) {
  planted(`${attack.name}: finds the one direction that changes all rows`, async () => {
    const { fooling, goesTo, perturbation } = await runUniversalAttack(attack, base());
    assert.ok(fooling.value! > 0.9, `${fooling.value}`);
    assert.ok(goesTo[2]! > 0.9, `${goesTo}`);
    const agree = direction.filter((d, j) => d !== 0 && d * perturbation[j]! > 0).length;
    assert.ok(agree > 0.9 * (SIDE - 1), `${agree} of ${SIDE - 1} signs`);
  });

  planted(`${attack.name}: leaves alone what cannot change, and rows inside their bounds`, async () => {
    const space = boundedSpace([SIDE], [-1, 1]);
    space.low.fill(-0.25, 1);
    space.high.fill(0.25, 1);
    for (let j = 1; j < 10; j++) space.fixed[j] = 1;
    const { perturbation, warnings } = await runUniversalAttack(attack, base({ space }));
    assert.equal(warnings, []);
    assert.ok(perturbation.every((value, j) => !space.fixed[j] || value === 0));
    assert.ok(perturbation.some((value) => value !== 0));
    const shown = perturbed(space, rowsOf(2, 80), perturbation);
    assert.ok(shown.every((value, i) => value >= space.low[i % SIDE]! && value <= space.high[i % SIDE]!));
  });
}

/** An attack that says what it likes. */
const says = (v: readonly number[]) =>
  defineUniversalAttack({
    ...universalAttackNamed('universal-sgd'),
    name: 'made-up',
    craft: async ({ best }) => best.set(v),
  }) as UniversalAttack;

planted(
  'trap 4.3: the fooling rate counts changes of what the model itself says of rows that were held out',
  async () => {
    const nothing = await runUniversalAttack(says([]), base());
    assert.equal([nothing.fooling.value, nothing.fooling.n], [0, 80]);
    assert.equal(nothing.goesTo, new Float64Array(3));
    // classes 0 and 1 are the sign of the first number: adding to it changes the rows where it is less below 0, no others
    const { fooling, foolingOnCrafting, before } = await runUniversalAttack(says([0.8]), base({ epsilon: 0.8 }));
    const flips = (x: Float32Array) =>
      Array.from({ length: x.length / SIDE }, (_, i) => x[i * SIDE]!).filter((value) => value < 0 && value > -0.8)
        .length;
    assert.is(fooling.value, flips(rowsOf(2, 80)) / 80);
    assert.is(foolingOnCrafting.value, flips(rowsOf(1, 60)) / 60);
    assert.is.not(foolingOnCrafting.value, fooling.value);
    assert.is(before.length, 80);
  },
);

planted('a perturbation outside the ball is moved back before it is judged, and it says so', async () => {
  const far = await runUniversalAttack(says(direction.map((d) => 5 * d)), base({ epsilon: 0.05 }));
  assert.equal(
    far.warnings.map(({ code }) => code),
    ['norm-violated-and-clipped'],
  );
  assert.ok(size('linf', far.perturbation) <= 0.05);
  assert.ok(far.fooling.value! < 0.3, `${far.fooling.value}`);
  const space = boundedSpace([SIDE], [-1, 1]);
  space.fixed[1] = 1;
  const fixed = await runUniversalAttack(says([0.1, 0.1, 0.1]), base({ space }));
  assert.equal(fixed.perturbation.slice(0, 3), Float32Array.of(0.1, 0, 0.1));
  assert.is(fixed.warnings.length, 1);
  const broken = await runUniversalAttack(says([Number.NaN]), base());
  assert.equal([broken.fooling.value, broken.perturbation], [0, new Float32Array(SIDE)]);
});

planted('a budget that ends leaves the best so far, marked and judged', async () => {
  const crafting = net.others.x.slice(0, 20 * width);
  for (const attack of allUniversalAttacks) {
    const { stopped, warnings, queries, perturbation, after, foolingOnCrafting } = await attackDigits(attack, {
      crafting,
      // enough for a few rounds of steps, and for none of the labels at their end
      queryBudget: attack.name === 'universal-sgd' ? 150 : 30,
    });
    assert.is(stopped, 'budget');
    assert.equal(
      warnings.map(({ code }) => code),
      ['budget-exhausted'],
    );
    assert.ok(perturbation.some((value) => value !== 0));
    assert.equal(await net.target.labels(perturbed(digitsSpace, net.rows.x, perturbation)), after);
    assert.ok(foolingOnCrafting.value! > 0);
    // and the labels of the crafting rows, which it was given
    assert.ok(queries <= 150 + 20, `${queries}`);
  }
});

planted("a budget of the target's own leaves nobody to judge, and no fooling rate is made up", async () => {
  const sgd = universalAttackNamed('universal-sgd');
  const target = localTarget(net.classifier, { queryBudget: 200 });
  await rejectsError(
    () => attackDigits(sgd, { target, crafting: net.others.x.slice(0, 20 * width) }),
    ConfigError,
    /give the attack a budget \(\{ queryBudget \} of its run\), not the target/,
  );
});

planted('the reason of a signal stops the work', async () => {
  for (const attack of allUniversalAttacks) {
    await rejectsError(() => attackDigits(attack, { signal: AbortSignal.abort(new Error('enough')) }), Error, /enough/);
  }
});

planted('refused before anything is asked', async () => {
  const sgd = universalAttackNamed('universal-sgd');
  const fails = async (over: Partial<UniversalRun>, message: RegExp, attack = sgd) => {
    const run = base(over);
    await rejectsError(() => runUniversalAttack(attack, run), ConfigError, message);
    assert.is(run.target.queries(), 0);
  };
  await fails({ epsilon: 3 }, /epsilon: expected .* at most 2/);
  await fails({ epsilon: Infinity }, /epsilon/);
  await fails({ norm: 'l0' }, /universal-sgd: expected a norm among linf, l2, got 'l0'/);
  await fails({ crafting: rowsOf(1, 2).subarray(1) }, /crafting: expected rows of 40 numbers, got 79/);
  await fails({ heldOut: new Float32Array(0) }, /heldOut: expected rows/);
  await fails({ heldOut: rowsOf(2, 80).map((value) => 255 * value) }, /inputs: expected numbers within their bounds/);
  await fails(
    { heldOut: rowsOf(1, 40) },
    /heldOut: expected rows that .*, got 40 of 40 that are.*Split the rows first/,
  );
  await fails({ wanted: 3 }, /wanted: expected a class from 0 to 2, got 3/);
  await fails({ wanted: 1 }, /cannot aim at one/, universalAttackNamed('universal-deepfool'));
  await fails({ options: { delta: 1 } }, /expected an option among epochs/);
  await fails({ target: restrict(decoy(), 'logits') as never }, /expected a target with access 'gradients'/);
  throwsError(() => universalAttackNamed('fgsm'), ConfigError, /expected one of universal-deepfool, universal-sgd/);
});
