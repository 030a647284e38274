/** A fitted support vector machine: decisions, probabilities, and what has to be kept of it. */
import { ConfigError } from '../../errors.ts';
import type { BinaryModel } from '../binary-model.ts';
import type { SvmKernels } from './kernels.ts';
import type { SvmKernel } from './options.ts';
import { probabilityOf, type Sigmoid } from './platt.ts';
import { pack, plainMaths, range } from './rows.ts';

/** All there is to know about a fitted machine: plain data and typed arrays, to be stored and given to `loadSvm`. */
export interface SvmState {
  readonly kernel: SvmKernel;
  readonly features: number;
  /** rows of features [supports, features], in the order of the training rows */
  readonly supportVectors: Float64Array;
  /** which training rows they are [supports] */
  readonly supportRows: Int32Array;
  /** coefficient times sign: positive for class 1 [supports] */
  readonly coefficients: Float64Array;
  readonly rho: number;
  /** value of the dual problem, which is minimised */
  readonly objective: number;
  readonly iterations: number;
  /** by how much the optimality conditions are violated at most */
  readonly violation: number;
  /** false where the iterations ran out before the violation fell below the tolerance */
  readonly converged: boolean;
  /** P(class 1) = 1 / (1 + exp(slope * decision + offset)); null without probabilities */
  readonly platt: Sigmoid | null;
}

export interface SvmModel extends BinaryModel, SvmState {
  /** what is wrong with the fit, in words; null when nothing is */
  readonly warning: string | null;
  /** of class 1; there when the fit was asked for probabilities */
  readonly probability?: (row: ArrayLike<number>) => number;
  /** what `loadSvm` takes */
  state(): SvmState;
}

/** The machine of a state, with decisions by SIMD where `kernels` are given: the same bits either way. */
export function loadSvm(state: SvmState, options: { readonly kernels?: SvmKernels } = {}): SvmModel {
  const { kernel, features, supportVectors, coefficients, rho, platt } = state;
  const maths = options.kernels ?? plainMaths;
  const panels = pack(supportVectors, features, range(coefficients.length));
  const values = new Float64Array(coefficients.length);

  const decide = (row: Float64Array) => {
    maths.row(kernel, panels, row, values);
    let sum = 0;
    for (let t = 0; t < values.length; t++) sum += coefficients[t]! * values[t]!;
    return sum - rho;
  };
  const checked = (x: Float64Array, rows: number | null) => {
    if (rows === null ? x.length % features !== 0 : x.length !== features) {
      throw new ConfigError(`svm: expected rows of ${features} features, got ${x.length} numbers.`, 'x');
    }
    const bad = x.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) throw new ConfigError(`svm: expected finite features, got ${x[bad]} at place ${bad}.`, 'x');
    return x;
  };
  const decision = (row: ArrayLike<number>) => decide(checked(Float64Array.from(row), 1));
  return {
    ...state,
    warning: state.converged
      ? null
      : `svm: stopped after ${state.iterations} iterations with optimality violated by ${state.violation.toExponential(1)}. ` +
        'Scale the features, lower c, or raise iterations.',
    decision,
    decisions(x) {
      checked(x, null);
      return Float64Array.from({ length: x.length / features }, (_, i) =>
        decide(x.subarray(i * features, (i + 1) * features)),
      );
    },
    ...(platt && { probability: (row: ArrayLike<number>) => probabilityOf(platt, decision(row)) }),
    state: () => state,
  };
}
