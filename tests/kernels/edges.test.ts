/** Ties, NaN, infinities, padding, and losses near zero: what random problems do not reach. */
import { assert, suite } from '../harness.ts';
import { type Arena, arenas } from './arena.ts';

const { NaN: nan } = Number;
const inf = Infinity;

function reduce(arena: Arena, name: string, x: readonly number[], outer: number, n: number, inner: number): number[] {
  arena.reset();
  const from = arena.floats(x);
  const integer = name === 'argmax';
  const to = integer ? arena.ints(outer * inner) : arena.floats(outer * inner);
  arena.call(name, from, to, outer, n, inner);
  return [...(integer ? arena.words(to) : arena.view(to))];
}

/** The same vector as a row (inner 1) and as one column among three. */
function bothWays(arena: Arena, name: string, x: readonly number[]): number[] {
  const columns = x.flatMap((v) => [0, v, 1]);
  return [reduce(arena, name, x, 1, x.length, 1)[0]!, reduce(arena, name, columns, 1, x.length, 3)[1]!];
}

/** loss of `cross_entropy` on one row. */
function crossEntropy(arena: Arena, logits: readonly number[], label: number): number {
  arena.reset();
  const loss = arena.floats(1);
  const probs = arena.floats(logits.length);
  arena.call('cross_entropy', arena.floats(logits), arena.ints([label]), loss, probs, 1, logits.length);
  return arena.view(loss)[0]!;
}

function softCrossEntropy(arena: Arena, logits: readonly number[], targets: readonly number[]): number {
  arena.reset();
  const loss = arena.floats(1);
  const probs = arena.floats(logits.length);
  arena.call('soft_cross_entropy', arena.floats(logits), arena.floats(targets), loss, probs, 1, logits.length);
  return arena.view(loss)[0]!;
}

function maxPool(
  arena: Arena,
  x: readonly number[],
  ints: readonly number[],
  out: number,
): { y: number[]; at: number[] } {
  arena.reset();
  const [from, y, at] = [arena.floats(x), arena.floats(out), arena.ints(out)];
  arena.call('max_pool2d', from, y, at, ...ints);
  return { y: [...arena.view(y)], at: [...arena.words(at)] };
}

for (const arena of arenas) {
  const test = suite(`kernels: edges, ${arena.build}`);

  test('argmax: the first of equals, the first NaN before everything', () => {
    const cases: [number[], number][] = [
      [[3], 0],
      [[1, 3, 2, 3], 1],
      [[1, 2, 0, 0, 2, 5, 1, 5, 5], 5],
      [[-inf, -inf, -inf], 0],
      [[-inf, -inf, -inf, -inf, -inf], 0],
      [[1, nan, 5, nan], 1],
      [[1, 2, 9, 3, 4, 5, nan, 7, nan, nan], 6],
      [[inf, 1, 2, 3, 4, nan], 5],
      [[0, -0, 0], 0],
      [[0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 7], 7],
      [[7, 7, 7, 7, 7, 7, 7], 0],
      [[0, 0, 0, 9, 9, 0, 0, 0], 3],
    ];
    for (const [x, want] of cases) assert.equal(bothWays(arena, 'argmax', x), [want, want], `argmax of ${x}`);
  });

  test('max_reduce: NaN wins wherever it stands, nothing is -Infinity', () => {
    for (let i = 0; i < 19; i++) {
      const x = Array.from({ length: 19 }, (_, j) => (j === i ? nan : j));
      assert.equal(bothWays(arena, 'max_reduce', x).map(Number.isNaN), [true, true], `NaN at ${i}`);
    }
    assert.equal(reduce(arena, 'max_reduce', [], 2, 0, 1), [-inf, -inf]);
    assert.equal(reduce(arena, 'max_reduce', [], 1, 0, 2), [-inf, -inf]);
  });

  test('sum: a million equal numbers keep six digits', () => {
    const x = new Array<number>(1_000_000).fill(Math.fround(0.1));
    assert.ok(Math.abs(reduce(arena, 'sum', x, 1, x.length, 1)[0]! / (Math.fround(0.1) * 1e6) - 1) < 5e-7);
    assert.ok(Math.abs(reduce(arena, 'sum', x, 1, x.length / 2, 2)[0]! / (Math.fround(0.1) * 5e5) - 1) < 5e-7);
  });

  test('cross-entropy near zero keeps its relative accuracy', () => {
    for (const gap of [1, 5, 10, 16, 17, 18, 20, 40, 80]) {
      for (const [logits, label] of [
        [[gap, 0, 0], 0],
        [[0, 0, gap], 2],
        [[0, gap, 0, 0, 0, 0, 0, 0, 0, 0], 1],
      ] as const) {
        const want = Math.log1p((logits.length - 1) * Math.exp(-gap));
        const targets = logits.map((_, c) => (c === label ? 1 : 0));
        for (const got of [crossEntropy(arena, logits, label), softCrossEntropy(arena, logits, targets)]) {
          assert.ok(Math.abs(got / want - 1) < 1e-6, `loss of ${logits}, label ${label}: ${got}, expected ${want}`);
        }
        arena.reset();
        const [from, to] = [arena.floats(logits), arena.floats(logits.length)];
        arena.call('log_softmax', from, to, 1, logits.length);
        assert.ok(Math.abs(arena.view(to)[label]! / -want - 1) < 1e-6, `log_softmax of ${logits}`);
      }
    }
    assert.is(crossEntropy(arena, [0, 1000], 0), 1000);
    assert.is(crossEntropy(arena, [5], 0), 0);
    assert.is(crossEntropy(arena, [-inf, 3], 0), inf);
    assert.ok(Math.abs(crossEntropy(arena, [7, 7, 7, 7], 2) - Math.log(4)) < 2e-7); // ties: only one is left out
    assert.ok(Number.isNaN(crossEntropy(arena, [1, nan, 2], 0)));
  });

  test('softmax: large logits do not overflow, NaN spreads over its row only', () => {
    arena.reset();
    const from = arena.floats([1000, 1000, -1000, 0, nan, 1]);
    const to = arena.floats(6);
    arena.call('softmax', from, to, 2, 3);
    const got = [...arena.view(to)];
    assert.equal(got.slice(0, 3), [0.5, 0.5, 0]);
    assert.equal(got.slice(3).map(Number.isNaN), [true, true, true]);
  });

  test('max_pool2d: ties, NaN, -Infinity and padding', () => {
    const window = [1, 2, 2, 1, 2, 2, 1, 1, 2, 2, 0, 0]; // one 2 x 2 window of one channel
    assert.equal(maxPool(arena, [1, 4, 4, 2], window, 1), { y: [4], at: [1] });
    assert.equal(maxPool(arena, [1, 9, nan, nan], window, 1).at, [2]);
    assert.equal(maxPool(arena, [-inf, -inf, -inf, -inf], window, 1), { y: [-inf], at: [0] });
    // 2 x 2 with a padding of 1: the corners see one element each, and negative ones beat the padding
    const padded = [1, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1, 1];
    assert.equal(maxPool(arena, [-1, -2, -3, -4], padded, 4), { y: [-1, -2, -3, -4], at: [0, 1, 2, 3] });
    // a window of padding only
    const outside = [1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 0];
    assert.equal(maxPool(arena, [5], outside, 2), { y: [-inf, 5], at: [-1, 0] });
  });

  test('max_pool2d_grad: each gradient goes where its maximum was', () => {
    for (const [c, k, stride, pad] of [
      [4, 2, 1, 0],
      [16, 2, 2, 0],
      [7, 2, 1, 0],
      [8, 3, 2, 1],
      [5, 2, 3, 0],
    ] as const) {
      const [n, h, w] = [2, 7, 6];
      const out = (size: number) => Math.floor((size + 2 * pad - k) / stride) + 1;
      const outs = n * out(h) * out(w) * c;
      const ints = [n, h, w, c, k, k, out(h), out(w), stride, stride, pad, pad];
      arena.reset();
      // few different values, so that there are ties
      const x = arena.floats(Float32Array.from({ length: n * h * w * c }, (_, i) => (i * 7919) % 11));
      const g = arena.floats(Float32Array.from({ length: outs }, (_, i) => Math.sin(i)));
      const [y, at, dx, scattered] = [arena.floats(outs), arena.ints(outs), arena.floats(x.len), arena.floats(x.len)];
      arena.call('max_pool2d', x, y, at, ...ints);
      arena.call('max_pool2d_grad', g, at, dx, ...ints);
      arena.call('pool_scatter', g, at, scattered, n, outs / n, h * w * c);
      assert.equal([...arena.view(dx)], [...arena.view(scattered)], `${c} channels, window ${k}, stride ${stride}`);
    }
  });

  test('group_norm: a large mean does not spoil the variance', () => {
    const x = Array.from({ length: 4096 }, (_, i) => 1000 + (i % 2 ? 1 : -1));
    arena.reset();
    const [from, y, mean, rstd] = [arena.floats(x), arena.floats(4096), arena.floats(1), arena.floats(1)];
    arena.call('layer_norm', from, null, null, y, mean, rstd, 1, 4096, 0);
    assert.is(arena.view(mean)[0], 1000);
    assert.is(arena.view(rstd)[0], 1);
    assert.equal([...arena.view(y).subarray(0, 2)], [-1, 1]);
  });

  test('sgd and adam: state that decays ends as 0, never as a subnormal number', () => {
    const tiny = 1.2e-38;
    arena.reset();
    const [p, g] = [arena.floats([1, 1]), arena.floats([0, 0])];
    const velocity = arena.floats([tiny, 2e-38]);
    arena.call('sgd', p, g, velocity, 2, 0.1, 0.9, 0, 0);
    assert.equal([...arena.view(velocity)], [0, Math.fround(Math.fround(2e-38) * Math.fround(0.9))]);
    const [m, v] = [arena.floats([-tiny, tiny]), arena.floats([0, tiny])];
    arena.call('adam', p, g, m, v, 2, 0.1, 0.9, 0.9, 1e-8, 0, 0, 0.1, 0.1);
    assert.equal([...arena.view(m), ...arena.view(v)].map(Math.abs), [0, 0, 0, 0]);
  });

  test('adam: beta2 so near 1 that f32 would lose 1 - beta2', () => {
    arena.reset();
    const buffers = [arena.floats([0]), arena.floats([1]), arena.floats([0]), arena.floats([0])];
    arena.call('adam', ...buffers, 1, 0.1, 0.9, 0.99999, 1e-8, 0, 0, 0.1, 0.00001);
    assert.ok(Math.abs(arena.view(buffers[3]!)[0]! / 1e-5 - 1) < 1e-6);
    assert.ok(Math.abs(arena.view(buffers[0]!)[0]! + 0.1) < 1e-7);
  });
}
