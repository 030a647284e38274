/** What a model computes on the way to its logits, summarised: mean, root mean square and maximum of each hidden layer. */
import { type Layer, nn, Pacer, type Rows, sizeOf, tensorsOf } from '../../engine/index.ts';
import type { WhiteBoxTarget } from '../target/index.ts';

const ROWS_AT_ONCE = 256;
export const SUMMARIES = 3;

/** The last layer before each next one that has parameters: where its input is complete. */
function hiddenLayers(layers: readonly Layer[], params: readonly unknown[]): number[] {
  const weighted = layers.flatMap((_, i) => (tensorsOf(params[i]).length > 0 ? [i] : []));
  return weighted.slice(1).map((next) => next - 1);
}

/** [n, SUMMARIES x hidden layers]; no columns for a model that is no sequence of layers */
export async function hiddenSummaries(
  { model, params }: Pick<WhiteBoxTarget, 'model' | 'params'>,
  { x, y }: Rows,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const layers = model.layers;
  if (!layers) return new Float64Array(0);
  const own = params as readonly unknown[];
  const hidden = hiddenLayers(layers, own);
  const { engine, dtype } = tensorsOf(params)[0]!;
  const width = sizeOf(model.inputShape);
  const out = new Float64Array(y.length * hidden.length * SUMMARIES);
  const pacer = new Pacer(signal);
  for (let from = 0; from < y.length; from += ROWS_AT_ONCE) {
    const n = Math.min(ROWS_AT_ONCE, y.length - from);
    engine.run('hidden outputs', () =>
      engine.noGrad(() => {
        const rows = x.subarray(from * width, (from + n) * width);
        let h = engine.tensor(rows, [n, ...model.inputShape], { dtype });
        for (let i = 0; i <= (hidden.at(-1) ?? -1); i++) {
          h = layers[i]!.apply(own[i], h, nn.EVAL);
          const place = hidden.indexOf(i);
          if (place < 0) continue;
          const values = h.view();
          for (let row = 0; row < n; row++) {
            const at = ((from + row) * hidden.length + place) * SUMMARIES;
            out.set(summary(values.subarray((row * h.size) / n, ((row + 1) * h.size) / n)), at);
          }
        }
      }),
    );
    await pacer.breathe();
  }
  return out;
}

function summary(values: ArrayLike<number>): [mean: number, rootMeanSquare: number, max: number] {
  let [sum, squares, max] = [0, 0, -Infinity];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! * values[i]!;
    max = Math.max(max, values[i]!);
  }
  return [sum / values.length, Math.sqrt(squares / values.length), max];
}
