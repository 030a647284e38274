/** Convolutions: random shapes against the reference, adjoints of each other, and samples that do not see each other. */
import fc from 'fast-check';
import { type ConvShape, convError, convInts, convLengths, tiledError } from '../../bench/problems/conv-shape.ts';
import { conv2d, conv2dInputGrad, conv2dWeightGrad } from '../../engine/kernels/families/index.ts';
import { suite } from '../harness.ts';
import { assertClose, assertSameBits, kernels, uniform } from './calls.ts';

/** Sizes that make sense together: the output is any size from nothing to one row beyond what padding would give. */
const shapes: fc.Arbitrary<ConvShape> = fc
  .record({
    n: fc.integer({ min: 0, max: 3 }),
    h: fc.integer({ min: 1, max: 11 }),
    w: fc.integer({ min: 1, max: 11 }),
    groups: fc.constantFrom(1, 1, 1, 2, 3),
    inC: fc.constantFrom(1, 2, 3, 4, 5, 8, 12, 17),
    outC: fc.constantFrom(1, 2, 4, 5, 8, 11, 16),
    kh: fc.integer({ min: 1, max: 5 }),
    kw: fc.integer({ min: 1, max: 5 }),
    strideH: fc.integer({ min: 1, max: 3 }),
    strideW: fc.integer({ min: 1, max: 3 }),
    padTop: fc.integer({ min: 0, max: 4 }),
    padLeft: fc.integer({ min: 0, max: 4 }),
    dilH: fc.integer({ min: 1, max: 3 }),
    dilW: fc.integer({ min: 1, max: 3 }),
    oh: fc.integer({ min: 0, max: 13 }),
    ow: fc.integer({ min: 0, max: 13 }),
  })
  .map(({ inC, outC, ...s }) => ({ ...s, ci: inC * s.groups, co: outC * s.groups }));

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Whether the entry of a family may work in tiles. */
const mayTile = ({ kh, kw, strideH, strideW, dilH, dilW, groups }: ConvShape): boolean =>
  strideH * strideW * dilH * dilW * groups === 1 && kh === kw && (kh === 3 || kh === 5);

// [few channels, many channels, stride, groups, tiles]: every way that the kernels compute
const chosen: readonly ConvShape[] = [
  [28, 1, 5, 16, 28, 1, 2, 1],
  [9, 3, 3, 32, 9, 1, 1, 1],
  [14, 16, 4, 8, 6, 2, 0, 1],
  [10, 32, 3, 24, 10, 1, 1, 1],
  [7, 64, 3, 3, 4, 2, 1, 1],
  [6, 8, 3, 8, 6, 1, 1, 8],
  [3, 1032, 3, 5, 3, 1, 1, 1],
  [13, 12, 5, 24, 11, 1, 1, 1],
  [8, 16, 3, 16, 8, 1, 1, 1],
].map(([h, ci, k, co, oh, stride, pad, groups]) => ({
  ...{ n: 5, h: h!, w: h!, ci: ci!, kh: k!, kw: k!, co: co!, oh: oh!, ow: oh!, strideH: stride!, strideW: stride! },
  ...{ padTop: pad!, padLeft: pad!, dilH: 1, dilW: 1, groups: groups! },
}));

const label = (s: ConvShape) => `[${convInts(s)}]`;

for (const build of ['base', 'relaxed'] as const) {
  const test = suite(`conv2d, ${build}`);
  const { call, exports } = await kernels(build);

  test('random shapes agree with the references and between variants', ({ seed }) => {
    fc.assert(
      fc.property(shapes, fc.nat(), (s, fill) => {
        const length = convLengths(s);
        const [x, w, g] = [uniform(length.x, fill), uniform(length.w, fill + 1), uniform(length.y, fill + 2)];
        const [x64, w64, g64] = [Float64Array.from(x), Float64Array.from(w), Float64Array.from(g)];
        const terms = s.kh * s.kw * Math.max(s.ci, s.co);
        const sizes = convInts(s);
        for (const [family, wanted, a, b, a64, b64, size, sum, ints] of [
          [conv2d, 'y', x, w, x64, w64, length.y, terms, sizes],
          [conv2dInputGrad, 'x', g, w, g64, w64, length.x, terms, sizes],
          [conv2dWeightGrad, 'w', x, g, x64, g64, length.w, s.n * s.oh * s.ow, [...sizes, 0, 1]],
        ] as const) {
          const want = new Float64Array(size);
          (family.reference as (...args: unknown[]) => void)(a64, b64, want, ...ints, null, 0);
          let first: Float32Array | undefined;
          for (const name of exports(family.name)) {
            const got = new Float32Array(size).fill(7);
            call(name, a, b, got, ...ints);
            const tiled = name === `${family.name}_f32` && mayTile(s);
            assertClose(got, want, tiled ? tiledError(wanted, s.kh, sum) : convError(sum), `${name} ${label(s)}`);
            if (tiled) continue; // sums of its own
            first ??= got;
            assertSameBits(got, first, `${name} ${label(s)}`);
          }
        }
      }),
      { seed, numRuns: 200 },
    );
  });

  test('the gradients are the adjoints: <conv(x, w), g> = <x, dx> = <w, dw>', () => {
    for (const s of chosen) {
      const length = convLengths(s);
      const [x, w, g] = [uniform(length.x, 1), uniform(length.w, 2), uniform(length.y, 3)];
      const [y, dx, dw] = [new Float32Array(length.y), new Float32Array(length.x), new Float32Array(length.w)];
      call('conv2d_f32', x, w, y, ...convInts(s));
      call('conv2d_input_grad_f32', g, w, dx, ...convInts(s));
      call('conv2d_weight_grad_f32', x, g, dw, ...convInts(s), 0, 1);
      const [forward, input, weight] = [dot(y, g), dot(x, dx), dot(w, dw)];
      const bound = 1e-6 * Math.sqrt(dot(y, y) * dot(g, g));
      if (!(Math.abs(forward - input) <= bound && Math.abs(forward - weight) <= bound)) {
        throw new Error(`${label(s)}: <y, g> ${forward}, <x, dx> ${input}, <w, dw> ${weight}`);
      }
    }
  });

  test('shares of the weight gradient, put together, have the bits of the whole', () => {
    for (const s of chosen) {
      for (const shape of [s, { ...s, n: 0 }]) {
        const length = convLengths(shape);
        const [x, g] = [uniform(length.x, 10), uniform(length.y, 11)];
        const whole = new Float32Array(length.w).fill(7);
        call('conv2d_weight_grad_f32', x, g, whole, ...convInts(shape), 0, 1);
        for (const parts of [2, 3, 5, 40]) {
          const dw = new Float32Array(length.w).fill(7);
          for (let part = parts - 1; part >= 0; part--) {
            call('conv2d_weight_grad_f32', x, g, dw, ...convInts(shape), part, parts);
          }
          assertSameBits(dw, whole, `${label(shape)} in ${parts} parts`);
        }
      }
    }
  });

  test('a sample has the same bits alone, and at any place in a batch of any size', () => {
    for (const s of chosen) {
      const one = { ...s, n: 1 };
      const [whole, single] = [convLengths(s), convLengths(one)];
      const [x, w, g] = [uniform(whole.x, 4), uniform(whole.w, 5), uniform(whole.y, 6)];
      for (const [family, input, inSize, outSize] of [
        ['conv2d', x, single.x, single.y],
        ['conv2d_input_grad', g, single.y, single.x],
      ] as const) {
        for (const name of exports(family)) {
          const batch = new Float32Array(s.n * outSize);
          call(name, input, w, batch, ...convInts(s));
          for (let i = 0; i < s.n; i++) {
            const alone = new Float32Array(outSize);
            call(name, input.slice(i * inSize, (i + 1) * inSize), w, alone, ...convInts(one));
            assertSameBits(batch.slice(i * outSize, (i + 1) * outSize), alone, `${name} ${label(s)} sample ${i}`);
          }
        }
      }
    }
  });

  test('a NaN in one sample stays in that sample', () => {
    for (const s of chosen) {
      const length = convLengths(s);
      const [x, w, g] = [uniform(length.x, 7), uniform(length.w, 8), uniform(length.y, 9)];
      x.fill(Number.NaN, length.x / s.n, (2 * length.x) / s.n);
      g.fill(Number.NaN, length.y / s.n, (2 * length.y) / s.n);
      for (const [name, input, size] of [
        ...exports('conv2d').map((e) => [e, x, length.y] as const),
        ...exports('conv2d_input_grad').map((e) => [e, g, length.x] as const),
      ]) {
        const out = new Float32Array(size);
        call(name, input, w, out, ...convInts(s));
        const stray = out.findIndex((v, i) => Number.isNaN(v) && Math.floor((i * s.n) / size) !== 1);
        if (stray >= 0) throw new Error(`${name} ${label(s)}: NaN at ${stray}`);
      }
    }
  });
}
