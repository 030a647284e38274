/** The runner of evasion attacks: what it refuses, what it does not believe, what it counts. */
import {
  asStored,
  boundedSpace,
  defineEvasionAttack,
  distance,
  type EvasionAttack,
  type EvasionRun,
  evasionAttacks,
  project,
  runEvasionAttack,
  storedInside,
} from '../../../attacks/evasion/index.ts';
import { restrict, type Target } from '../../../attacks/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { linearTarget } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';

/** Class 1 where the sum of four numbers exceeds 2. */
const target = () =>
  linearTarget(
    [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ],
    [0, -2],
  ) as Target<'white-box'>;
const x = Float32Array.of(0.4, 0.4, 0.4, 0.4, 0.6, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9, 0.9);
const y = Int32Array.of(0, 1, 0);
const base = (): EvasionRun => ({
  target: target(),
  x,
  y,
  space: boundedSpace([4], [0, 1], { levels: 10 }),
  norm: 'linf',
  epsilon: 0.15,
  rng: Rng.from(1),
});
const pgd = evasionAttacks.pgd as unknown as EvasionAttack;
/** An attack that writes what it likes. */
const writes = (rows: readonly number[]) =>
  defineEvasionAttack({
    ...evasionAttacks.fgsm,
    name: 'made-up',
    run: async ({ best }) => best.set(rows.slice(0, best.length)),
  }) as unknown as EvasionAttack;

const counted = suite('evasion: what the runner counts');

counted('a row that is wrong already is not robust, and not attacked', async () => {
  const { clean, robust, success, attacked, fooled, before, after, distances, queries } = await runEvasionAttack(
    pgd,
    base(),
  );
  assert.equal([clean.value, clean.n], [2 / 3, 3]);
  assert.equal([robust.value, robust.n], [0, 3]);
  assert.equal([success.value, success.n], [1, 2]);
  assert.equal([attacked, fooled], [Uint8Array.of(1, 1, 0), Uint8Array.of(1, 1, 0)]);
  assert.equal([before, after], [Int32Array.of(0, 1, 1), Int32Array.of(1, 0, 1)]);
  assert.ok(distances.linf[0]! <= 0.15 && distances.linf[2] === Infinity);
  assert.ok(queries > 3);
});

counted(
  'success is what the target says, not what the attack says; rows outside the ball are moved back, and it says so',
  async () => {
    const far = await runEvasionAttack(writes([1, 1, 1, 1, 0.58, 0.6, 0.6, 0.6]), base());
    assert.equal(
      far.x.slice(0, 4).map((v) => Math.round(1e4 * v)),
      Float32Array.of(5500, 5500, 5500, 5500),
    );
    assert.equal(far.fooled, Uint8Array.of(1, 0, 0));
    assert.equal(
      far.warnings.map(({ code }) => code),
      ['norm-violated-and-clipped'],
    );
    const broken = await runEvasionAttack(writes([Number.NaN, 1, 1, 1, 0.6, 0.6, 0.6, 0.6]), base());
    assert.equal(broken.fooled, Uint8Array.of(0, 0, 0));
    assert.equal(broken.x, x);
  },
);

counted('trap 4.3: an adversarial row that fails when it is stored in whole steps is counted apart', async () => {
  // 0.503 four times fools; rounded to tenths it is 0.5, whose sum does not exceed 2
  const near = await runEvasionAttack(writes([0.503, 0.503, 0.503, 0.503, 0.6, 0.6, 0.6, 0.6]), base());
  assert.equal(near.fooled, Uint8Array.of(1, 0, 0));
  assert.equal(near.rounded!.fooled, Uint8Array.of(0, 0, 0));
  assert.ok(near.rounded!.robust.value! > near.robust.value!);
});

counted('trap 4.3: what storing moves out of the ball goes to the next step inside it', async () => {
  // 0.55 lies within 0.15 of 0.4; as 0.6 it would fool from outside the ball
  const far = await runEvasionAttack(writes([0.55, 0.55, 0.55, 0.55, 0.6, 0.6, 0.6, 0.6]), base());
  assert.equal([far.fooled, far.rounded!.fooled], [Uint8Array.of(1, 0, 0), Uint8Array.of(0, 0, 0)]);
  // with room for whole steps it is stored as it is, and fools
  const whole = await runEvasionAttack(writes([0.6, 0.6, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6]), { ...base(), epsilon: 0.2 });
  assert.equal(whole.rounded!.fooled, Uint8Array.of(1, 0, 0));
  assert.ok(Math.abs(whole.rounded!.distances[0]! - 0.2) < 1e-6);
  assert.is(whole.rounded!.distances[1], Infinity);
});

counted('trap 4.3: stored rows are whole steps, inside the ball in every norm, and as near as that allows', () => {
  const space = boundedSpace([16], [0, 1], { levels: 255 });
  const rng = Rng.from(3);
  const origins = Float32Array.from({ length: 40 * 16 }, () => Math.floor(256 * rng.uniform()) / 255);
  for (const norm of ['linf', 'l2', 'l1', 'l0'] as const) {
    const epsilon = { linf: 8.5 / 255, l2: 0.1, l1: 0.3, l0: 4 }[norm];
    const rows = origins.slice();
    for (let at = 0; at < rows.length; at += 16) {
      const [slice, origin] = [
        { values: rows, at },
        { values: origins, at },
      ];
      for (let j = at; j < at + 16; j++) rows[j]! += 0.3 * rng.normal();
      project(space, norm, epsilon, slice, origin);
      const out = asStored(rows, origins, space, { norm, epsilon });
      const size = distance(norm, { values: out, at }, origin, 16);
      assert.ok(storedInside(size, epsilon), `${norm}: ${size}`);
      for (let j = at; j < at + 16; j++) {
        const steps = 255 * out[j]!;
        assert.ok(Math.abs(steps - Math.round(steps)) < 1e-4, `${norm}: ${steps} steps`);
        assert.ok(Math.abs(out[j]! - rows[j]!) < 1.001 / 255, `${norm}: ${out[j]} of ${rows[j]}`);
      }
    }
  }
  // l2: half a step more of each of four numbers leaves the ball, of two of them does not
  const four = boundedSpace([4], [0, 1], { levels: 10 });
  const own = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const some = asStored(Float32Array.of(0.57, 0.56, 0.58, 0.4), own, four, { norm: 'l2', epsilon: 0.175 });
  assert.equal(
    some.map((v) => Math.round(10 * v)),
    Float32Array.of(6, 5, 6, 4),
    'the one that loses least goes back',
  );
  // 8 steps of 255 are 8/255: all of the ball, whatever f32 makes of it
  const eight = Float32Array.from(origins, (value) => Math.min(1, Math.fround(value + 8 / 255)));
  const kept = asStored(eight, origins, space, { norm: 'linf', epsilon: 8 / 255 });
  for (const [j, value] of kept.entries()) assert.ok(Math.abs(value - eight[j]!) < 1e-6);
});

counted('targets: success is the wanted class and nothing else', async () => {
  const three = linearTarget([
    [1, 0],
    [0, 1],
    [-1, -1],
  ]) as Target<'white-box'>;
  const run = {
    ...base(),
    target: three,
    space: boundedSpace([2], [-1, 1]),
    x: Float32Array.of(0.5, 0.4),
    y: Int32Array.of(0),
  };
  const hit = await runEvasionAttack(pgd, { ...run, targets: Int32Array.of(1) });
  assert.equal([hit.fooled[0], hit.after[0]], [1, 1]);
  const miss = await runEvasionAttack(pgd, { ...run, targets: Int32Array.of(2) });
  assert.equal([miss.fooled[0], miss.success.value], [0, 0]);
});

counted('a query budget that ends leaves the best so far, marked', async () => {
  let left = 8;
  const whole = target();
  const spent = {
    ...whole,
    inputGradients: (...given: Parameters<typeof whole.inputGradients>) => {
      left -= given[0].length / 4;
      if (left < 0) throw new ConfigError('target: expected at most 8 queries.', 'queryBudget');
      return whole.inputGradients(...given);
    },
  };
  const { stopped, warnings, fooled } = await runEvasionAttack(pgd, {
    ...base(),
    target: spent,
    epsilon: 0.11,
    options: { step: 0.2 },
  });
  assert.is(stopped, 'budget');
  assert.equal(
    warnings.map(({ code }) => code),
    ['budget-exhausted'],
  );
  assert.is(fooled.length, 3);
});

const refused = suite('evasion: what the runner refuses');

refused('before anything is asked, with the remedy', async () => {
  const fails = async (over: Partial<EvasionRun>, message: RegExp, attack: EvasionAttack = pgd) => {
    const run = { ...base(), ...over };
    await rejectsError(() => runEvasionAttack(attack, run), ConfigError, message);
    assert.is(run.target.queries(), 0);
  };
  await fails({ epsilon: 1.5 }, /epsilon: expected .* at most 1, .* got 1\.5\. It is in the units that the model sees/);
  await fails({ epsilon: 0 }, /epsilon/);
  await fails({ epsilon: Infinity }, /epsilon/);
  await fails({ norm: 'l0' }, /pgd: expected a norm among linf, l2, l1, got 'l0'/);
  await fails(
    { x: x.map((v) => 255 * v) },
    /inputs: expected numbers within their bounds, got 102 for number 0 of row 0/,
  );
  await fails({ x: Float32Array.of(...x.slice(1), Number.NaN) }, /inputs/);
  await fails({ y: Int32Array.of(0, 1, 2) }, /labels: expected classes from 0 to 1, got 2 for row 2/);
  await fails({ targets: Int32Array.of(1, 1, 1) }, /targets: expected classes other than the label, got 1 for row 1/);
  await fails({ targets: Int32Array.of(1, 0, 5) }, /targets: expected classes from 0 to 1, got 5/);
  await fails({ targets: Int32Array.of(1) }, /targets: expected one for each of 3 rows, got 1/);
  await fails({ options: { stpes: 3 } }, /expected an option among steps, .*got 'stpes'/);
  await fails({ options: { steps: 2.5 } }, /pgd\.steps: expected a whole number from 1 to 100000, got 2\.5/);
  await fails({ options: { full: 0.7 } }, /pgd\.full: expected 1 \(yes\) or 0 \(no\), got 0\.7/);
  const rows = (over: object) => ({ known: { rows: { x, y, ...over } } }) as Partial<EvasionRun>;
  await fails(rows({ x: x.slice(1) }), /known\.rows: expected rows of 4 numbers .*, got 11 numbers and 3 labels/);
  await fails(rows({ x: [...x] }), /known\.rows: expected rows of 4 numbers in a Float32Array/);
  await fails(rows({ y: Int32Array.of(0, 1, 2) }), /known\.rows: expected classes from 0 to 1, got 2 for row 2/);
  await fails(rows({ x: x.map((v) => 255 * v) }), /known\.rows: expected numbers within their bounds, got 102/);
  const narrow = linearTarget([[1], [0]]) as Target<'white-box'>;
  await fails({ known: { substitute: narrow } }, /known\.substitute: expected a model of inputs \[4\] and 2 classes/);
  await fails(
    { known: { substitute: restrict(target(), 'label-only') as never } },
    /known\.substitute: expected a model with gradients, got a value of type Object/,
  );
  await fails(
    { craftedOn: narrow as never },
    /craftedOn: expected a model of inputs \[4\] and 2 classes.*, got one of \[1\]/,
  );
  await fails(
    { target: restrict(target(), 'label-only') as never },
    /pgd: expected a target with access 'gradients', got one with 'label-only'/,
  );
});

refused('what the compiler would refuse, where there is none', async () => {
  const fails = async (over: object, message: RegExp, attack: unknown = pgd) => {
    const run = { ...base(), ...over };
    await rejectsError(() => runEvasionAttack(attack as EvasionAttack, run), ConfigError, message);
    assert.is(base().target.queries(), 0);
  };
  await fails({}, /attack: expected an attack, got 'pgd'\. Give evasionAttacks\.pgd/, 'pgd');
  await fails({ space: undefined }, /space: expected the bounds of the inputs, got none\. Give spaceOf\(dataset\)/);
  await fails({ x: [...x] }, /x: expected .* Float32Array, got a value of type Array/);
  await fails({ y: [...y] }, /y: expected .* Int32Array, got a value of type Array/);
  await fails({ targets: [1, 0, 1] }, /targets: expected .* Int32Array/);
  await fails({ rng: undefined }, /rng: expected a source of random numbers, got none\. Give Rng\.from\(0\)/);
  await fails({ target: {} }, /target: expected a model that can be asked, got a value of type Object/);
  await fails({ confidence: 2 }, /confidence: expected a number between 0 and 1, got '2'/);
  let asked = 0;
  const watched = { ...target(), labels: async () => new Int32Array(3).fill(asked++) };
  await fails({ target: watched, confidence: 0 }, /confidence/);
  assert.is(asked, 0);
});

refused('too little access and unknown options are type errors at the entry', () => {
  const { x, y, space, norm, epsilon, rng } = base();
  const run = { x, y, space, norm, epsilon, rng };
  const labels = restrict(target(), 'label-only') as Target<'label-only'>;
  const never = () => [
    // @ts-expect-error gradients asked of a label-only target
    runEvasionAttack(evasionAttacks.pgd, { ...run, target: labels }),
    // @ts-expect-error the substitute's place taken by a target without gradients
    runEvasionAttack(evasionAttacks.pgd, { ...run, target: target(), craftedOn: labels }),
    // @ts-expect-error no option of that name
    runEvasionAttack(evasionAttacks.pgd, { ...run, target: target(), options: { stepz: 3 } }),
    runEvasionAttack(evasionAttacks.pgd, { ...run, target: target(), options: { steps: 3 } }),
    runEvasionAttack(evasionAttacks.pgd, { ...run, target: labels, craftedOn: target() }),
    runEvasionAttack(evasionAttacks.hopskipjump, { ...run, target: labels, options: { queries: 300 } }),
    // erased, as from a registry: checked when it runs
    runEvasionAttack(pgd, { ...run, target: labels, options: { stepz: 3 } }),
  ];
  assert.is(typeof never, 'function');
});

refused('gradients of a label-only target are a type error', () => {
  const labels: Target<'label-only'> = restrict(target(), 'label-only') as Target<'label-only'>;
  // @ts-expect-error a label-only target has no gradients
  assert.is(labels.inputGradients, undefined);
});
