/** Anybody's model as a target: a function from rows to probabilities. */
import type { Shape } from '../../engine/index.ts';
import { oracleTarget } from './asked.ts';
import { functionOracle, type Predict } from './oracle.ts';
import type { Target } from './target.ts';

export interface FunctionTargetOptions {
  readonly inputShape: Shape;
  readonly classes: number;
  /** rows x, row-major [n, ...inputShape], to class probabilities [n, classes] */
  readonly predict: Predict;
  /** rows that may be asked for in all; default unlimited */
  readonly queryBudget?: number;
}

/**
 * @throws ShapeError, KeyholeError when the function answers with something else than n rows of probabilities; ConfigError at
 * the query that would exceed the budget
 */
export function functionTarget(options: FunctionTargetOptions): Target<'probabilities'> {
  const { inputShape, predict, classes, queryBudget } = options;
  const budget = queryBudget === undefined ? {} : { queryBudget };
  const oracle = functionOracle({ inputShape, predict, batch: Number.MAX_SAFE_INTEGER, ...budget });
  return oracleTarget(oracle, 'probabilities', { classes }) as Target<'probabilities'>;
}
