/**
 * Min-max game with an inference network h: min_f L(f) + lambda max_h G(f, h), where
 * G = (mean over members of log h(f(x), y) + mean over others of log(1 - h(f(x), y))) / 2.
 */
import { type Engine, nn, ops, optim, Rng, type Tensor, valueAndGrad } from '../../engine/index.ts';

import { defineDefense, held } from '../define-defense.ts';
import { drawn } from '../reserve.ts';

interface InferenceParams {
  readonly prediction: unknown;
  readonly label: unknown;
  readonly both: unknown;
}

export interface InferenceNetwork {
  init(engine: Engine, rng: Rng, dtype: 'f32' | 'f64'): InferenceParams;
  /** log-odds of membership [n], from probabilities [n, classes] and labels [n] */
  apply(params: InferenceParams, probabilities: Tensor, labels: Tensor): Tensor;
}

/** Figure 3 of the paper at a quarter of its widths: one branch reads the prediction, one the label, a third both. */
export function inferenceNetwork(classes: number): InferenceNetwork {
  const dense = (...widths: readonly number[]) =>
    nn.sequential(widths.slice(1).flatMap((outputs, i) => [nn.linear({ inputs: widths[i]!, outputs }), nn.relu()]));
  const prediction = dense(classes, 256, 128, 64);
  const label = dense(classes, 128, 64);
  const both = nn.sequential([dense(128, 64), nn.linear({ inputs: 64, outputs: 1 })]);
  const named = { prediction, label, both };
  return {
    init(engine, rng, dtype) {
      const make = (name: keyof typeof named) => named[name].init({ engine, rng: rng.split(name), dtype });
      return { prediction: make('prediction'), label: make('label'), both: make('both') };
    },
    apply(params, probabilities, labels) {
      const at = nn.EVAL;
      const given = ops.oneHot(labels, classes, probabilities.dtype);
      const one = prediction.apply(params.prediction as never, probabilities, at);
      const other = label.apply(params.label as never, given, at);
      const odds = both.apply(params.both as never, ops.concat([one, other], 1), at);
      return ops.reshape(odds, [odds.size]);
    },
  };
}

/** -log h [n] of rows that h should take for members (1) or others (0), from log-odds [n]. */
const misjudged = (odds: Tensor, member: 0 | 1) =>
  nn.losses.binaryCrossEntropy(odds, odds.engine.full(odds.shape, member, odds.dtype));

/** l(f(x), y) + lambda log h(f(x), y) of each row: what the classifier descends on. */
export function regularisedLoss(
  h: InferenceNetwork,
  params: InferenceParams,
  logits: Tensor,
  labels: Tensor,
  lambda: number,
): Tensor {
  const odds = h.apply(params, ops.softmax(logits), labels);
  return ops.sub(ops.crossEntropy(logits, labels), ops.scale(misjudged(odds, 1), lambda));
}

export const adversarialRegularisation = defineDefense({
  name: 'adversarial-regularisation',
  title: 'Adversarial regularisation: a min-max game with an inference network',
  paper:
    'Nasr, Shokri and Houmansadr 2018, Machine learning with membership privacy using adversarial regularization (CCS), algorithm 1',
  stage: 'training',
  options: {
    lambda: { about: "weight of the inference network's gain", default: 3, min: 0, max: 100 },
    steps: {
      about: 'of the inference network for each of the classifier',
      kind: 'whole',
      default: 2,
      min: 1,
      max: 100,
    },
    held,
  },
  off: { lambda: 0 },
  needsReserve: true,
  canary: { lowers: 'loss', options: {} },
  fit({ engine, classifier, data, reserve, options, seed }) {
    const { model, params, dtype } = classifier;
    const h = inferenceNetwork(model.classes);
    const optimizer = optim.adam();
    const companions = engine.keep(
      engine.run('inference network', () => {
        const made = h.init(engine, Rng.from(seed).split('inference network'), dtype);
        return { params: made, slots: optimizer.init(made).slots } as never;
      }),
    ) as { params: InferenceParams; slots: optim.OptimizerState['slots'] };
    const { steps } = options;
    return {
      companions,
      free: companions,
      batch(batch, { step, rng }) {
        const n = batch.x.shape[0]!;
        for (let k = 0; k < steps; k++) {
          engine.run('inference step', () => {
            const draw = rng.split(`inference ${k}`);
            const [inside, outside] = [data, reserve].map((rows, of) => {
              const { x, y } = drawn(engine, rows, n, draw.split(of === 0 ? 'members' : 'others'), model, dtype);
              return { p: engine.noGrad(() => ops.softmax(model.apply(params, x, nn.EVAL))), y };
            });
            const { grads } = valueAndGrad((q) => {
              const member = ops.mean(misjudged(h.apply(q, inside!.p, inside!.y), 1));
              const other = ops.mean(misjudged(h.apply(q, outside!.p, outside!.y), 0));
              return ops.scale(ops.add(member, other), 0.5);
            }, companions.params);
            optimizer.step(companions.params, grads as never, { step: step * steps + k, slots: companions.slots });
          });
        }
        return batch;
      },
      loss: (z, y) => regularisedLoss(h, companions.params, z, y, options.lambda),
    };
  },
});
