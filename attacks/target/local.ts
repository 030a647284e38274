/** A classifier of ours as a target, with every access level. */
import {
  type Classifier,
  ConfigError,
  grad,
  leaf,
  nn,
  ops,
  sizeOf,
  type Tensor,
  valueAndGrad,
} from '../../engine/index.ts';
import { derivedFromLogits } from './softmax.ts';
import type { Samples, Target } from './target.ts';

export interface LocalTargetOptions {
  /** rows that may be asked for in all; default unlimited */
  readonly queryBudget?: number;
  readonly signal?: AbortSignal;
}

/** @throws ConfigError, at the query that would exceed the budget */
export function localTarget(classifier: Classifier, options: LocalTargetOptions = {}): Target<'white-box'> {
  const { model, params } = classifier;
  const { classes, inputShape } = model;
  const { queryBudget = Infinity, signal } = options;
  const width = sizeOf(inputShape);
  let queries = 0;
  const count = (rows: number) => {
    if (queries + rows > queryBudget) {
      throw new ConfigError(
        `target: expected at most ${queryBudget} queries, got ${queries} + ${rows}. Raise the budget or attack fewer rows.`,
        'queryBudget',
      );
    }
    queries += rows;
  };
  const logits = (x: Samples) => {
    count(x.length / width);
    return classifier.logits(x, signal ? { signal } : {});
  };
  return {
    inputShape,
    classes,
    queries: () => queries,
    ...derivedFromLogits(logits, classes),
    logitsAndVjp(x) {
      count(x.shape[0]!);
      const input = leaf(x);
      const { engine } = x;
      const before = engine.recording;
      engine.recording = true; // the map back needs the tape, also where the caller records nothing
      let out: Tensor;
      try {
        out = model.apply(params, input, nn.EVAL);
      } finally {
        engine.recording = before;
      }
      return {
        logits: out,
        vjp: (cotangent: Tensor) => grad(out, [input], { cotangent })[0] ?? x.engine.zeros(x.shape, x.dtype),
      };
    },
    model,
    params,
    parameterGradient(x, y) {
      count(x.shape[0]!);
      return valueAndGrad((p) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, nn.EVAL), y)), params).grads;
    },
  };
}
