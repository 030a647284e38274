/**
 * A support vector machine with an RBF kernel, its C and gamma chosen by cross-validation on the shadow models' answers. The folds
 * are shadow models: a record that several of them were asked about is never fitted on in one fold and judged in another.
 */
import type { Rng } from '../../../engine/index.ts';
import {
  type BinaryModel,
  chooseSvmAsync,
  loadSvm,
  loadSvmKernels,
  type SvmState,
} from '../../../engine/learn/index.ts';
import type { OptionDef, OptionsOf } from '../../define-attack.ts';
import { type AttackRows, foldsByShadow } from './outputs.ts';

export const svmOptions = {
  cMin: { about: 'least C of the grid', default: 0.1, min: 1e-6, max: 1e6 },
  cMax: { about: 'largest C of the grid', default: 100, min: 1e-6, max: 1e6 },
  gammaMin: { about: 'least gamma of the grid', default: 0.1, min: 1e-6, max: 1e6 },
  gammaMax: { about: 'largest gamma of the grid', default: 100, min: 1e-6, max: 1e6 },
  gridFactor: { about: 'from one value of the grid to the next', default: 10, min: 1.1, max: 1e6 },
  folds: { about: 'of the cross-validation, each of whole shadow models', kind: 'whole', default: 5, min: 2, max: 100 },
  searchRows: {
    about: 'rows of a class that the grid is searched on, at most',
    kind: 'whole',
    default: 4000,
    min: 100,
    max: 1e6,
  },
} as const satisfies Record<string, OptionDef>;

type SvmLists = {
  readonly [K in keyof SvmState]: SvmState[K] extends Float64Array | Int32Array ? readonly number[] : SvmState[K];
};

export interface SvmData {
  readonly machine: SvmLists;
  /** what the cross-validation chose: its share of held-out rows right, of how many rows */
  readonly chosen: {
    readonly c: number;
    readonly gamma: number;
    readonly accuracy: number;
    readonly searchRows: number;
  };
}

/** From least to most by a factor; the last one is the most. */
function gridOf(least: number, most: number, factor: number): number[] {
  const grid: number[] = [];
  // a value that misses the end by rounding alone is the end
  for (let value = least; value < most * (1 - 1e-9); value *= factor) grid.push(value);
  return [...grid, most];
}

export async function fitAttackSvm(
  { x, member, shadow }: AttackRows,
  options: OptionsOf<typeof svmOptions>,
  o: { readonly rng: Rng; readonly signal: AbortSignal | undefined },
): Promise<{ data: SvmData; warning: string | null }> {
  const members = member.reduce((sum, one) => sum + one, 0);
  const half = member.length / 2;
  const { model, c, gamma, grid, searchRows } = await chooseSvmAsync(x, member, {
    cs: gridOf(options.cMin, options.cMax, options.gridFactor),
    gammas: gridOf(options.gammaMin, options.gammaMax, options.gridFactor),
    folds: foldsByShadow({ member, shadow }, options.folds, o.rng.split('folds')),
    searchRows: options.searchRows,
    classWeights: [half / (member.length - members), half / members],
    rng: o.rng,
    ...(o.signal && { signal: o.signal }),
  });
  const { supportVectors, supportRows, coefficients, ...rest } = model.state();
  const machine = {
    ...rest,
    supportVectors: [...supportVectors],
    supportRows: [...supportRows],
    coefficients: [...coefficients],
  };
  const { accuracy } = grid.find((setting) => setting.c === c && setting.gamma === gamma)!;
  return { data: { machine, chosen: { c, gamma, accuracy, searchRows } }, warning: model.warning };
}

export async function attackSvm({ machine }: SvmData): Promise<BinaryModel> {
  const { supportVectors, supportRows, coefficients } = machine;
  const state = {
    ...machine,
    supportVectors: Float64Array.from(supportVectors),
    supportRows: Int32Array.from(supportRows),
    coefficients: Float64Array.from(coefficients),
  };
  return loadSvm(state, { kernels: await loadSvmKernels() });
}
