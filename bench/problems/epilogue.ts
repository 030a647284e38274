/** The end of a layer: bias and activation over rows [rows, cols], and their gradients. */
import { rowsPerSum, sumsOf } from '../../engine/kernels/activation.ts';
import { forBench, input, output, type Problem, type ProblemSet } from './problem.ts';

const cases: readonly (readonly [rows: number, cols: number])[] = [
  [0, 5],
  [3, 0],
  [1, 1],
  [70, 1],
  [33, 3],
  [4, 10],
  [40, 23],
  [65, 16],
  [2, 260],
  [1030, 6], // more than one row of sums
  [50, 2100],
  [256, 256],
  [65536, 32],
];
const names = ['none', 'relu', 'tanh', 'sigmoid'];

/** Every case with every activation; `args` gives the buffers. */
const problems = (
  args: (rows: number, cols: number, activation: number) => Problem['args'],
  bytes: number,
): Problem[] =>
  cases.flatMap(([rows, cols]) =>
    names.map((name, activation) => {
      const problem: Problem = {
        name: `${rows}x${cols} ${name}`,
        args: [...args(rows, cols, activation), rows, cols, activation],
      };
      return rows * cols < 65536 ? problem : forBench(problem, bytes * rows * cols);
    }),
  );

export const biasActivation: ProblemSet = {
  problems: [
    ...problems((r, c) => [input(r * c, [-6, 6]), input(c), output(r * c)], 8),
    { name: 'no bias', args: [input(45, [-6, 6]), null, output(45), 5, 9, 2] },
    { name: 'no bias, nothing to do', args: [input(45), null, output(45), 5, 9, 0] },
  ],
  // rounding of the sum by half an ulp of 7, then the activation's own error
  tolerance: () => ({ abs: 3e-7, rel: 4e-7 }),
};

const gradients = (rowsOfSum: (cols: number) => number): Problem[] =>
  problems(
    (r, c, activation) => [
      input(r * c),
      activation === 0 ? null : input(r * c, [0, 1]),
      activation === 0 ? null : output(r * c),
      output(sumsOf(r, rowsOfSum(c)) * c),
    ],
    12,
  ).map((p) => ({ ...p, args: [...p.args, rowsOfSum(p.args[5] as number)] }));

export const biasActivationGrad: ProblemSet = {
  problems: [
    ...gradients(rowsPerSum),
    ...gradients(() => 13)
      .filter((p) => (p.args[4] as number) < 2000)
      .map((p) => ({ ...p, name: `${p.name}, sums of 13 rows` })),
  ],
  // a sum adds blocks of 32 in f32, each at random signs to within 32 roundings of a partial sum of about 3
  tolerance: ({ args }) => ({ abs: 2 ** -24 * (32 + Math.sqrt(args[4] as number)), rel: 4e-7 }),
};
