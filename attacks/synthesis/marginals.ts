/**
 * Rows of which each field is drawn on its own, from its marginal distribution: x_j ~ P(x_j), or P(x_j | y) where the attacker
 * knows the marginals of each class. A field drawn from the empirical marginal is the field of a random reference row.
 * Labels: what the target says of the row, or, with marginals by class, the class (drawn as often as it is in the reference).
 * Shokri et al. 2017, section V-C, "Statistics-based synthesis".
 */
import { Pacer, type Rng, type Rows } from '../../engine/index.ts';
import { askLabels } from '../boundary/index.ts';
import { defineSynthesis } from './define-synthesis.ts';
import { copyField, type Field, widthOf } from './fields.ts';

export const marginals = defineSynthesis({
  name: 'marginals',
  title: 'Marginal distributions',
  paper:
    'Shokri, Stronati, Song, Shmatikov 2017, Membership Inference Attacks Against Machine Learning Models, S&P, section V-C',
  knows: 'the marginal distribution of each feature',
  needs: ['reference', 'target'],
  options: {
    perClass: {
      about: '1: the marginals of each class, whose rows are labelled so; 0: of all rows, labelled by the target',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  async make({ reference, target, fields, rows, options: { perClass }, rng, signal }) {
    const byClass = perClass === 1;
    const { x, y } = await drawFromMarginals({ reference, fields, rows, byClass, rng, signal });
    if (byClass) return { x, y, queries: 0, failed: 0, stopped: null };
    const width = widthOf(fields);
    const labels = await askLabels({ labels: target.labels, width, signal }, rows, (i, into, at) =>
      into.set(x.subarray(i * width, (i + 1) * width), at),
    );
    return { x, y: Int32Array.from(labels), queries: rows, failed: 0, stopped: null };
  },
});

/** Rows [rows, numbers of a row], with the label of the reference row that chose the class. */
export async function drawFromMarginals(o: {
  readonly reference: Rows;
  readonly fields: readonly Field[];
  readonly rows: number;
  readonly byClass: boolean;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
}): Promise<{ readonly x: Float32Array<ArrayBuffer>; readonly y: Int32Array<ArrayBuffer> }> {
  const { reference, fields, rows, byClass, rng, signal } = o;
  const width = widthOf(fields);
  const all = Int32Array.from(reference.y.keys());
  const ofClass = new Map<number, number[]>();
  for (const [i, label] of reference.y.entries()) {
    if (!ofClass.has(label)) ofClass.set(label, []);
    ofClass.get(label)!.push(i);
  }
  const x = new Float32Array(rows * width);
  const y = new Int32Array(rows);
  const pacer = new Pacer(signal);
  for (let i = 0; i < rows; i++) {
    y[i] = reference.y[rng.below(all.length)]!;
    const donors = byClass ? ofClass.get(y[i]!)! : all;
    for (const field of fields) copyField(field, reference.x, donors[rng.below(donors.length)]! * width, x, i * width);
    await pacer.breathe();
  }
  return { x, y };
}
