/** What inputs become on the way to a defended model: fewer levels, medians, JPEG's losses; and detection by how far answers move. */
import { boundedSpace } from '../../attacks/evasion/index.ts';
import { trainDefended } from '../../defenses/index.ts';
import {
  dct,
  inverseDct,
  jpegLosses,
  medianOf,
  quantisationTable,
  reducedDepth,
  squeezingDetector,
  squeezingDistance,
} from '../../defenses/inference/index.ts';
import { ConfigError, namedModel, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { linearTarget } from '../support/evasion.ts';
import { rejectsError } from '../support/throws.ts';

const engine = await testEngine();
const bytes = (values: readonly number[]) => Float32Array.from(values, (v) => v / 255);
const back = (x: Float32Array) => [...x].map((v) => Math.round(v * 255));

const depth = suite('feature squeezing: bit depth');

depth('one bit has two levels, at the bounds; two have four', () => {
  const space = boundedSpace([5, 1, 1], [0, 1]);
  assert.equal([...reducedDepth(space, 1)(Float32Array.of(0, 0.49, 0.51, 0.9, 1))], [0, 0, 1, 1, 1]);
  const two = reducedDepth(space, 2)(Float32Array.of(0, 0.2, 0.4, 0.8, 1));
  assert.equal([...two], [...Float32Array.of(0, 1 / 3, 1 / 3, 2 / 3, 1)]);
});

depth('between the bounds of each channel, and within them', () => {
  const space = boundedSpace(
    [2, 1, 2],
    [
      [-1, 1],
      [0, 10],
    ],
  );
  assert.equal([...reducedDepth(space, 1)(Float32Array.of(-0.2, 4, 0.2, 60))], [-1, 0, 1, 10]);
});

const median = suite('feature squeezing: medians');
// scipy.ndimage.median_filter(image, size=(w, w), mode='reflect'), SciPy 1.17
const IMAGE = [106, 152, 249, 131, 184, 200, 0, 21, 253, 147, 202, 107, 249, 169, 138, 149, 119, 166, 224, 148];
const MEDIANS: readonly [number, readonly number[]][] = [
  [2, [106, 152, 249, 249, 184, 200, 152, 152, 249, 184, 202, 200, 107, 249, 169, 202, 149, 166, 224, 169]],
  [3, [106, 152, 152, 184, 184, 152, 152, 152, 169, 147, 149, 149, 166, 166, 148, 149, 149, 166, 166, 148]],
];
for (const [window, expected] of MEDIANS) {
  median(`${window} x ${window}, as SciPy has them`, () => {
    assert.equal([...medianOf([4, 5, 1], window)(Float32Array.from(IMAGE))], [...expected]);
  });
}

median('channels and rows are looked at apart', () => {
  const reversed = [...IMAGE].reverse();
  const two = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? IMAGE : reversed)[i >> 1]!);
  const out = medianOf([4, 5, 2], 3)(two);
  assert.equal(
    [...out].filter((_, i) => i % 2 === 0),
    [...MEDIANS[1]![1]],
  );
  const rows = medianOf([4, 5, 1], 3)(Float32Array.from([...reversed, ...IMAGE]));
  assert.equal([...rows.subarray(20)], [...MEDIANS[1]![1]]);
});

const transform = suite('JPEG: the transform');

transform('is the orthonormal cosine transform, and goes back', () => {
  const block = Float64Array.from({ length: 64 }, (_, i) => ((i * i) % 97) - 40);
  const f = dct(block);
  // scipy.fft.dctn(block, norm='ortho')
  for (const [at, value] of [
    [0, 78.12500000000001],
    [10, 34.06050838969746],
    [63, 6.674159872398156],
    [29, -26.18459437488835],
  ] as const)
    assert.ok(Math.abs(f[at]! - value) < 1e-11, `${at}: ${f[at]}, expected ${value}`);
  for (const [i, value] of inverseDct(f).entries()) assert.ok(Math.abs(value - block[i]!) < 1e-11);
});

transform('tables: those of the standard at 50, ones at 100', () => {
  assert.equal(quantisationTable('luminance', 50).slice(0, 8), [16, 11, 10, 16, 24, 40, 51, 61]);
  assert.equal(quantisationTable('luminance', 10).slice(0, 10), [80, 55, 50, 80, 120, 200, 255, 255, 60, 60]);
  assert.equal(quantisationTable('luminance', 75).slice(0, 10), [8, 6, 5, 8, 12, 20, 26, 31, 6, 6]);
  assert.equal(quantisationTable('chrominance', 100), Array(64).fill(1));
});

// 8 x 10 bytes, and what a few lines of NumPy with scipy.fft.dctn and the same tables leave of them
const GREY = [
  172, 93, 167, 142, 248, 26, 81, 218, 150, 66, 2, 191, 60, 129, 179, 90, 69, 104, 110, 97, 157, 106, 152, 251, 62, 7,
  248, 171, 33, 123, 79, 176, 37, 20, 94, 49, 149, 127, 206, 244, 28, 119, 54, 0, 192, 233, 18, 116, 191, 165, 184, 184,
  199, 165, 253, 174, 33, 113, 1, 85, 117, 119, 202, 235, 124, 228, 99, 219, 144, 255, 80, 160, 144, 242, 18, 75, 183,
  96, 223, 141,
];
const AFTER: readonly [number, readonly number[]][] = [
  [
    10,
    [
      127, 86, 185, 155, 190, 173, 25, 178, 132, 117, 76, 158, 103, 112, 153, 57, 54, 182, 89, 87, 178, 68, 98, 247, 2,
      0, 255, 107, 83, 91, 132, 144, 75, 119, 93, 57, 163, 130, 227, 236, 92, 117, 93, 18, 155, 182, 13, 103, 145, 155,
      150, 86, 200, 125, 168, 255, 92, 99, 65, 73, 73, 243, 225, 137, 235, 216, 96, 183, 233, 231, 37, 118, 184, 239,
      30, 13, 242, 71, 209, 194,
    ],
  ],
  [
    75,
    [
      163, 106, 176, 130, 242, 42, 64, 223, 159, 61, 2, 195, 38, 143, 192, 71, 67, 108, 96, 114, 164, 117, 144, 234, 62,
      14, 255, 168, 32, 128, 84, 160, 60, 36, 80, 45, 142, 125, 214, 235, 11, 128, 41, 0, 208, 227, 32, 115, 189, 169,
      191, 191, 199, 177, 244, 182, 19, 122, 0, 92, 111, 117, 199, 234, 122, 220, 120, 207, 152, 246, 78, 164, 145, 247,
      6, 84, 168, 101, 229, 127,
    ],
  ],
];
for (const [quality, expected] of AFTER) {
  transform(`grey at quality ${quality}, on a size that is no multiple of 8`, () => {
    const squeeze = jpegLosses([8, 10, 1], boundedSpace([8, 10, 1], [0, 1]), quality);
    assert.equal(back(squeeze(bytes(GREY))), [...expected]);
    const between = jpegLosses([8, 10, 1], boundedSpace([8, 10, 1], [-1, 1]), quality);
    const moved = between(bytes(GREY).map((v) => 2 * v - 1)).map((v) => (v + 1) / 2);
    assert.equal(back(moved), [...expected], 'bounds are those of the space');
  });
}

transform('colours', () => {
  const image = [165, 158, 48, 189, 33, 52, 241, 252, 242, 2, 156, 36, 90, 232, 172, 176, 59, 202];
  const squeeze = jpegLosses([2, 3, 3], boundedSpace([2, 3, 3], [0, 1]), 75);
  const expected = [183, 154, 28, 182, 44, 34, 250, 242, 253, 0, 178, 53, 101, 188, 182, 140, 105, 205];
  assert.equal(back(squeeze(bytes(image))), expected);
});

const detection = suite('detection by squeezing distance');
const squeezers = [reducedDepth(boundedSpace([2, 1, 1], [0, 1]), 1)];
const target = linearTarget([
  [3, 0],
  [0, 3],
]);

detection('the distance is the largest of the squeezers, from 0 to 2', async () => {
  const x = Float32Array.of(1, 0, 0.6, 0.4);
  const [at, other] = await squeezingDistance(target, squeezers, x);
  assert.is(at, 0, 'a row that squeezing leaves as it is');
  const p = (z: number) => 1 / (1 + Math.exp(-z));
  assert.ok(Math.abs(other! - 2 * Math.abs(p(3 * 1) - p(3 * Math.fround(0.6) - 3 * Math.fround(0.4)))) < 1e-6);
});

detection('at most the asked share of clean rows is suspicious', async () => {
  const rng = Rng.from(3);
  const clean = Float32Array.from({ length: 400 }, () => rng.uniform());
  const detector = await squeezingDetector(target, { squeezers, clean, falsePositiveRate: 0.1 });
  const flagged = (await detector.flags(clean)).reduce((sum, one) => sum + one, 0);
  assert.is(flagged, 20);
  assert.is(detector.falsePositives.value, 0.1);
  assert.equal([...(await detector.flags(Float32Array.of(1, 0, 0.501, 0.499)))], [0, 1]);
});

detection('what makes no sense is refused', async () => {
  const clean = new Float32Array(10);
  for (const [options, message] of [
    [{ squeezers: [], clean }, /at least one squeezer/],
    [{ squeezers, clean, falsePositiveRate: 1 }, /between 0 and 1, got 1/],
    [{ squeezers, clean }, /at least 20 clean rows for a false-positive rate of 0\.05, got 5/],
  ] as const)
    await rejectsError(() => squeezingDetector(target, options), ConfigError, message);
});

const bounds = suite('input bounds of robust training');

bounds('trap 4.3: rows outside the bounds are refused, with the remedy', async () => {
  const model = namedModel('mlp', [4], 2);
  const data = noise(1, 20, [4], 2);
  const o = { defence: 'adversarial-fgsm', recipe: { epochs: 1 } } as const;
  const error = await rejectsError(
    () => trainDefended(engine, model, data, o),
    ConfigError,
    /adversarial-fgsm: expected rows within the input bounds.*Give the bounds/,
  );
  assert.is(error.path, 'inputBounds');
  await rejectsError(
    () => trainDefended(engine, model, data, { ...o, inputBounds: [1, 0] }),
    ConfigError,
    /bounds: expected the least and the greatest value/,
  );
  (await trainDefended(engine, model, data, { ...o, inputBounds: [-8, 8] })).classifier.dispose();
});

bounds('a radius in other units than the inputs is refused', async () => {
  const data = noise(1, 20, [4], 2);
  for (const defence of ['adversarial-fgsm', 'adversarial-pgd', 'trades'] as const) {
    const o = { defence, options: { epsilon: 20 }, recipe: { epochs: 1 }, inputBounds: [-8, 8] } as const;
    await rejectsError(
      () => trainDefended(engine, namedModel('mlp', [4], 2), data, o),
      ConfigError,
      new RegExp(`${defence}\\.epsilon: expected at most 16, .*got 20\\. .*8/255`),
    );
  }
});

bounds('transforms of images are refused for tables', async () => {
  const data = noise(1, 20, [4], 2);
  for (const defence of ['jpeg', 'feature-squeezing'] as const)
    await rejectsError(
      () => trainDefended(engine, namedModel('mlp', [4], 2), data, { defence, recipe: { epochs: 1 } }),
      ConfigError,
      /expected images \[h, w, channels\], got rows of \[4\]/,
    );
});
