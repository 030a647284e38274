/** Convolution gradients of a g with zeros: bits that depend on no other sample and on no share, and what is not finite. */
import { type ConvShape, type ConvSpec, convInts, convLengths, convShape } from '../../bench/problems/conv-shape.ts';
import { conv2dInputGrad, conv2dWeightGrad } from '../../engine/kernels/families/index.ts';
import { assert, suite } from '../harness.ts';
import { assertSameBits, kernels, uniform } from './calls.ts';

// [few channels, rows that are no whole vectors, many channels, stride, groups, blocks of several samples]
const specs: readonly ConvSpec[] = [
  { x: [4, 12, 12, 1], co: 12, k: 5 },
  { x: [4, 9, 8, 3], co: 16, k: 3 },
  { x: [4, 8, 9, 9], co: 24, k: 3 },
  { x: [4, 16, 16, 32], co: 20, k: 5 },
  { x: [4, 13, 13, 16], co: 32, k: 4, stride: 2, pad: 0 },
  { x: [4, 7, 7, 16], co: 32, k: 3, groups: 2 },
  { x: [40, 6, 6, 8], co: 9, k: 3, stride: 3 },
];
const shapes: readonly ConvShape[] = specs.map((spec) => convShape(spec).shape);

/** g with a share of nonzero elements that differs from sample to sample: none, some, all of them, …. */
function mixedGradient(s: ConvShape, densities: readonly number[]): Float32Array {
  const g = uniform(convLengths(s).y, 3);
  const perSample = g.length / s.n;
  const chance = uniform(g.length, 4).map((v) => (v + 1) / 2);
  return g.map((v, i) => (chance[i]! < densities[Math.floor(i / perSample) % densities.length]! ? v : 0));
}

type Reference = (...args: (Float64Array | number)[]) => void;

const label = (s: ConvShape) => `[${convInts(s)}]`;

for (const build of ['base', 'relaxed'] as const) {
  const test = suite(`conv2d gradients with zeros, ${build}`);
  const { call, exports } = await kernels(build);

  test('a sample has the same input gradient alone and among samples with other shares of zeros', () => {
    for (const s of shapes) {
      const one = { ...s, n: 1 };
      const [gSize, xSize] = [convLengths(one).y, convLengths(one).x];
      const w = uniform(convLengths(s).w, 1);
      const g = mixedGradient(s, [0.25, 1, 0, 0.5]);
      const batch = new Float32Array(s.n * xSize).fill(7);
      call('conv2d_input_grad_f32', g, w, batch, ...convInts(s));
      for (let i = 0; i < s.n; i++) {
        const alone = new Float32Array(xSize).fill(7);
        call('conv2d_input_grad_f32', g.slice(i * gSize, (i + 1) * gSize), w, alone, ...convInts(one));
        assertSameBits(batch.slice(i * xSize, (i + 1) * xSize), alone, `${label(s)} sample ${i}`);
      }
    }
  });

  test('shares of the weight gradient have the bits of the whole, however many zeros they see', () => {
    for (const s of shapes) {
      const { x: xSize, w: wSize } = convLengths(s);
      const x = uniform(xSize, 2);
      // filters with next to no zeros, and filters with almost nothing else
      const sparse = mixedGradient(s, [0.05]);
      const g = mixedGradient(s, [1]).map((v, i) => (i % s.co < s.co / 3 ? v : sparse[i]!));
      const ints = convInts(s);
      const whole = new Float32Array(wSize);
      call('conv2d_weight_grad_f32', x, g, whole, ...ints, 0, 1);
      for (const name of exports('conv2d_weight_grad')) {
        const dw = new Float32Array(wSize).fill(7);
        for (const part of [2, 0, 1]) call(name, x, g, dw, ...ints, part, 3);
        assertSameBits(dw, whole, `${name} ${label(s)}`);
      }
    }
  });

  test('NaN and infinity in g reach all that they belong to, and no other sample or filter', () => {
    for (const s of shapes) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const { x: xSize, w: wSize } = convLengths(s);
        const [x, w, g] = [uniform(xSize, 5), uniform(wSize, 6), mixedGradient(s, [0.2])];
        const at = Math.floor(g.length / 3);
        g[at] = bad;
        const [dx, dw] = [new Float32Array(xSize), new Float32Array(wSize)];
        const [wantX, wantW] = [new Float64Array(xSize), new Float64Array(wSize)];
        const ints = convInts(s);
        call('conv2d_input_grad_f32', g, w, dx, ...convInts(s));
        call('conv2d_weight_grad_f32', x, g, dw, ...convInts(s), 0, 1);
        const [x64, w64, g64] = [x, w, g].map((a) => Float64Array.from(a)) as [
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        (conv2dInputGrad.reference as Reference)(g64, w64, wantX, ...ints);
        (conv2dWeightGrad.reference as Reference)(x64, g64, wantW, ...ints, 0, 1);
        // dw sums over the zeros of the border, too, and 0 * NaN is NaN: in the column of that filter, no other
        for (const [got, want, name, mayFail] of [
          [dx, wantX, 'dx', () => false],
          [dw, wantW, 'dw', (i: number) => i % s.co === at % s.co],
        ] as const) {
          assert.ok(
            want.some((v) => !Number.isFinite(v)),
            `${label(s)}: the case says nothing`,
          );
          const wrong = want.findIndex(
            (v, i) => Number.isFinite(v) !== Number.isFinite(got[i]!) && !(mayFail(i) && Number.isFinite(v)),
          );
          if (wrong >= 0) throw new Error(`${label(s)} ${name}[${wrong}]: expected ${want[wrong]}, got ${got[wrong]}`);
        }
      }
    }
  });
}
