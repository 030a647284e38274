import {
  checkSet,
  type Dataset,
  featureNames,
  fitStandardiser,
  type SetCheck,
  type TableSchema,
  take,
  withTransform,
} from '../../data/index.ts';
import { assert, suite } from '../harness.ts';
import { realSet } from './real.ts';

const test = suite('real sets');

const near = (got: number, expected: number, within: number) =>
  assert.ok(Math.abs(got - expected) <= within, `expected ${expected} within ${within}, got ${got}`);

interface Expected {
  readonly size: number;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly train?: number;
  readonly sha256: string;
  look?(dataset: Dataset, check: SetCheck): void;
}

/** Numbers from the sets' own pages and papers; the checksums pin this project's encoding of them. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  mnist: {
    size: 70_000,
    inputShape: [28, 28, 1],
    classes: 10,
    train: 60_000,
    sha256: '3f2feacd76664e93073c122500340dc3a6ebec0c51ce5753da2084c989528938',
    look(_, { parts, channels, duplicates }) {
      assert.equal(parts['train']!.classCounts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
      assert.equal(parts['test']!.classCounts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
      near(channels[0]!.mean, 0.1307, 5e-5);
      near(channels[0]!.std, 0.3081, 5e-5);
      assert.equal(duplicates, { total: 0, acrossParts: 0, otherLabel: 0 });
    },
  },
  'fashion-mnist': {
    size: 70_000,
    inputShape: [28, 28, 1],
    classes: 10,
    train: 60_000,
    sha256: '42470182eed0716a8d2a57b7dfd739433683bea0d5e0ff7bf9076c51d88f46b1',
    look(_, { parts, channels }) {
      assert.equal(parts['train']!.classCounts, Array(10).fill(6000));
      assert.equal(parts['test']!.classCounts, Array(10).fill(1000));
      near(channels[0]!.mean, 0.286, 5e-5);
      near(channels[0]!.std, 0.353, 5e-5);
    },
  },
  cifar10: {
    size: 60_000,
    inputShape: [32, 32, 3],
    classes: 10,
    train: 50_000,
    sha256: '6ecf5457778bc29369febf7ef98df90a39017d6f111579637bfca0f75256436a',
    look(dataset, { parts, channels, duplicates }) {
      assert.equal(parts['train']!.classCounts, Array(10).fill(5000));
      assert.equal(parts['test']!.classCounts, Array(10).fill(1000));
      for (const [c, mean] of [0.4914, 0.48216, 0.44653].entries()) near(channels[c]!.mean, mean, 5e-6);
      for (const [c, std] of [0.24703, 0.24349, 0.26159].entries()) near(channels[c]!.std, std, 5e-6);
      assert.is(duplicates.total, 0);
      // The first training image is a frog whose first pixel is (59, 62, 63), the first test image a cat.
      assert.is(dataset.classNames[dataset.y[0]!], 'frog');
      assert.equal(dataset.x.slice(0, 3), Uint8Array.of(59, 62, 63));
      assert.is(dataset.classNames[dataset.y[50_000]!], 'cat');
    },
  },
  adult: {
    size: 48_842,
    inputShape: [108],
    classes: 2,
    train: 32_561,
    sha256: 'a7057179ad7bfb2dede4889fdc0c0aad2eb1f4a75219eaea25f34e208b8c9f35',
    look(dataset, { parts }) {
      assert.equal(parts['train']!.classCounts, [24_720, 7841]);
      assert.equal(parts['test']!.classCounts, [12_435, 3846]);
      const { columns } = dataset.schema as TableSchema;
      assert.is(columns.length, 14);
      const age = columns[0]!;
      assert.ok(age.kind === 'numeric' && age.bounds[0] === 17 && age.bounds[1] === 90);
      // adult.names: 30,162 + 15,060 rows without unknown values
      const unknown = featureNames(columns).flatMap((name, j) => (name.endsWith('=?') ? [j] : []));
      const complete = (from: number, to: number) => {
        let rows = 0;
        for (let r = from; r < to; r++) if (unknown.every((j) => dataset.x[r * 108 + j] === 0)) rows++;
        return rows;
      };
      assert.equal([unknown.length, complete(0, 32_561), complete(32_561, 48_842)], [3, 30_162, 15_060]);
      const train = Int32Array.from({ length: 32_561 }, (_, i) => i);
      const { x } = take(withTransform(dataset, fitStandardiser(dataset, train)), train);
      let [sum, squares] = [0, 0];
      for (let r = 0; r < train.length; r++) {
        sum += x[r * 108]!;
        squares += x[r * 108]! ** 2;
      }
      near(sum / train.length, 0, 1e-6);
      near(squares / train.length, 1, 1e-6);
    },
  },
  location30: {
    size: 5010,
    inputShape: [446],
    classes: 30,
    sha256: '2bb5fb74e2e675d220d264a2bc749a29e98cfea917ecc7bf190d08d4b05c21e0',
    look(dataset, { classCounts, duplicates }) {
      assert.equal([Math.min(...classCounts), Math.max(...classCounts)], [97, 308]);
      assert.is(
        (dataset.x as Float32Array).reduce((sum, bit) => sum + bit, 0),
        269_047,
      );
      assert.is(duplicates.total, 0);
      assert.ok((dataset.schema as TableSchema).columns.every((column) => column.kind === 'binary'));
      assert.is(dataset.classNames[dataset.y[0]!], '13');
    },
  },
  'att-faces': {
    size: 400,
    inputShape: [112, 92, 1],
    classes: 40,
    sha256: '47a66fc1f2e678e3b505398a612557970f37de4bc242141db003f9caeae6c444',
    look(_, { classCounts, values, duplicates }) {
      assert.equal(classCounts, Array(40).fill(10));
      near(values.mean, 112.63, 5e-3);
      near(values.std, 49.92, 5e-3);
      assert.is(duplicates.total, 0);
    },
  },
  iris: {
    size: 150,
    inputShape: [4],
    classes: 3,
    sha256: '4e95f3a1fb20107f521e0b683276ac6214fc0a80d762839e4f15f7d5e407d18d',
    look(dataset, { classCounts }) {
      assert.equal(classCounts, [50, 50, 50]);
      // Fisher 1936, table I: mean sepal length of setosa 5.006
      const setosa = Array.from({ length: 50 }, (_, r) => dataset.x[4 * r]!);
      near(setosa.reduce((sum, v) => sum + v, 0) / 50, 5.006, 1e-6);
    },
  },
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`${name}: counts, shape, statistics, checksum`, async ({ skip }) => {
    const dataset = await realSet(name, skip);
    assert.equal(
      [dataset.size, dataset.inputShape, dataset.classes],
      [expected.size, expected.inputShape, expected.classes],
    );
    assert.is(dataset.split?.train, expected.train);
    expected.look?.(dataset, checkSet(dataset));
    assert.is(dataset.sha256, expected.sha256);
  });
}
