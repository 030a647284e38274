/** Broadcast binary operations over four dimensions: y contiguous [n0,n1,n2,n3], a and b by strides (0 = repeated). */
import { defineKernel, input, output, type Problem, problemsOf } from '../family.ts';

type Dims = readonly [number, number, number, number];

// shape, strides of a, strides of b
const cases: readonly [readonly [Dims, Dims, Dims], ...(readonly [Dims, Dims, Dims])[]] = [
  [
    [1, 1, 1, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  [
    [0, 2, 3, 4],
    [24, 12, 4, 1],
    [24, 12, 4, 1],
  ],
  [
    [2, 3, 4, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 1],
  ],
  [
    [1, 1, 1, 17],
    [17, 17, 17, 1],
    [17, 17, 17, 1],
  ],
  [
    [2, 3, 4, 5],
    [60, 20, 5, 1],
    [60, 20, 5, 1],
  ], // same shape
  [
    [2, 3, 4, 5],
    [60, 20, 5, 1],
    [0, 0, 0, 1],
  ], // + vector over the last axis
  [
    [2, 3, 4, 5],
    [60, 20, 5, 1],
    [12, 4, 1, 0],
  ], // + one value per row
  [
    [2, 3, 4, 5],
    [0, 0, 0, 0],
    [60, 20, 5, 1],
  ], // scalar on the left
  [
    [3, 5, 1, 7],
    [35, 7, 7, 1],
    [0, 7, 0, 1],
  ], // repeated over the first axis
  [
    [3, 4, 5, 6],
    [1, 3, 12, 60],
    [120, 30, 6, 1],
  ], // a transposed
  [
    [3, 1, 4, 7],
    [1, 0, 0, 0],
    [0, 0, 1, 0],
  ], // outer product of vectors, and repeated
  [
    [2, 2, 3, 4],
    [96, 48, 16, 2],
    [24, 12, 4, 1],
  ], // every other element
  [
    [64, 16, 16, 64],
    [16384, 1024, 64, 1],
    [16384, 1024, 64, 1],
  ],
  [
    [64, 16, 16, 64],
    [16384, 1024, 64, 1],
    [0, 0, 0, 1],
  ],
  [
    [1, 1, 1024, 256],
    [0, 0, 256, 1],
    [0, 0, 1, 0],
  ],
];

const extent = (n: Dims, s: Dims) =>
  n.includes(0) ? 0 : 1 + n.reduce((sum, count, i) => sum + (count - 1) * s[i]!, 0);
const product = (n: Dims) => n[0] * n[1] * n[2] * n[3];

function problems(name: string): [Problem, ...Problem[]] {
  const bLow: [number, number] = name === 'div' ? [0.5, 2] : [-1, 1];
  return problemsOf(cases, ([n, a, b]) => {
    const size = product(n);
    const args = [input(extent(n, a)), input(extent(n, b), bLow), output(size), ...n, ...a, ...b];
    const problem = { name: `[${n}] a[${a}] b[${b}]`, args };
    return size < 100_000
      ? problem
      : { ...problem, bytes: 4 * (extent(n, a) + extent(n, b) + size), bench: true, benchOnly: true };
  });
}

function binary(name: string, about: string, apply: (a: number, b: number) => number, rel: number) {
  return defineKernel({
    name,
    about,
    reference(
      a: Float64Array,
      b: Float64Array,
      y: Float64Array,
      n0: number,
      n1: number,
      n2: number,
      n3: number,
      a0: number,
      a1: number,
      a2: number,
      a3: number,
      b0: number,
      b1: number,
      b2: number,
      b3: number,
    ) {
      let k = 0;
      for (let i = 0; i < n0; i++)
        for (let j = 0; j < n1; j++)
          for (let l = 0; l < n2; l++)
            for (let m = 0; m < n3; m++)
              y[k++] = apply(a[i * a0 + j * a1 + l * a2 + m * a3]!, b[i * b0 + j * b1 + l * b2 + m * b3]!);
    },
    problems: problems(name),
    tolerance: () => ({ abs: 0, rel }),
  });
}

export const add = binary('add', 'y = a + b, broadcast', (a, b) => a + b, 6e-8);
export const sub = binary('sub', 'y = a - b, broadcast', (a, b) => a - b, 6e-8);
export const mul = binary('mul', 'y = a b, broadcast', (a, b) => a * b, 6e-8);
export const div = binary('div', 'y = a / b, broadcast', (a, b) => a / b, 6e-8);
export const maximum = binary('maximum', 'y = max(a, b), broadcast', Math.max, 0);
export const minimum = binary('minimum', 'y = min(a, b), broadcast', Math.min, 0);
