/** Matrix products. */
import { inout, input, type Problem, type ProblemSet, spreadZeros } from './problem.ts';

interface Shape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** how much each row stride exceeds the row's length */
  readonly gap?: number;
  readonly accumulate?: boolean;
  /** fraction of the elements of A and of B that are 0; a percentage in the name */
  readonly zerosA?: number;
  readonly zerosB?: number;
}

function problem(shape: Shape): Problem {
  const { m, k, n, transA = false, transB = false, gap = 0, accumulate = false, zerosA = 0, zerosB = 0 } = shape;
  const [aRows, aCols] = transA ? [k, m] : [m, k];
  const [bRows, bCols] = transB ? [n, k] : [k, n];
  const transposes = transA || transB ? `/${transA ? 't' : 'n'}${transB ? 't' : 'n'}` : '';
  const zeros = `${zerosA ? `/a${100 * zerosA}%` : ''}${zerosB ? `/b${100 * zerosB}%` : ''}`;
  return {
    name: `${m}x${k}x${n}${transposes}${gap ? `/gap${gap}` : ''}${accumulate ? '/add' : ''}${zeros}`,
    args: [
      { ...input(aRows * (aCols + gap)), isZero: spreadZeros(zerosA) },
      { ...input(bRows * (bCols + gap)), isZero: spreadZeros(zerosB) },
      inout(m * (n + gap)), // the gap between the rows of C must keep what it holds
      ...[m, n, k, Number(transA), Number(transB), aCols + gap, bCols + gap, n + gap, Number(accumulate)],
    ],
    flops: 2 * m * n * k,
  };
}

// Every size around the 4 x 8 tile, the four transposes, gaps between rows; then k around and beyond the block of
// 256.
const tails: Problem[] = [];
for (const m of [0, 1, 3, 4, 5, 9, 17]) {
  for (const n of [0, 1, 7, 8, 10, 16, 17, 33]) {
    for (const k of [0, 1, 3, 5, 8, 17]) {
      const i = tails.length;
      tails.push(
        problem({ m, n, k, transA: i % 2 === 1, transB: i % 4 > 1, gap: i % 3 === 0 ? 3 : 0, accumulate: i % 5 === 0 }),
      );
    }
  }
}
const combinations: Problem[] = [];
for (const transA of [false, true]) {
  for (const transB of [false, true]) {
    for (const accumulate of [false, true]) {
      for (const gap of [0, 5]) {
        for (const [m, n, k] of [
          [9, 11, 7],
          [33, 17, 300],
          [1, 33, 513],
          [2, 10, 257],
          [300, 3, 16],
          [5, 2051, 3],
        ] as const) {
          combinations.push(problem({ m, n, k, transA, transB, accumulate, gap }));
        }
      }
    }
  }
}
// Zeros in A, in B and in both; columns around the sparse kernel's panels of 40 and 32; sizes from which the entry
// looks for zeros.
const zeros: Problem[] = [];
for (const transA of [false, true]) {
  for (const transB of [false, true]) {
    for (const [zerosA, zerosB] of [
      [0.2, 0],
      [0.5, 0],
      [1, 0],
      [0, 0.5],
      [0.5, 0.8],
    ] as const) {
      const i = zeros.length;
      const shape = { transA, transB, zerosA, zerosB, accumulate: i % 2 === 1, gap: i % 3 };
      zeros.push(problem({ m: 5, k: 7, n: 3, ...shape }), problem({ m: 67, k: 261, n: 45, ...shape }));
      zeros.push(problem({ m: 3, k: 19, n: [15, 24, 40, 49, 56][i % 5]!, ...shape }));
      zeros.push(problem({ m: 33, k: 18, n: [64, 72, 81, 127, 128][i % 5]!, ...shape }));
    }
  }
}

const bench = (shape: Shape): Problem => ({ ...problem(shape), bench: true, benchOnly: true });

export const gemm: ProblemSet = {
  problems: [
    problem({ m: 65, k: 66, n: 67 }),
    ...tails,
    ...combinations,
    ...zeros,
    ...[64, 128, 256, 512, 1024].map((size) => bench({ m: size, k: size, n: size })),
    bench({ m: 64, k: 784, n: 256 }),
    bench({ m: 256, k: 3072, n: 512 }),
    bench({ m: 512, k: 512, n: 512, transA: true }),
    bench({ m: 512, k: 512, n: 512, transB: true }),
    bench({ m: 256, k: 250, n: 10 }),
    bench({ m: 256, k: 250, n: 10, transB: true }),
    bench({ m: 256, k: 250, n: 10, transA: true }),
    bench({ m: 16, k: 784, n: 256 }),
    bench({ m: 1, k: 784, n: 256 }),
    bench({ m: 1, k: 784, n: 256, transB: true }),
    bench({ m: 16, k: 16, n: 16 }),
    // a layer behind a relu: its weights' gradient and its input's; images, 81 % black: forward, weights' gradient
    bench({ m: 256, k: 256, n: 784, transA: true, zerosA: 0.5 }),
    bench({ m: 256, k: 256, n: 784, zerosA: 0.5 }),
    bench({ m: 256, k: 784, n: 256, transB: true, zerosA: 0.81 }),
    bench({ m: 256, k: 256, n: 784, transA: true, zerosA: 0.5, zerosB: 0.81 }),
  ],
  // Products of inputs in [-1, 1) have variance 1/9, so the partial sum after p of them is about sqrt(p)/3, and
  // adding to it rounds by up to u = 2^-24 of that: k such errors add up, at random, to about 0.14 u k. Seven times
  // that, and 8 u for short sums.
  tolerance: (p) => ({ abs: 2 ** -24 * ((p.args[5] as number) + 8), rel: 0 }),
};
