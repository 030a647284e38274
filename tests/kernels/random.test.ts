/** Philox: published answers, streams that continue, and the distributions made from it. */
import { permutation } from '../../engine/kernels/families/random.ts';
import { erfc, normalCdf } from '../../engine/kernels/special.ts';
import { mulHigh, philox4x32 } from '../../engine/random/philox.ts';
import { assert, suite } from '../harness.ts';
import { type Arena, arenas } from './arena.ts';

const KEY = [0x243f6a88, 0x85a308d3] as const;

const generate = (arena: Arena, name: string, n: number, at: number, ...rest: number[]): Float32Array => {
  arena.reset();
  const y = arena.floats(n);
  arena.call(name, y, n, ...rest, ...KEY, at, 0);
  return arena.view(y).slice();
};

const integers = (arena: Arena, name: string, n: number, at: number): Int32Array => {
  arena.reset();
  const y = arena.ints(n);
  arena.call(name, y, n, ...KEY, at, 0);
  return arena.words(y).slice();
};

/** Kolmogorov-Smirnov: the largest distance between the empirical and the true distribution function. */
function ksDistance(sample: Float32Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  return sorted.reduce((d, x, i) => Math.max(d, cdf(x) - i / n, (i + 1) / n - cdf(x)), 0);
}

/** Chi-square of counts against equal expectations, as a number of standard deviations (Wilson-Hilferty). */
function chiSquareZ(counts: readonly number[], expected: number): number {
  const df = counts.length - 1;
  const chi = counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
  return (Math.cbrt(chi / df) - (1 - 2 / (9 * df))) / Math.sqrt(2 / (9 * df));
}

const philoxTest = suite('kernels: philox');

philoxTest('known answers of Random123', () => {
  const out = new Uint32Array(4);
  const answers: [number[], string][] = [
    [[0, 0, 0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[-1, -1, -1, -1, -1, -1], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ];
  for (const [input, want] of answers) {
    philox4x32(...(input as [number, number, number, number, number, number]), out);
    assert.is([...out].map((w) => w.toString(16).padStart(8, '0')).join(' '), want);
  }
});

philoxTest('mulHigh is the high word of the product', () => {
  const words = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xd2511f53, 0xffffffff];
  for (const a of words)
    for (const b of words) assert.is(mulHigh(a, b), Number((BigInt(a) * BigInt(b)) >> 32n), `${a} * ${b}`);
});

for (const arena of arenas) {
  const test = suite(`kernels: random, ${arena.build}`);

  test('the first block of key 0, position 0, is the published one', () => {
    arena.reset();
    const y = arena.ints(4);
    arena.call('philox_bits', y, 4, 0, 0, 0, 0);
    assert.equal(
      [...arena.words(y)],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((w) => w | 0),
    );
  });

  test('a stream may be asked for in pieces', () => {
    const whole = generate(arena, 'uniform', 100, 5, -1, 1);
    for (const n of [1, 2, 3, 4, 7, 16, 17, 33]) {
      assert.equal(generate(arena, 'uniform', n, 5, -1, 1), whole.subarray(0, n), `a shorter call, ${n}`);
      const later = generate(arena, 'uniform', 20, 5 + Math.ceil(n / 4), -1, 1);
      const from = 4 * Math.ceil(n / 4);
      assert.equal(later, whole.subarray(from, from + 20), `continued after ${n}`);
    }
    const normals = generate(arena, 'normal', 100, 5, 0, 1);
    for (const n of [1, 2, 3, 5, 18, 31]) {
      assert.equal(generate(arena, 'normal', n, 5, 0, 1), normals.subarray(0, n), `normals, ${n}`);
    }
  });

  test('uniform: moments and Kolmogorov-Smirnov', () => {
    const n = 100_000;
    const u = generate(arena, 'uniform', n, 0, 0, 1);
    const mean = u.reduce((s, x) => s + x, 0) / n;
    const variance = u.reduce((s, x) => s + (x - mean) ** 2, 0) / n;
    assert.ok(Math.abs(mean - 0.5) < 4 * Math.sqrt(1 / 12 / n), `mean ${mean}`);
    assert.ok(Math.abs(variance - 1 / 12) < 4 * Math.sqrt(1 / 180 / n), `variance ${variance}`);
    assert.ok(ksDistance(u, (x) => x) < 1.95 / Math.sqrt(n), 'KS at 0.1 %');
    assert.ok(u.every((x) => x >= 0 && x < 1));
  });

  test('normal: moments, Kolmogorov-Smirnov, tails, pairs', () => {
    const n = 200_000;
    const z = generate(arena, 'normal', n, 0, 0, 1);
    const moment = (k: number) => z.reduce((s, x) => s + x ** k, 0) / n;
    // variance of x^k under the normal distribution: (2k - 1)!! - ((k - 1)!!)^2
    for (const [k, want, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      assert.ok(Math.abs(moment(k) - want) < 4 * Math.sqrt(variance / n), `moment ${k}: ${moment(k)}`);
    }
    assert.ok(ksDistance(z, normalCdf) < 1.95 / Math.sqrt(n), 'KS at 0.1 %');
    const beyond = z.reduce((count, x) => count + (Math.abs(x) > 3.5 ? 1 : 0), 0);
    const expected = n * erfc(3.5 / Math.SQRT2);
    assert.ok(Math.abs(beyond - expected) < 4 * Math.sqrt(expected), `${beyond} beyond 3.5, expected ${expected}`);
    let product = 0;
    for (let i = 0; i < n; i += 2) product += z[i]! * z[i + 1]!;
    assert.ok(Math.abs(product / (n / 2)) < 4 / Math.sqrt(n / 2), 'the two of a pair are uncorrelated');
    const scaled = generate(arena, 'normal', 1000, 0, 3, 0);
    assert.ok(
      scaled.every((x) => x === 3),
      'std 0 gives the mean',
    );
  });

  test('dropout_mask: frequency and the ends', () => {
    const n = 100_000;
    const keep = 0.8;
    const mask = generate(arena, 'dropout_mask', n, 0, keep);
    const kept = mask.reduce((count, m) => count + (m > 0 ? 1 : 0), 0);
    assert.ok(mask.every((m) => m === 0 || m === Math.fround(1 / Math.fround(keep))));
    assert.ok(Math.abs(kept - n * keep) < 4 * Math.sqrt(n * keep * (1 - keep)), `kept ${kept}`);
    assert.ok(generate(arena, 'dropout_mask', 1000, 0, 1).every((m) => m === 1));
    assert.ok(generate(arena, 'dropout_mask', 1000, 0, 0).every((m) => m === 0));
  });

  test('permutation: words that would bias it are rejected', () => {
    const n = 300_000; // about n^2 / 2^34 = 5 rejections
    const want = new Int32Array(n);
    permutation.reference(want, n, ...KEY, 0, 0);
    assert.ok(integers(arena, 'permutation', n, 0).every((x, i) => x === want[i]));
    const biased = Int32Array.from(want.keys());
    const words = integers(arena, 'philox_bits', n, 0);
    for (let i = n - 1; i > 0; i--) {
      const j = mulHigh(words[n - 1 - i]! >>> 0, i + 1);
      [biased[i], biased[j]] = [biased[j]!, biased[i]!];
    }
    assert.ok(
      biased.some((x, i) => x !== want[i]),
      'no word was rejected: nothing was tested',
    );
  });

  test('permutation: holds every number; all orders of 4 equally often; each place equally often', () => {
    assert.equal(
      [...integers(arena, 'permutation', 1000, 9)].sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const rounds = 24_000;
    const orders = new Map<string, number>();
    for (let r = 0; r < rounds; r++) {
      const order = integers(arena, 'permutation', 4, 2 * r).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    assert.is(orders.size, 24);
    assert.ok(Math.abs(chiSquareZ([...orders.values()], rounds / 24)) < 4);
    const places = new Array<number>(100).fill(0);
    for (let r = 0; r < 5000; r++) {
      const p = integers(arena, 'permutation', 10, 100_000 + 10 * r);
      for (let i = 0; i < 10; i++) places[10 * i + p[i]!]!++;
    }
    assert.ok(chiSquareZ(places, 500) < 4);
  });
}
