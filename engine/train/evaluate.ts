/** Forward passes over rows of any number, in batches, without a tape. */
import type { Engine } from '../engine.ts';
import { EVAL, type Model } from '../nn/index.ts';
import { argmax, crossEntropy } from '../ops/index.ts';
import { type Shape, sizeOf, type Tensor, tensorsOf } from '../tensor/index.ts';
import { batches, batchOf, type Examples } from './examples.ts';
import { Pacer } from './pacer.ts';

export interface Evaluation {
  /** mean cross-entropy in nats */
  readonly loss: number;
  readonly accuracy: number;
  readonly n: number;
}

export interface EvaluateOptions {
  /** default 256 */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** rows done and to do, after each batch */
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void;
}

/** Mean loss and accuracy of a model on labelled rows. */
export async function evaluate(
  engine: Engine,
  model: Model,
  params: unknown,
  data: Examples,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const pacer = new Pacer(options.signal);
  const dtype = tensorsOf(params)[0]!.dtype;
  let loss = 0;
  let correct = 0;
  for (const rows of batches(data.size, options.batchSize ?? 256)) {
    engine.run('evaluate', () =>
      engine.noGrad(() => {
        const { x, y } = batchOf(engine, data, rows, model.inputShape, dtype);
        const logits = model.apply(params, x, EVAL);
        for (const l of crossEntropy(logits, y).view()) loss += l;
        const guesses = argmax(logits).view();
        for (const [i, label] of y.view().entries()) if (guesses[i] === label) correct++;
      }),
    );
    options.onProgress?.({ done: rows[0]! + rows.length, of: data.size });
    await pacer.breathe();
  }
  const n = data.size;
  return { loss: n ? loss / n : 0, accuracy: n ? correct / n : 0, n };
}

/**
 * Applies `finish` to the logits of each batch and joins the results.
 * @param x row-major [n, ...inputShape]
 */
export async function forward(
  engine: Engine,
  model: Model,
  params: unknown,
  x: Float32Array | Float64Array,
  finish: (logits: Tensor) => Tensor,
  options: EvaluateOptions = {},
): Promise<{ data: Float64Array<ArrayBuffer>; shape: Shape }> {
  const pacer = new Pacer(options.signal);
  const dtype = tensorsOf(params)[0]!.dtype;
  const width = sizeOf(model.inputShape);
  const n = x.length / width;
  const out = new Float64Array(n * model.classes);
  for (const rows of batches(n, options.batchSize ?? 256)) {
    engine.run('forward', () =>
      engine.noGrad(() => {
        const part = x.subarray(rows[0]! * width, (rows[0]! + rows.length) * width);
        const y = finish(model.apply(params, engine.tensor(part, [rows.length, ...model.inputShape], { dtype }), EVAL));
        out.set(y.view(), rows[0]! * model.classes);
      }),
    );
    options.onProgress?.({ done: rows[0]! + rows.length, of: n });
    await pacer.breathe();
  }
  return { data: out, shape: [n, model.classes] };
}
