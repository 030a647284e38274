/** Nets to fool: one that tells digits apart, and linear ones whose boundaries are known. */
import { type EvasionAttack, type EvasionRun, runEvasionAttack, spaceOf } from '../../attacks/evasion/index.ts';
import { localTarget, type Target } from '../../attacks/index.ts';
import { examples, loadSet, take } from '../../data/index.ts';
import { Classifier, type Engine, namedModel, Rng } from '../../engine/index.ts';
import { atEnd } from '../harness.ts';

const digits = await loadSet('digits');
const TRAIN = 1200;
/** Rows that the net was not trained on. */
const ROWS = 60;

export const digitsSpace = spaceOf(digits);

export interface FooledNet {
  readonly classifier: Classifier;
  readonly target: Target<'white-box'>;
  /** rows to attack, and others of the attacker's */
  readonly rows: { readonly x: Float32Array; readonly y: Int32Array };
  readonly others: { readonly x: Float32Array; readonly y: Int32Array };
}

/** Rows to train a net on, and `count` others to attack it with. */
export async function digitsRows(count: number) {
  const order = Rng.from(5).permutation(digits.size);
  return {
    train: examples(digits, order.slice(0, TRAIN)),
    test: take(digits, order.slice(TRAIN, TRAIN + count)),
    model: namedModel('mlp', digits.inputShape, digits.classes),
  };
}

/** @param which names the initial weights: another net for transfer */
export async function digitsNet(engine: Engine, which = 1): Promise<FooledNet> {
  const order = Rng.from(5).permutation(digits.size);
  const classifier = Classifier.create(engine, namedModel('mlp', digits.inputShape, digits.classes), { seed: which });
  // held until then: parameters that are collected during another test would count there
  atEnd(() => classifier.dispose());
  await classifier.fit(examples(digits, order.slice(0, TRAIN)), { epochs: 10, batchSize: 32, seed: which });
  return {
    classifier,
    target: localTarget(classifier),
    rows: take(digits, order.slice(TRAIN, TRAIN + ROWS)),
    others: take(digits, order.slice(TRAIN + ROWS, TRAIN + 4 * ROWS)),
  };
}

/** An attack on the digits net, by default with its canary's norm, epsilon and options. */
export const attackDigits = (attack: EvasionAttack, net: FooledNet, more: Partial<EvasionRun> = {}) =>
  runEvasionAttack(attack, {
    target: net.target,
    ...net.rows,
    space: digitsSpace,
    norm: attack.canary.norm,
    epsilon: attack.canary.epsilon,
    options: attack.canary.options ?? {},
    known: { rows: net.others },
    rng: Rng.from(7),
    ...more,
  });

/** Logits W x + b, with gradients in closed form; counts the rows that it is asked about. @param w [classes, width] */
export function linearTarget(
  w: readonly (readonly number[])[],
  b: readonly number[] = w.map(() => 0),
): Target<'gradients'> {
  const [classes, width] = [w.length, w[0]!.length];
  let asked = 0;
  const logitsOf = (x: Float32Array | Float64Array) => {
    const n = x.length / width;
    asked += n;
    const z = new Float64Array(n * classes);
    for (let i = 0; i < n; i++)
      for (let c = 0; c < classes; c++) {
        let sum = b[c]!;
        for (let j = 0; j < width; j++) sum += w[c]![j]! * x[i * width + j]!;
        z[i * classes + c] = sum;
      }
    return z;
  };
  const softmax = (z: Float64Array) => {
    const p = z.slice();
    for (let at = 0; at < p.length; at += classes) {
      const row = p.subarray(at, at + classes);
      const most = Math.max(...row);
      let sum = 0;
      for (const [c, value] of row.entries()) sum += row[c] = Math.exp(value - most);
      for (let c = 0; c < classes; c++) row[c]! /= sum;
    }
    return p;
  };
  const labelsOf = (z: Float64Array) =>
    Int32Array.from({ length: z.length / classes }, (_, i) => {
      const row = z.subarray(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row));
    });
  return {
    inputShape: [width],
    classes,
    queries: () => asked,
    labels: async (x) => labelsOf(logitsOf(x)),
    probabilities: async (x) => softmax(logitsOf(x)),
    logits: async (x) => logitsOf(x),
    logitsAndVjp() {
      throw new Error('a linear target in plain numbers has no tensors');
    },
    async inputGradients(x, use) {
      const z = logitsOf(x);
      const n = x.length / width;
      use(
        z,
        (cotangent) => {
          const g = new Float32Array(n * width);
          for (let i = 0; i < n; i++)
            for (let j = 0; j < width; j++) {
              let sum = 0;
              for (let c = 0; c < classes; c++) sum += cotangent[i * classes + c]! * w[c]![j]!;
              g[i * width + j] = sum;
            }
          return g;
        },
        0,
      );
      return z;
    },
  };
}

/** The same decisions with logits `by` times as large, as defensive distillation leaves them. */
export const sharpened = (target: Target<'gradients'>, by: number): Target<'gradients'> => ({
  ...target,
  logits: async (x) => (await target.logits(x)).map((z) => by * z),
  inputGradients: async (x, use) => {
    const times = (values: Float64Array) => values.map((value) => by * value);
    const logits = await target.inputGradients(x, (z, back, from) => use(times(z), (c) => back(times(c)), from));
    return times(logits);
  },
});
