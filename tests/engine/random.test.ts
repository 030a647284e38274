/** The generator: known answers, streams that do not touch each other, and the distributions that come out of it. */

import { KeyholeError } from '../../engine/errors.ts';
import { dropoutMask, Rng, randomNormal, randomPermutation, randomUniform } from '../../engine/index.ts';
import { normalCdf } from '../../engine/kernels/special.ts';
import { philox4x32 } from '../../engine/random/philox.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();
const words = (rng: Rng, n: number) => Array.from({ length: n }, () => rng.uint32());
const hex = (values: Iterable<number>) => [...values].map((v) => v.toString(16).padStart(8, '0'));

const golden = suite('random numbers that never change');

golden('Philox4x32-10 gives its published answers', () => {
  // Random123 1.14, tests/kat_vectors, lines "philox4x32 10"
  const known: [number[], number[], string[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8'],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      ['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd'],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      ['d16cfe09', '94fdcceb', '5001e420', '24126ea1'],
    ],
  ];
  for (const [[c0, c1, c2, c3], [k0, k1], want] of known) {
    const out = new Uint32Array(4);
    philox4x32(k0!, k1!, c0!, c1!, c2!, c3!, out);
    assert.equal(hex(out), want);
  }
});

golden('the streams of a seed are pinned: changing them would change every experiment', () => {
  assert.equal(hex(words(Rng.from(0), 4)), ['93d1652c', '4ea140f1', 'fd5d9a88', '591ca8d6']);
  assert.equal(hex(words(Rng.from(2n ** 64n - 1n), 2)), ['a1c3d6f1', 'f3db4e7c']);
  assert.equal(hex(words(Rng.from(1).split('fit').split('epoch 0'), 2)), ['5d317017', '4d2512ba']);
  assert.equal(hex(words(Rng.from(1).fork(), 2)), ['96e8d36b', '33028869']);
  assert.equal([...Rng.from(7).permutation(8)], [0, 6, 2, 5, 7, 4, 3, 1]);
  assert.equal(
    [Rng.from(7).uniform(), Rng.from(7).normal(), Rng.from(7).below(1000)],
    [0.9788637697088395, 0.27876510369165486, 978],
  );
});

const streams = suite('streams');

streams('a child depends on its label, not on how much of the parent was used', () => {
  const fresh = Rng.from(3);
  const want = words(fresh.split('child'), 8);
  const used = Rng.from(3);
  words(used, 5);
  used.normal();
  used.take(100);
  used.fork();
  used.split('other').uint32();
  assert.equal(words(used.split('child'), 8), want);
  assert.equal(words(fresh.split('child'), 8), want);
});

streams('splitting leaves the parent where it was', () => {
  const [a, b] = [Rng.from(3), Rng.from(3)];
  a.split('x').uint32();
  assert.equal(words(a, 4), words(b, 4));
});

streams('different seeds, labels, depths and lengths of label all differ', () => {
  const root = Rng.from(0);
  const labels = ['', 'a', 'b', 'aa', 'a\0', '12345678', '123456789', '1234567', 'epoch 1', 'epoch 10', 'é', 'keyhole'];
  const all = [
    ...labels.map((l) => root.split(l)),
    ...labels.map((l) => root.split(l).split(l)),
    root.split('a').split('b'),
    root.split('b').split('a'),
    root.split('ab'),
    root,
    root.fork(),
    root.fork(),
    ...[1, -1, 2 ** 32, 2 ** 53 - 1, 12345678901234567890n].map((seed) => Rng.from(seed)),
  ];
  assert.is(new Set(all.map((rng) => String(words(rng, 4)))).size, all.length);
});

streams('draws of kernels and of JavaScript never use a word twice', () => {
  // the stream in order: one word (block 0), five for a kernel (1, 2), eight (3, 4), a fork (5), a word (6), none (still 7)
  const rng = Rng.from(11);
  const block = (from: Rng, n: number) => words(from, 4 * (n + 1)).slice(4 * n);
  const reference = () => Rng.from(11);
  assert.is(rng.uint32(), block(reference(), 0)[0]);
  assert.is(rng.take(5)[2], 1);
  assert.is(rng.take(8)[2], 3);
  rng.fork();
  assert.equal(words(rng, 4), block(reference(), 6));
  assert.is(rng.take(0)[2], 7);
  assert.is(rng.take(1)[2], 7);
  assert.equal(words(rng, 4), block(reference(), 8));
});

streams('a word half used up is dropped by take, with the spare normal', () => {
  const rng = Rng.from(5);
  rng.normal();
  rng.take(4);
  const other = Rng.from(5);
  other.normal();
  const spare = other.normal();
  assert.is.not(rng.normal(), spare);
});

streams('kernels continue where JavaScript stopped, word for word', () => {
  engine.run('t', () => {
    const rng = Rng.from(9);
    words(rng, 3);
    const [first, second] = [randomUniform(engine, rng, [6]), randomUniform(engine, rng, [2])];
    const plain = Rng.from(9);
    words(plain, 4);
    const unit = words(plain, 12).map((w) => (w >>> 8) * 2 ** -24);
    assert.equal([...first.toArray()], unit.slice(0, 6));
    assert.equal([...second.toArray()], unit.slice(8, 10));
  });
});

streams("permutation is the kernel's permutation", () => {
  engine.run('t', () => {
    for (const n of [0, 1, 2, 3, 10, 1000]) {
      const [a, b] = [Rng.from(n), Rng.from(n)];
      assert.equal([...randomPermutation(engine, a, n).toArray()], [...b.permutation(n)]);
      assert.is(a.uint32(), b.uint32(), 'both used as much of the stream');
    }
  });
});

streams('seeds and limits that make no sense are refused', () => {
  for (const seed of [1.5, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])
    throwsError(
      () => Rng.from(seed),
      KeyholeError,
      /seed: expected a whole number within 2\^53 of 0, or a bigint, got/,
    );
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
    throwsError(() => Rng.from(0).below(n), KeyholeError, /below: expected a whole number from 1 to 2\^32, got/);
});

const N = 40_000;

/** Largest distance between the empirical distribution of u in [0, 1] and the uniform one, times sqrt n (Kolmogorov 1933). */
function kolmogorov(u: number[]): number {
  const sorted = Float64Array.from(u).sort();
  let d = 0;
  for (const [i, x] of sorted.entries()) d = Math.max(d, Math.abs(x - i / u.length), Math.abs(x - (i + 1) / u.length));
  return d * Math.sqrt(u.length);
}
// exceeded by chance once in a million: 2 exp(-2 x^2)
const KOLMOGOROV = 2.7;

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i]!;
    sb += b[i]!;
    saa += a[i]! ** 2;
    sbb += b[i]! ** 2;
    sab += a[i]! * b[i]!;
  }
  return (sab - (sa * sb) / n) / Math.sqrt((saa - sa ** 2 / n) * (sbb - sb ** 2 / n));
}

const distributions = suite('distributions, by sample size');
const draw = (n: number, f: () => number) => Array.from({ length: n }, f);

distributions('uniform() fills [0, 1) evenly', ({ seed }) => {
  const rng = Rng.from(seed);
  const u = draw(N, () => rng.uniform());
  assert.ok(u.every((v) => v >= 0 && v < 1));
  assert.ok(kolmogorov(u) < KOLMOGOROV);
  assert.ok(Math.abs(correlation(u.slice(1), u.slice(0, -1))) < 5 / Math.sqrt(N));
});

distributions('normal() is a standard normal, tails included', ({ seed }) => {
  const rng = Rng.from(seed);
  const z = draw(N, () => rng.normal());
  checkNormal(z);
});

function checkNormal(z: number[]): void {
  const n = z.length;
  const moment = (k: number) => z.reduce((s, v) => s + v ** k, 0) / n;
  // standard errors of the first four moments of a standard normal: 1, sqrt 2, sqrt 15, sqrt 96, over sqrt n
  for (const [k, want, sd] of [
    [1, 0, 1],
    [2, 1, Math.sqrt(2)],
    [3, 0, Math.sqrt(15)],
    [4, 3, Math.sqrt(96)],
  ] as const)
    assert.ok(Math.abs(moment(k) - want) < (5 * sd) / Math.sqrt(n), `moment ${k}: ${moment(k)}`);
  assert.ok(kolmogorov(z.map(normalCdf)) < KOLMOGOROV);
  for (const t of [2, 3, 3.5]) {
    const p = 2 * normalCdf(-t);
    const share = z.filter((v) => Math.abs(v) > t).length / n;
    assert.ok(Math.abs(share - p) < 5 * Math.sqrt(p / n), `beyond ${t}: ${share}, expected ${p}`);
  }
  // the pair of one draw, and neighbours
  const even = z.filter((_, i) => i % 2 === 0);
  const odd = z.filter((_, i) => i % 2 === 1);
  for (const [a, b] of [
    [even, odd],
    [z.slice(1), z.slice(0, -1)],
  ])
    assert.ok(Math.abs(correlation(a!, b!)) < 5 / Math.sqrt(a!.length));
}

distributions('below(n) is even: chi-square over the values', ({ seed }) => {
  const rng = Rng.from(seed);
  for (const n of [2, 7, 10, 64]) {
    const counts = new Int32Array(n);
    for (let i = 0; i < N; i++) counts[rng.below(n)]!++;
    const expected = N / n;
    const chi2 = counts.reduce((s, c) => s + (c - expected) ** 2 / expected, 0);
    // mean df, variance 2 df; the upper tail of a chi-square is heavier than a normal's
    assert.ok(chi2 < n - 1 + 6 * Math.sqrt(2 * (n - 1)) + 10, `n ${n}: chi-square ${chi2}`);
  }
});

distributions('below(n) rejects what would favour some values', ({ seed }) => {
  // n = 3/4 of 2^32: of every four words two would become a multiple of 3, so half of the draws instead of a third
  const rng = Rng.from(seed);
  const n = 3 * 2 ** 30;
  let multiples = 0;
  for (let i = 0; i < N; i++) multiples += rng.below(n) % 3 === 0 ? 1 : 0;
  assert.ok(Math.abs(multiples / N - 1 / 3) < 5 * Math.sqrt(2 / 9 / N), `${multiples / N}`);
  assert.is(Rng.from(1).below(1), 0);
  assert.is(Rng.from(1).below(2 ** 32), Rng.from(1).uint32());
});

distributions('permutations reach every place equally often', ({ seed }) => {
  const rng = Rng.from(seed);
  const n = 5;
  const rounds = 8000;
  const counts = new Int32Array(n * n);
  for (let r = 0; r < rounds; r++) for (const [at, v] of rng.permutation(n).entries()) counts[at * n + v]!++;
  const p = 1 / n;
  for (const c of counts) assert.ok(Math.abs(c / rounds - p) < 5 * Math.sqrt((p * (1 - p)) / rounds));
});

distributions('streams of neighbouring seeds and labels are uncorrelated', ({ seed }) => {
  const from = (rng: Rng) => draw(10_000, () => rng.uniform());
  const base = from(Rng.from(seed));
  for (const other of [Rng.from(seed + 1), Rng.from(seed).split('a'), Rng.from(seed).split('b'), Rng.from(seed).fork()])
    assert.ok(Math.abs(correlation(base, from(other))) < 5 / Math.sqrt(10_000));
});

const tensors = suite('random tensors');

tensors('randomNormal is normal, scaled and shifted', ({ seed }) => {
  engine.run('t', () => {
    const z = randomNormal(engine, Rng.from(seed), [N], { mean: 3, std: 0.5 }).toArray();
    checkNormal(Array.from(z, (v) => (v - 3) / 0.5));
  });
});

tensors('randomUniform stays in its range and fills it', ({ seed }) => {
  engine.run('t', () => {
    const u = randomUniform(engine, Rng.from(seed), [N], { low: -2, high: 3 }).toArray();
    assert.ok(u.every((v) => v >= -2 && v < 3));
    assert.ok(kolmogorov(Array.from(u, (v) => (v + 2) / 5)) < KOLMOGOROV);
  });
});

tensors('f64 draws are the f32 draws before rounding', ({ seed }) => {
  engine.run('t', () => {
    const n = 4099;
    const pair = <T>(make: (rng: Rng, dtype: 'f32' | 'f64') => T) =>
      [make(Rng.from(seed), 'f32'), make(Rng.from(seed), 'f64')] as const;
    for (const [a, b] of [
      pair((rng, dtype) => randomUniform(engine, rng, [n], { low: -0.3, high: 1.7, dtype }).toArray()),
      pair((rng, dtype) => dropoutMask(engine, rng, [n], 0.7, { dtype }).toArray()),
    ])
      assert.equal([...a], [...b].map(Math.fround));
    const [z32, z64] = pair((rng, dtype) => randomNormal(engine, rng, [n], { dtype }).toArray());
    for (let i = 0; i < n; i++) assert.ok(Math.abs(z32[i]! - z64[i]!) < 3e-6);
  });
});
