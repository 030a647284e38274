/** AutoAttack: no weaker than any of its members, nor than PGD; what it asks, and where it ends. */
import { boundedSpace, type EvasionAttack, evasionAttacks, runEvasionAttack } from '../../../attacks/evasion/index.ts';
import { localTarget, type Target } from '../../../attacks/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, linearTarget, sharpened } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const autoattack = evasionAttacks.autoattack as unknown as EvasionAttack;
const test = suite('evasion: AutoAttack');
const LONG = { timeout: 60_000 };
const options = { steps: 40, classes: 9, queries: 400 };

test(
  'leaves no more rows right than its members do, each alone, nor PGD-40',
  async () => {
    for (const [norm, epsilon] of [
      ['linf', 0.08],
      ['l2', 0.5],
    ] as const) {
      const { robust, clean } = await attackDigits(autoattack, net, { norm, epsilon, options });
      assert.ok(robust.value! > 0.05 && robust.value! < clean.value! - 0.1, `${norm}: ${robust.value}`);
      const others = {
        'apgd-ce': { steps: 40 },
        'apgd-dlr-targeted': { steps: 40 },
        'fab-targeted': { steps: 40 },
        square: { queries: 400 },
        pgd: { steps: 40 },
      } as const;
      for (const [name, own] of Object.entries(others)) {
        const attack = evasionAttacks[name as keyof typeof others] as unknown as EvasionAttack;
        const alone = await attackDigits(attack, net, { norm, epsilon, options: own });
        assert.ok(robust.value! <= alone.robust.value!, `${norm} ${name}: ${alone.robust.value} < ${robust.value}`);
      }
    }
  },
  LONG,
);

test(
  'trap 4.3: a model whose logits are a thousand times as large is as broken as without',
  async () => {
    const at = { epsilon: 0.15, options: { steps: 20, classes: 3, queries: 100 } };
    const plain = await attackDigits(autoattack, net, at);
    const masked = await attackDigits(autoattack, net, { ...at, target: sharpened(net.target, 1000) });
    const ce = evasionAttacks['apgd-ce'] as unknown as EvasionAttack;
    const alone = await attackDigits(ce, net, {
      ...at,
      target: sharpened(net.target, 1000),
      options: { steps: 20 },
    });
    assert.ok(alone.robust.value! > masked.robust.value! + 0.3, `${alone.robust.value} ${masked.robust.value}`);
    assert.ok(Math.abs(masked.robust.value! - plain.robust.value!) < 0.05);
  },
  LONG,
);

test('models of two and of three classes', async () => {
  for (const w of [
    [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ],
    [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [-1, 0, 0, 0],
    ],
  ]) {
    const target = linearTarget(w, [0, -2, 0].slice(0, w.length)) as Target<'white-box'>;
    const run = {
      target,
      x: new Float32Array(8).fill(0.4),
      y: Int32Array.of(0, 0),
      space: boundedSpace([4], [0, 1]),
      norm: 'linf',
      rng: Rng.from(1),
      options: { steps: 10, queries: 30 },
    } as const;
    // a sum of 2 is at a distance of 0.1 in each number
    assert.is((await runEvasionAttack(autoattack, { ...run, epsilon: 0.11 })).robust.value, 0);
    assert.is((await runEvasionAttack(autoattack, { ...run, epsilon: 0.09 })).robust.value, 1);
  }
});

test('climbs are numbered from the first member on, and progress ends at 1', async () => {
  const climbs = new Set<number>();
  const shares: number[] = [];
  await attackDigits(autoattack, net, {
    epsilon: 0.01,
    options: { steps: 3, classes: 2, restarts: 2, queries: 5 },
    onStep: ({ restart }) => climbs.add(restart),
    onProgress: (done) => shares.push(done),
  });
  assert.equal([...climbs], [0, 1, 2, 3, 4, 5]);
  assert.is(shares.at(-1), 1);
  assert.ok(shares.every((share, at) => at === 0 || share >= shares[at - 1]!));
});

test('a budget that ends leaves what was found, marked', async () => {
  const whole = await attackDigits(autoattack, net, { epsilon: 0.08, options });
  const cut = await attackDigits(autoattack, net, { epsilon: 0.08, options, queryBudget: 1000 });
  assert.is(cut.stopped, 'budget');
  assert.ok(cut.queries <= 1000);
  // a target with a budget of its own leaves nobody to judge, and no robust accuracy is made up
  const target = localTarget(net.classifier, { queryBudget: 1000 });
  await rejectsError(
    () => attackDigits(autoattack, net, { epsilon: 0.08, options, target }),
    ConfigError,
    /give the attack a budget \(\{ queryBudget \} of its run\), not the target/,
  );
  const found = cut.fooled.filter((one) => one).length;
  assert.ok(found <= whole.fooled.filter((one) => one).length);
});

test('where nothing falls, all four members ask about every row', async () => {
  const [steps, classes, questions] = [3, 2, 5];
  const { queries, attacked, fooled } = await attackDigits(autoattack, net, {
    epsilon: 1e-4,
    options: { steps, classes, queries: questions },
  });
  assert.is(fooled.indexOf(1), -1);
  const n = attacked.reduce((sum, one) => sum + one, 0);
  const climbs = n * (steps + 1) * (1 + classes) + n;
  const walks = n * 2 * steps * classes + n;
  const least = climbs + walks + n * questions;
  // walks that found something search the line to it: 1 + 3 questions
  assert.ok(queries >= least && queries <= least + n * classes * 4, `${queries}, at least ${least}`);
});

test('tables: only rows with whole categories count as fooled, and fixed columns stay', async () => {
  // class 1 where 4 (x_0 - 0.5) + 10 x_2 > 1; x_1, x_2, x_3 are one category, which no linf ball of 0.3 can change
  const target = linearTarget(
    [
      [0, 0, 0, 0, 0],
      [4, 0, 10, 0, 20],
    ],
    [0, -3],
  ) as Target<'white-box'>;
  const space = {
    ...boundedSpace([5], [0, 1]),
    fixed: Uint8Array.of(0, 0, 0, 0, 1),
    discrete: Uint8Array.of(0, 1, 1, 1, 0),
    groups: [{ at: 1, width: 3 }],
  };
  const rows = 20;
  const x = Float32Array.from({ length: 5 * rows }, (_, j) => [0.5, 1, 0, 0, 0][j % 5]!);
  const y = new Int32Array(rows);
  const options = { steps: 20, queries: 50 };
  const run = { target, x, y, space, norm: 'linf', rng: Rng.from(1), options } as const;
  const inside = await runEvasionAttack(autoattack, { ...run, epsilon: 0.3 });
  assert.is(inside.success.value, 1);
  for (let i = 0; i < rows; i++) {
    const row = Array.from(inside.x.slice(5 * i, 5 * i + 5));
    assert.equal(row.slice(1), [1, 0, 0, 0]);
    assert.ok(row[0]! > 0.75);
  }
  const climbs = evasionAttacks['apgd-ce'] as unknown as EvasionAttack;
  assert.is((await runEvasionAttack(climbs, { ...run, epsilon: 0.3, options: { steps: 20 } })).success.value, 1);
  assert.is((await runEvasionAttack(autoattack, { ...run, epsilon: 0.2 })).success.value, 0);
});
