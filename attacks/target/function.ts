/** Anybody's model as a target: a function from rows to probabilities. */
import { KeyholeError, type Shape, ShapeError, sizeOf } from '../../engine/index.ts';
import { argmaxRows } from './softmax.ts';
import type { Samples, Target } from './target.ts';

export interface FunctionTargetOptions {
  readonly inputShape: Shape;
  readonly classes: number;
  /** rows x, row-major [n, ...inputShape], to class probabilities [n, classes] */
  readonly predict: (x: Samples) => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** @throws ShapeError, KeyholeError when the function answers with something else than n rows of finite probabilities */
export function functionTarget({ inputShape, classes, predict }: FunctionTargetOptions): Target<'probabilities'> {
  const width = sizeOf(inputShape);
  let queries = 0;
  const probabilities = async (x: Samples): Promise<Float64Array> => {
    const rows = x.length / width;
    if (!Number.isInteger(rows)) {
      throw new ShapeError(`target: expected rows of ${width} numbers [${inputShape}], got ${x.length} numbers.`);
    }
    queries += rows;
    const answer = Float64Array.from(await predict(x));
    if (answer.length !== rows * classes) {
      throw new ShapeError(`target: expected ${rows} rows of ${classes} probabilities, got ${answer.length} numbers.`);
    }
    for (const [i, p] of answer.entries()) {
      if (!(p >= 0 && p <= 1 + 1e-6)) {
        throw new KeyholeError(
          `target: expected probabilities from 0 to 1, got ${p} in row ${Math.floor(i / classes)}. Apply softmax.`,
        );
      }
    }
    return answer;
  };
  return {
    inputShape,
    classes,
    queries: () => queries,
    labels: async (x) => argmaxRows(await probabilities(x), classes),
    probabilities,
  };
}
