/** How exact exp, log, tanh, sigmoid, erf, gelu are: errors in units of the last place, over every exponent. */
import { erf, normalCdf, normalPdf } from '../../engine/kernels/special.ts';
import { assert, suite } from '../harness.ts';
import { arenas, bits } from './arena.ts';

const exponentView = new Float64Array(1);
const exponentBits = new Int32Array(exponentView.buffer);

/** The distance between neighbouring f32 around x. */
function ulp(x: number): number {
  exponentView[0] = Math.abs(x);
  const exponent = (exponentBits[1]! >>> 20) - 1023;
  return 2 ** (Math.max(exponent, -126) - 23);
}

/** Every float whose bits are a multiple of `stride`: all exponents, both signs, no NaN; infinities by chance. */
function everyFloat(stride: number): Float32Array {
  const words = new Uint32Array(Math.ceil(2 ** 32 / stride));
  for (let i = 0; i < words.length; i++) words[i] = i * stride;
  return new Float32Array(words.buffer).filter((x) => Number.isFinite(x));
}

/** `n` floats from low to high. */
const evenly = (low: number, high: number, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

/** The largest error in ulp, and where. A result that should overflow must be infinite. */
function worst(got: Float32Array, x: Float32Array, reference: (x: number) => number): { error: number; at: number } {
  const result = { error: 0, at: 0 };
  for (let i = 0; i < x.length; i++) {
    const want = reference(x[i]!);
    const y = got[i]!;
    let error = Math.abs(y - want) / ulp(want);
    if (Number.isNaN(want)) error = Number.isNaN(y) ? 0 : Infinity;
    else if (y === Math.fround(want)) error = Math.min(0.5, Number.isNaN(error) ? 0 : error);
    if (!(error <= result.error)) Object.assign(result, { error, at: x[i]! });
  }
  return result;
}

const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const gelu = (x: number) => (x === -Infinity ? 0 : x * normalCdf(x));

interface Case {
  readonly name: string;
  readonly reference: (x: number) => number;
  /** where the function is neither flat nor infinite */
  readonly range: readonly [number, number];
  /** in ulp, for both builds: what sweeps of 2 to 5 million points showed, rounded up */
  readonly bound: number;
  readonly points: number;
}

const cases: readonly Case[] = [
  { name: 'exp', reference: Math.exp, range: [-104, 89], bound: 1.1, points: 150_000 },
  { name: 'log', reference: Math.log, range: [0, 4], bound: 0.9, points: 150_000 },
  { name: 'tanh', reference: Math.tanh, range: [-10, 10], bound: 1.4, points: 150_000 },
  { name: 'sigmoid', reference: sigmoid, range: [-104, 20], bound: 2.4, points: 150_000 },
  { name: 'erf', reference: erf, range: [-4, 4], bound: 1.4, points: 30_000 },
  { name: 'gelu', reference: gelu, range: [-13, 6], bound: 8, points: 30_000 },
];

for (const arena of arenas) {
  const test = suite(`kernels: accuracy, ${arena.build}`);

  for (const { name, reference, range, bound, points } of cases) {
    test(`${name} stays within ${bound} ulp`, () => {
      for (const x of [everyFloat(Math.floor(2 ** 32 / points) | 1), evenly(...range, points)]) {
        const { error, at } = worst(arena.map(name, x), x, reference);
        if (process.env['SHOW_ULP']) console.log(`${arena.build} ${name}: ${error.toFixed(2)} ulp at ${at}`);
        assert.ok(error <= bound, `${name}(${at}) is off by ${error} ulp`);
      }
    });
  }

  test('gelu_grad: absolute error 2e-7 and, where the slope is not near its zero, 4 ulp', () => {
    const x = evenly(-15, 15, 60_001);
    arena.reset();
    const g = arena.floats(new Float32Array(x.length).fill(1));
    const from = arena.floats(x);
    const to = arena.floats(x.length);
    arena.call('gelu_grad', g, from, to, x.length);
    const got = arena.view(to);
    for (let i = 0; i < x.length; i++) {
      const want = normalCdf(x[i]!) + x[i]! * normalPdf(x[i]!);
      const error = Math.abs(got[i]! - want);
      assert.ok(error <= 2e-7, `gelu_grad(${x[i]}): ${got[i]}, expected ${want}`);
      if (x[i]! > 0) assert.ok(error <= 4 * ulp(want), `gelu_grad(${x[i]}) is off by ${error / ulp(want)} ulp`);
    }
  });

  test('limits, zeros and NaN', () => {
    const x = [0, -0, Infinity, -Infinity, Number.NaN, 1];
    const expected: Record<string, number[]> = {
      exp: [1, 1, Infinity, 0, Number.NaN, Math.E],
      log: [-Infinity, -Infinity, Infinity, Number.NaN, Number.NaN, 0],
      tanh: [0, -0, 1, -1, Number.NaN, Math.tanh(1)],
      sigmoid: [0.5, 0.5, 1, 0, Number.NaN, sigmoid(1)],
      erf: [0, -0, 1, -1, Number.NaN, erf(1)],
      gelu: [0, -0, Infinity, -0, Number.NaN, gelu(1)],
      sqrt: [0, -0, Infinity, Number.NaN, Number.NaN, 1],
      abs: [0, 0, Infinity, Infinity, Number.NaN, 1],
      relu: [0, -0, Infinity, 0, Number.NaN, 1],
      sign: [0, -0, 1, -1, Number.NaN, 1],
      step: [0, 0, 1, 0, 0, 1],
    };
    for (const [name, want] of Object.entries(expected)) {
      const got = arena.map(name, x);
      for (const [i, w] of want.entries()) {
        const close = Object.is(got[i], w) || Math.abs(got[i]! - w) < 2e-7;
        assert.ok(close && (w !== 0 || Object.is(got[i], w)), `${name}(${x[i]}): expected ${w}, got ${got[i]}`);
      }
    }
    assert.equal(bits(arena.map('clamp', [Number.NaN, 3, -3], -1, 2)), bits(Float32Array.of(Number.NaN, 2, -1)));
  });

  test('small results keep their relative accuracy', () => {
    const [tiny, low] = [1e-30, -80];
    assert.is(arena.map('tanh', [tiny])[0], Math.fround(tiny));
    assert.ok(Math.abs(arena.map('sigmoid', [low])[0]! / Math.exp(low) - 1) < 3e-7);
    assert.ok(Math.abs(arena.map('exp', [-100])[0]! - Math.exp(-100)) <= 2 ** -149); // subnormal
    assert.ok(Math.abs(arena.map('log', [2 ** -149])[0]! / Math.log(2 ** -149) - 1) < 2e-7);
    assert.ok(Math.abs(arena.map('gelu', [-12])[0]! / (-12 * normalCdf(-12)) - 1) < 2e-6);
  });
}
