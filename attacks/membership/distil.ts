/**
 * A student of the target: a network trained to give the target's probabilities on rows of the attacker's, seen after each
 * epoch. Loss: cross-entropy against the target's probabilities, the Kullback-Leibler divergence but for a constant.
 */
import {
  Classifier,
  type Engine,
  type Model,
  nn,
  ops,
  optim,
  Pacer,
  type Rng,
  type Rows,
  sizeOf,
  valueAndGrad,
} from '../../engine/index.ts';

export interface DistilOptions {
  readonly engine: Engine;
  /** of the student */
  readonly model: Model;
  /** what the target is asked about, and its answers [n, classes] */
  readonly x: Rows['x'];
  readonly probabilities: Float64Array;
  readonly epochs: number;
  readonly batchSize?: number;
  /** names the initial parameters and the shuffles */
  readonly rng: Rng;
  /** called after each epoch, before the next */
  readonly onEpoch: (student: Classifier) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

export async function distil(o: DistilOptions): Promise<void> {
  const { engine, model, x, probabilities, batchSize = 32, rng } = o;
  const { classes, inputShape } = model;
  const n = probabilities.length / classes;
  const width = sizeOf(inputShape);
  const pacer = new Pacer(o.signal);
  const student = Classifier.create(engine, model, { seed: rng.split('initial').uint32() });
  const optimizer = optim.adam();
  let state = engine.keep(optimizer.init(student.params));
  try {
    for (let epoch = 0; epoch < o.epochs; epoch++) {
      const order = rng.split(`epoch ${epoch}`).permutation(n);
      for (let from = 0; from < n; from += batchSize) {
        const rows = order.subarray(from, from + batchSize);
        const inputs = new Float32Array(rows.length * width);
        const answers = new Float32Array(rows.length * classes);
        for (const [i, row] of rows.entries()) {
          inputs.set(x.subarray(row * width, (row + 1) * width), i * width);
          answers.set(probabilities.subarray(row * classes, (row + 1) * classes), i * classes);
        }
        engine.run('distil', () => {
          const [input, soft] = [
            engine.tensor(inputs, [rows.length, ...inputShape]),
            engine.tensor(answers, [rows.length, classes]),
          ];
          const context = { mode: 'train', rng: rng.split(`epoch ${epoch} batch ${from}`) } as const;
          const loss = (p: unknown) => ops.mean(nn.losses.crossEntropy(model.apply(p, input, context), soft));
          const { grads } = valueAndGrad(loss, student.params, { release: true });
          state = optimizer.step(student.params, grads, state);
        });
        await pacer.breathe();
      }
      await o.onEpoch(student);
    }
  } finally {
    engine.free(state);
    student.dispose();
  }
}
