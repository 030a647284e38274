/** Pooling over windows of x [n, h, w, c], channels last. */
import { defineKernel, input, intInput, intOutput, output, type Problem, problemsOf } from '../family.ts';

interface Window {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly k: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad?: readonly [number, number];
  /** default: as many as fit with the same padding on both sides */
  readonly out?: readonly [number, number];
}

const windows: readonly [Window, ...Window[]] = [
  { n: 0, h: 4, w: 4, c: 3, k: [2, 2], stride: [2, 2] },
  { n: 1, h: 1, w: 1, c: 1, k: [1, 1], stride: [1, 1] },
  { n: 2, h: 4, w: 6, c: 1, k: [2, 2], stride: [2, 2] },
  { n: 2, h: 5, w: 7, c: 3, k: [2, 3], stride: [2, 2], pad: [1, 1] },
  { n: 1, h: 6, w: 5, c: 4, k: [3, 3], stride: [1, 2], pad: [1, 1] },
  { n: 2, h: 5, w: 5, c: 9, k: [3, 2], stride: [2, 1], pad: [0, 1] },
  { n: 1, h: 4, w: 4, c: 5, k: [4, 4], stride: [4, 4], out: [2, 2] }, // the last windows hang over the edge
  { n: 64, h: 32, w: 32, c: 32, k: [2, 2], stride: [2, 2] },
  { n: 64, h: 16, w: 16, c: 64, k: [3, 3], stride: [2, 2], pad: [1, 1] },
];

/** n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft */
function integers({ n, h, w, c, k, stride, pad = [0, 0], out }: Window): number[] {
  const [oh, ow] = out ?? [
    Math.floor((h + 2 * pad[0] - k[0]) / stride[0]) + 1,
    Math.floor((w + 2 * pad[1] - k[1]) / stride[1]) + 1,
  ];
  return [n, h, w, c, ...k, oh, ow, ...stride, ...pad];
}

function problems(args: (inSize: number, outSize: number) => Problem['args']): [Problem, ...Problem[]] {
  return problemsOf(windows, (window) => {
    const ints = integers(window);
    const [n, h, w, c, kh, kw, oh, ow] = ints as [number, number, number, number, number, number, number, number];
    const inSize = n * h * w * c;
    const outSize = n * oh * ow * c;
    const problem = {
      name: `${n}x${h}x${w}x${c} k${kh}x${kw} to ${oh}x${ow}`,
      args: [...args(inSize, outSize), ...ints],
    };
    return n < 64 ? problem : { ...problem, bytes: 4 * (inSize + outSize), bench: true, benchOnly: true };
  });
}

/** Visits the window of every output: output element, and the input elements (offsets in the batch) that exist. */
function eachWindow(
  visit: (out: number, sample: number, cells: number[]) => void,
  n: number,
  h: number,
  w: number,
  c: number,
  kh: number,
  kw: number,
  oh: number,
  ow: number,
  sh: number,
  sw: number,
  padTop: number,
  padLeft: number,
): void {
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let k = 0; k < c; k++) {
          const cells: number[] = [];
          for (let p = i * sh - padTop; p < i * sh - padTop + kh; p++)
            for (let q = j * sw - padLeft; q < j * sw - padLeft + kw; q++)
              if (p >= 0 && p < h && q >= 0 && q < w) cells.push((p * w + q) * c + k);
          visit(((b * oh + i) * ow + j) * c + k, b * h * w * c, cells);
        }
}

export const maxPool2d = defineKernel({
  name: 'max_pool2d',
  about: 'y = the maximum of each window, index = where it stands in its sample',
  reference(
    x: Float64Array,
    y: Float64Array,
    index: Int32Array,
    n: number,
    h: number,
    w: number,
    c: number,
    kh: number,
    kw: number,
    oh: number,
    ow: number,
    sh: number,
    sw: number,
    padTop: number,
    padLeft: number,
  ) {
    const visit = (out: number, sample: number, cells: number[]) => {
      let best = cells[0] ?? -1;
      for (const i of cells) {
        const v = x[sample + i]!;
        const top = x[sample + best]!;
        if (v > top || (Number.isNaN(v) && !Number.isNaN(top))) best = i;
      }
      index[out] = best;
      y[out] = best < 0 ? -Infinity : x[sample + best]!;
    };
    eachWindow(visit, n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft);
  },
  problems: problems((inSize, outSize) => [input(inSize), output(outSize), intOutput(outSize)]),
  tolerance: () => ({ abs: 0, rel: 0 }),
});

export const avgPool2d = defineKernel({
  name: 'avg_pool2d',
  about: 'y = the sum of each window / (kh kw); padding counts as zeros',
  reference(
    x: Float64Array,
    y: Float64Array,
    n: number,
    h: number,
    w: number,
    c: number,
    kh: number,
    kw: number,
    oh: number,
    ow: number,
    sh: number,
    sw: number,
    padTop: number,
    padLeft: number,
  ) {
    const visit = (out: number, sample: number, cells: number[]) => {
      y[out] = cells.reduce((sum, i) => sum + x[sample + i]!, 0) / (kh * kw);
    };
    eachWindow(visit, n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft);
  },
  problems: problems((inSize, outSize) => [input(inSize), output(outSize)]),
  tolerance: () => ({ abs: 3e-7, rel: 3e-7 }),
});

export const avgPool2dGrad = defineKernel({
  name: 'avg_pool2d_grad',
  about: 'dx = the sum of g / (kh kw) over the windows around an element',
  reference(
    g: Float64Array,
    dx: Float64Array,
    n: number,
    h: number,
    w: number,
    c: number,
    kh: number,
    kw: number,
    oh: number,
    ow: number,
    sh: number,
    sw: number,
    padTop: number,
    padLeft: number,
  ) {
    dx.fill(0);
    const visit = (out: number, sample: number, cells: number[]) => {
      for (const i of cells) dx[sample + i] = dx[sample + i]! + g[out]! / (kh * kw);
    };
    eachWindow(visit, n, h, w, c, kh, kw, oh, ow, sh, sw, padTop, padLeft);
  },
  problems: problems((inSize, outSize) => [input(outSize), output(inSize)]),
  tolerance: () => ({ abs: 3e-7, rel: 3e-7 }),
});

type Sizes = readonly [n: number, out: number, inner: number];
const sizes: readonly [Sizes, ...Sizes[]] = [
  [0, 3, 5],
  [1, 1, 1],
  [2, 3, 7],
  [3, 40, 10],
  [64, 8192, 32768],
];

const scattered = (args: (n: number, out: number, inner: number) => Problem['args']) =>
  problemsOf(sizes, ([n, out, inner]) => {
    const problem = { name: `${n}x(${out} in ${inner})`, args: [...args(n, out, inner), n, out, inner] };
    return n < 64 ? problem : { ...problem, bytes: 4 * n * (2 * out + inner), bench: true, benchOnly: true };
  });

export const poolScatter = defineKernel({
  name: 'pool_scatter',
  about: 'dx = 0, then dx[b, index[b, i]] += g[b, i]',
  reference(
    g: Float64Array,
    index: Int32Array,
    dx: Float64Array,
    n: number,
    outPerSample: number,
    inPerSample: number,
  ) {
    dx.fill(0);
    for (let i = 0; i < n * outPerSample; i++) {
      const at = Math.floor(i / outPerSample) * inPerSample + index[i]!;
      if (index[i]! >= 0) dx[at] = dx[at]! + g[i]!;
    }
  },
  problems: scattered((n, out, inner) => [input(n * out), intInput(n * out, [-1, inner]), output(n * inner)]),
  tolerance: () => ({ abs: 3e-6, rel: 1e-6 }),
});

export const poolGather = defineKernel({
  name: 'pool_gather',
  about: 'y[b, i] = x[b, index[b, i]]',
  reference(x: Float64Array, index: Int32Array, y: Float64Array, n: number, outPerSample: number, inPerSample: number) {
    for (let i = 0; i < n * outPerSample; i++) {
      y[i] = index[i]! < 0 ? 0 : x[Math.floor(i / outPerSample) * inPerSample + index[i]!]!;
    }
  },
  problems: scattered((n, out, inner) => [input(n * inner), intInput(n * out, [-1, inner]), output(n * out)]),
  tolerance: () => ({ abs: 0, rel: 0 }),
});
