/** Random numbers from Philox4x32-10. */
import { exact, intOutput, output, type Problem, type ProblemSet, vectorProblems, within } from './problem.ts';

// a key with high bits set, and a position whose low word overflows inside the call
const STREAM = [0xdeadbeef, 0x12345678, 0xfffffffe, 7];
const problems = (args: (n: number) => Problem['args']) => vectorProblems((n) => [...args(n), ...STREAM], 4, 65_536);

export const philoxBits: ProblemSet = { problems: problems((n) => [intOutput(n), n]), tolerance: exact };
export const uniform: ProblemSet = { problems: problems((n) => [output(n), n, -0.3, 1.7]), tolerance: exact };
export const normal: ProblemSet = { problems: problems((n) => [output(n), n, 0.5, 2]), tolerance: within(3e-6, 0) };
export const dropoutMask: ProblemSet = { problems: problems((n) => [output(n), n, 0.7]), tolerance: exact };
export const permutation: ProblemSet = { problems: problems((n) => [intOutput(n), n]), tolerance: exact };
