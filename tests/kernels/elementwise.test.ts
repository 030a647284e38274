/** What holds for every element-wise kernel: in place, and the same bits wherever an element stands. */
import { assert, suite } from '../harness.ts';
import { type Arena, arenas, type Buffer, bits } from './arena.ts';

const N = 71; // several pairs of vectors, one more vector, and a tail of 3
const data = (scale: number, phase: number): Float32Array =>
  Float32Array.from({ length: N }, (_, i) => scale * Math.sin(i * 1.7 + phase));

/** Kernels (x, y, n, …rest). */
const unary: Record<string, readonly number[]> = {
  relu: [],
  exp: [],
  log: [],
  tanh: [],
  sigmoid: [],
  erf: [],
  gelu: [],
  sqrt: [],
  abs: [],
  sign: [],
  step: [],
  leaky_relu: [0.1],
  clamp: [-0.7, 1.3],
  affine: [1.7, -0.3],
};
/** Kernels (g, x, dx, n, …rest). */
const gradients: Record<string, readonly number[]> = {
  relu_grad: [],
  leaky_relu_grad: [0.1],
  tanh_grad: [],
  sigmoid_grad: [],
  gelu_grad: [],
  clamp_grad: [-0.7, 1.3],
};

function zip(arena: Arena, name: string, g: Float32Array, x: Float32Array, rest: readonly number[]): Float32Array {
  arena.reset();
  const args: Buffer[] = [arena.floats(g), arena.floats(x), arena.floats(x.length)];
  arena.call(name, ...args, x.length, ...rest);
  return arena.view(args[2]!).slice();
}

for (const arena of arenas) {
  const test = suite(`kernels: element-wise, ${arena.build}`);
  const [x, g] = [data(3, 0), data(1, 2)];

  for (const [name, rest] of Object.entries(unary)) {
    test(`${name}: position and place change no bit`, () => {
      const whole = bits(arena.map(name, x, ...rest));
      for (let i = 0; i < N; i++) {
        const alone = bits(arena.map(name, x.subarray(i, i + 1), ...rest));
        assert.is(alone[0], whole[i], `${name}: element ${i} alone differs`);
      }
      arena.reset();
      const place = arena.floats(x);
      arena.call(name, place, place, N, ...rest);
      assert.equal(bits(arena.view(place)), whole);
    });
  }

  for (const [name, rest] of Object.entries(gradients)) {
    test(`${name}: position and place change no bit`, () => {
      const whole = bits(zip(arena, name, g, x, rest));
      for (let i = 0; i < N; i++) {
        const alone = bits(zip(arena, name, g.subarray(i, i + 1), x.subarray(i, i + 1), rest));
        assert.is(alone[0], whole[i], `${name}: element ${i} alone differs`);
      }
      for (const which of [0, 1]) {
        arena.reset();
        const buffers = [arena.floats(g), arena.floats(x)];
        arena.call(name, buffers[0]!, buffers[1]!, buffers[which]!, N, ...rest);
        assert.equal(bits(arena.view(buffers[which]!)), whole, `${name} onto argument ${which}`);
      }
    });
  }

  test('binary operations run in place on either operand', () => {
    for (const name of ['add', 'sub', 'mul', 'div', 'maximum', 'minimum']) {
      const results = [2, 0, 1].map((which) => {
        arena.reset();
        const buffers = [arena.floats(g), arena.floats(x), arena.floats(N)];
        const dims = [1, 1, 1, N, N, N, N, 1, N, N, N, 1];
        arena.call(name, buffers[0]!, buffers[1]!, buffers[which]!, ...dims);
        return bits(arena.view(buffers[which]!));
      });
      assert.equal(results[1], results[0], `${name} onto a`);
      assert.equal(results[2], results[0], `${name} onto b`);
    }
  });

  test('maximum and minimum give NaN when either operand is NaN', () => {
    for (const name of ['maximum', 'minimum']) {
      arena.reset();
      const a = arena.floats([Number.NaN, 1, Number.NaN, 2, 1]);
      const b = arena.floats([1, Number.NaN, Number.NaN, 1, Number.NaN]);
      const y = arena.floats(5);
      arena.call(name, a, b, y, 1, 1, 1, 5, 0, 0, 0, 1, 0, 0, 0, 1);
      assert.equal([...arena.view(y)].map(Number.isNaN), [true, true, true, false, true]);
    }
  });

  test('softmax and log_softmax run in place', () => {
    for (const name of ['softmax', 'log_softmax']) {
      arena.reset();
      const from = arena.floats(x);
      const to = arena.floats(N);
      arena.call(name, from, to, 1, N);
      arena.call(name, from, from, 1, N);
      assert.equal(bits(arena.view(from)), bits(arena.view(to)));
    }
  });
}
