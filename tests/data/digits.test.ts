import { checkSet, loadSet, take } from '../../data/index.ts';
import { assert, suite } from '../harness.ts';

const test = suite('digits, embedded');

test('counts, shape and statistics of scikit-learn load_digits', async () => {
  const dataset = await loadSet('digits');
  assert.equal([dataset.size, dataset.inputShape, dataset.classes, dataset.bounds], [1797, [8, 8, 1], 10, [0, 1]]);
  const check = checkSet(dataset);
  assert.equal(check.classCounts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  // load_digits().data.mean() = 4.884164579855314, .std() = 6.0167875486722374 (scikit-learn 1.2.1)
  assert.ok(Math.abs(check.values.mean - 4.884164579855314) < 1e-12);
  assert.ok(Math.abs(check.values.std - 6.016787548672237) < 1e-9);
  assert.is(check.duplicates.total, 0);
});

test('the first image is a zero, scaled by 16', async () => {
  const { x, y } = take(await loadSet('digits'), [0]);
  assert.is(y[0], 0);
  assert.equal(x.slice(0, 8), Float32Array.of(0, 0, 5 / 16, 13 / 16, 9 / 16, 1 / 16, 0, 0));
});
