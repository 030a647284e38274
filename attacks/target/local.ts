/** A classifier of ours as a target, with every access level. */
import {
  addKernels,
  type Classifier,
  ConfigError,
  clippedGrads,
  grad,
  groupsOf,
  leaf,
  nn,
  ops,
  Pacer,
  perLayerNorms,
  sizeOf,
  type Tensor,
  valueAndGrad,
} from '../../engine/index.ts';
import { derivedFromLogits } from './softmax.ts';
import { GRADIENT_ROWS, type MapBack, type Samples, type Target } from './target.ts';

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
  // one for all questions: an attack asks thousands of short ones, none of which would let anybody else run by itself
  let shared: Pacer | null = null;
  const breathe = () => {
    shared ??= new Pacer(signal);
    return shared.breathe();
  };
  const logits = async (x: Samples) => {
    count(x.length / width);
    const answers = await classifier.logits(x, signal ? { signal } : {});
    await breathe();
    return answers;
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
    async inputGradients(x, use) {
      const n = x.length / width;
      count(n);
      const { engine, dtype } = classifier;
      const logits = new Float64Array(n * classes);
      for (let at = 0; at < n; at += GRADIENT_ROWS) {
        const rows = Math.min(GRADIENT_ROWS, n - at);
        engine.run('input gradients', () => {
          const input = leaf(
            engine.tensor(x.subarray(at * width, (at + rows) * width), [rows, ...inputShape], { dtype }),
          );
          const out = model.apply(params, input, nn.EVAL);
          const own = logits.subarray(at * classes, (at + rows) * classes);
          own.set(out.toArray());
          const back: MapBack = (cotangent, into = new Float32Array(rows * width)) =>
            engine.run('input gradient', () => {
              const given = engine.tensor(cotangent, [rows, classes], { dtype });
              const [gradient] = grad(out, [input], { cotangent: given });
              if (gradient) into.set(gradient.view());
              else into.fill(0);
              return into;
            });
          use(own, back, at);
        });
        await breathe();
      }
      return logits;
    },
    model,
    params,
    parameterGradient(x, y) {
      count(x.shape[0]!);
      return valueAndGrad((p) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, nn.EVAL), y)), params).grads;
    },
    async gradientNorms(x, y) {
      count(y.length);
      const pacer = new Pacer(signal);
      const { engine, dtype } = classifier;
      if (dtype === 'f32') await addKernels(engine, 'privacy');
      const { names } = groupsOf(params);
      // the sums that the bounds are for are not looked at
      const clip = { kind: 'per-layer', norms: perLayerNorms(params, 1) } as const;
      const norms = new Float64Array(y.length * names.length);
      for (let at = 0; at < y.length; at += GRADIENT_ROWS) {
        const labels = y.slice(at, at + GRADIENT_ROWS);
        const rows = x.slice(at * width, (at + labels.length) * width);
        engine.run('gradient norms', () => {
          const samples = leaf(engine.tensor(rows, [labels.length, ...inputShape], { dtype }));
          const losses = (p: unknown) =>
            nn.losses.crossEntropy(model.apply(p, samples, nn.EVAL), engine.tensor(labels));
          for (const [layer, of] of clippedGrads(losses, params, { clip }).groupNorms().entries())
            for (const [i, norm] of of.entries()) norms[(at + i) * names.length + layer] = norm;
        });
        await pacer.breathe();
      }
      return { layers: names, norms };
    },
  };
}
