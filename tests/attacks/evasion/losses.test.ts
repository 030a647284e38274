/** Losses on logits: derivatives against differences, and values by hand. */
import { losses } from '../../../attacks/evasion/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('evasion: losses');

test('derivatives are those of central differences', () => {
  for (const [name, { of }] of Object.entries(losses))
    for (let trial = 0; trial < 40; trial++) {
      const rng = Rng.from(trial);
      const z = Float64Array.from({ length: 6 }, () => 3 * rng.normal());
      const y = rng.below(6);
      for (const t of [null, (y + 1 + rng.below(5)) % 6]) {
        const derivative = new Float64Array(6);
        of(z, y, t, derivative);
        for (let j = 0; j < 6; j++) {
          const [up, down] = [z.slice(), z.slice()];
          up[j]! += 1e-6;
          down[j]! -= 1e-6;
          const slope = (of(up, y, t, null) - of(down, y, t, null)) / 2e-6;
          assert.ok(Math.abs(slope - derivative[j]!) < 1e-6 * Math.max(1, Math.abs(slope)), `${name} ${j}: ${slope}`);
        }
      }
    }
});

test('values by hand', () => {
  const z = Float64Array.of(1, 4, 2, -1);
  assert.ok(
    Math.abs(losses.crossEntropy.of(z, 1, null, null) - Math.log(1 + Math.exp(-3) + Math.exp(-2) + Math.exp(-5))) <
      1e-12,
  );
  assert.is(losses.margin.of(z, 1, null, null), -2);
  assert.is(losses.margin.of(z, 1, 3, null), -5);
  // equation 6: -(4 - 2) / (4 - 1); equation 7 with t = 0: -(4 - 1) / (4 - (1 - 1) / 2)
  assert.ok(Math.abs(losses.dlr.of(z, 1, null, null) + 2 / 3) < 1e-9);
  assert.ok(Math.abs(losses.dlr.of(z, 1, 0, null) + 3 / 4) < 1e-9);
});

test('trap 4.3: DLR does not depend on the scale of the logits, cross-entropy vanishes with it', () => {
  const z = Float64Array.of(1, 4, 2, -1);
  const large = z.map((value) => 1000 * value);
  assert.ok(Math.abs(losses.dlr.of(z, 1, null, null) - losses.dlr.of(large, 1, null, null)) < 1e-9);
  const derivative = new Float64Array(4);
  losses.crossEntropy.of(large, 1, null, derivative);
  assert.equal(derivative, new Float64Array(4));
});
