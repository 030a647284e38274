/** Attacks on tables: categories are not left half way, neither by those that look for the nearest example nor by those in a ball. */
import {
  allEvasionAttacks,
  boundedSpace,
  evasionAttackNamed,
  type InputSpace,
  type Norm,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { linearTarget } from '../../support/evasion.ts';

const test = suite('evasion: tables');

/** Two numbers, one of three, a yes or no. The categories weigh more than the numbers. */
const space: InputSpace = {
  ...boundedSpace([6], [0, 1]),
  groups: [{ at: 2, width: 3 }],
  discrete: Uint8Array.of(0, 0, 1, 1, 1, 1),
};
const target = () =>
  linearTarget(
    [
      [0, 0, 0, 0, 0, 0],
      [1, 0.5, 0, 3, 2, 3],
    ],
    [0, -1],
  ) as Target<'white-box'>;
const x = Float32Array.of(0.4, 0.4, 1, 0, 0, 0);
const run = (name: string, norm: Norm, of: InputSpace) =>
  runEvasionAttack(evasionAttackNamed(name), {
    target: target(),
    x,
    y: Int32Array.of(0),
    space: of,
    norm,
    epsilon: Infinity,
    rng: Rng.from(1),
    ...(name === 'carlini-wagner' && { options: { iterations: 1000 } }),
  });

// (1, 0.5) d = 0.4 at the least distance
const nearest = 0.4 / Math.hypot(1, 0.5);
for (const name of ['deepfool', 'carlini-wagner']) {
  test(`${name}: moves numbers, and leaves categories as they are`, async () => {
    const { success, x: found, distances } = await run(name, 'l2', space);
    assert.is(success.value, 1);
    assert.equal(found.slice(2), x.slice(2));
    assert.ok(distances.l2[0]! > nearest && distances.l2[0]! < 1.03 * nearest, `${distances.l2[0]} of ${nearest}`);
  });

  test(`${name}: moves categories where there is nothing else, to whole ones`, async () => {
    const { x: found } = await run(name, 'l2', { ...space, fixed: Uint8Array.of(1, 1, 0, 0, 0, 0) });
    assert.equal(found.slice(0, 2), x.slice(0, 2));
    assert.is(found.slice(2, 5).filter((value) => value === 1).length, 1);
    assert.ok(found.slice(2).every((value) => value === 0 || value === 1));
  });
}

// categories half way fool after the first step and are none; numbers moved by 0.3 fool as well: 0.7 + 0.35 > 1
for (const name of ['bim', 'pgd', 'mi-fgsm', 'apgd-ce', 'nes']) {
  test(`${name}: goes on until the row fools as it is presented, not half way between categories`, async () => {
    const { success, x: found } = await runEvasionAttack(evasionAttackNamed(name), {
      target: target(),
      x,
      y: Int32Array.of(0),
      space,
      norm: 'linf',
      epsilon: 0.3,
      rng: Rng.from(2),
    });
    assert.is(success.value, 1);
    assert.equal(found.slice(2), x.slice(2));
  });
}

// w = (50, 1, 1, 1), the first column fixed: the boundary is 0.346 away, and a step that is shared with the first gets nowhere
const locked: InputSpace = { ...boundedSpace([4], [-10, 10]), fixed: Uint8Array.of(1, 0, 0, 0) };
const steep = () =>
  linearTarget(
    [
      [0, 0, 0, 0],
      [50, 1, 1, 1],
    ],
    [0, -0.6],
  ) as Target<'white-box'>;
const followL2 = allEvasionAttacks.filter(
  ({ norms, threat, family }) => norms.includes('l2') && threat.access === 'gradients' && family !== 'transfer',
);
for (const attack of followL2) {
  test(`${attack.name}: columns that cannot change take no part of a step`, async () => {
    const { success, x: found } = await runEvasionAttack(attack, {
      target: steep(),
      x: new Float32Array(4),
      y: Int32Array.of(0),
      space: locked,
      norm: 'l2',
      epsilon: 0.5,
      rng: Rng.from(4),
    });
    assert.is(found[0], 0);
    assert.is(success.value, 1);
  });
}
