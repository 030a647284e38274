/**
 * Real rows with noise: of each row each field is changed with probability p, and the labels stay.
 *
 *   binary: the other value; categorical: another category, each as likely; numeric: the value of a random row
 *
 * The paper flips 10 % or 20 % of the binary features of Location-30 and has no rule for others. A number takes a value of its own
 * marginal, so that it stays one that the feature can have and nobody must choose a scale.
 * Shokri et al. 2017, section V-C, "Noisy real data".
 */
import { ConfigError, Pacer, type Rng, type Rows } from '../../engine/index.ts';
import { defineSynthesis } from './define-synthesis.ts';
import { copyField, type Field, flipField, widthOf } from './fields.ts';

export const noisy = defineSynthesis({
  name: 'noisy',
  title: 'Noisy real data',
  paper:
    'Shokri, Stronati, Song, Shmatikov 2017, Membership Inference Attacks Against Machine Learning Models, S&P, section V-C',
  knows: 'a noisy version of real rows, with their labels',
  needs: ['reference'],
  options: {
    p: { about: 'probability with which a feature of a row is changed', default: 0.1, min: 0, max: 1 },
  },
  async make({ reference, fields, rows, options: { p }, rng, signal }) {
    const { length } = reference.y;
    if (rows > length)
      throw new ConfigError(
        `noisy: expected at most the ${length} rows that get noise, got ${rows}. Ask for fewer.`,
        'rows',
      );
    const x = await noisyRows({ x: reference.x, rows, fields, p, rng, signal });
    return { x, y: Int32Array.from(reference.y.subarray(0, rows)), queries: 0, failed: 0, stopped: null };
  },
});

/** The first `rows` rows with noise [rows, numbers of a row]. */
export async function noisyRows(o: {
  readonly x: Rows['x'];
  readonly rows: number;
  readonly fields: readonly Field[];
  readonly p: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
}): Promise<Float32Array<ArrayBuffer>> {
  const { x, rows, fields, p, rng, signal } = o;
  const width = widthOf(fields);
  const all = x.length / width;
  const out = Float32Array.from(x.subarray(0, rows * width));
  const pacer = new Pacer(signal);
  for (let i = 0; i < rows; i++) {
    for (const field of fields) {
      if (rng.uniform() >= p) continue;
      if (field.kind === 'numeric') copyField(field, x, rng.below(all) * width, out, i * width);
      else flipField(field, out, i * width, rng);
    }
    await pacer.breathe();
  }
  return out;
}
