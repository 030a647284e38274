/**
 * Certifies the first test rows of the model of the job that it needs, by randomised smoothing. File: certificates.csv, a row each.
 *
 * Source: Cohen, Rosenfeld & Kolter 2019 (ICML), sections 3.2.2 and 4: certified accuracy at a radius is the share of all rows
 * whose certificate is of their own class and reaches so far; abstentions count as wrong.
 */
import * as v from 'valibot';
import { clopperPearson, localTarget } from '../../attacks/index.ts';
import { take } from '../../data/index.ts';
import { type Certificate, certifiedAccuracy, certify } from '../../defenses/index.ts';
import { ConfigError, FormatError, Rng } from '../../engine/index.ts';
import { count, positive, seedField, whole } from '../fields.ts';
import { defineKind, shareSchema } from '../runner/index.ts';
import { trainedModel } from './evaluation.ts';
import { checkRows, rowsSchema } from './rows.ts';

export const CERTIFICATES_FILE = 'certificates.csv';

/** How a row is certified, and certified again. */
export const smoothingSchema = v.strictObject({
  /** standard deviation of the noise, in the units that the model sees */
  sigma: positive,
  /** draws that choose the class */
  n0: count,
  /** fresh draws that its probability is bounded by */
  n: count,
  /** probability with which a certificate may be wrong */
  alpha: v.pipe(positive, v.ltValue(0.5, 'expected a probability below 0.5')),
});
export type SmoothingSettings = v.InferOutput<typeof smoothingSchema>;

/** A noisy copy through a small network on one core, seconds. */
export const COPY = 5e-5;

export const certificates = defineKind({
  name: 'certificates',
  about: 'certifies the first test rows of a model by randomised smoothing: certified accuracy at each radius',
  version: 1,
  settings: v.strictObject({
    /** those of the model's job */
    rows: rowsSchema,
    /** how many of the test rows are certified, from the first */
    certified: count,
    smoothing: smoothingSchema,
    /** where the curve is asked */
    radii: v.pipe(v.array(v.pipe(v.number(), v.minValue(0))), v.minLength(1, 'expected at least one')),
    seed: seedField,
  }),
  result: v.strictObject({
    smoothing: smoothingSchema,
    rows: count,
    /** of the base model on the same rows, without noise */
    base: shareSchema,
    /** rows that the most votes get right, had it never abstained */
    voted: shareSchema,
    abstained: whole(0),
    curve: v.array(v.strictObject({ radius: v.number(), accuracy: shareSchema })),
    /** over all rows, 0 for those that are wrong or abstained on (Zhai et al. 2020, MACER, ICLR: average certified radius) */
    averageRadius: v.number(),
    /** of those that are certified right; null: none is */
    medianRadius: v.nullable(v.number()),
  }),
  cost: ({ certified, smoothing: { n0, n } }) => 0.5 + certified * (n0 + n) * COPY,
  check: ({ rows }, [data]) => checkRows(rows, data),
  async run({ settings, needs, engine, dataset, write, signal, progress }) {
    const { certified, smoothing, radii, seed } = settings;
    const { data, test, classifier } = await trainedModel(await dataset(), settings.rows, needs, engine);
    checkCount(certified, test.length, data.name);
    const { x, y } = take(data, test.subarray(0, certified));
    const target = localTarget(classifier, { signal });
    const base = await target.labels(x);
    const found = await certify(target, x, {
      ...smoothing,
      rng: Rng.from(seed).split('certificates'),
      engine: classifier.engine,
      signal,
      onProgress: progress,
    });
    await write(CERTIFICATES_FILE, csvOf(found, y));
    const right = found.filter(({ label }, i) => label === y[i]).map(({ radius }) => radius);
    const share = (labels: readonly number[]) =>
      clopperPearson({ hits: labels.filter((label, i) => label === y[i]).length, n: certified });
    return {
      smoothing,
      rows: certified,
      base: share([...base]),
      voted: share(found.map(({ vote }) => vote)),
      abstained: found.filter(({ label }) => label === null).length,
      curve: certifiedAccuracy(found, y, radii).map((accuracy, i) => ({ radius: radii[i]!, accuracy })),
      averageRadius: right.reduce((sum, radius) => sum + radius, 0) / certified,
      medianRadius: right.length > 0 ? right.sort((a, b) => a - b)[right.length >> 1]! : null,
    };
  },
});

/** @throws ConfigError when there are fewer test rows */
function checkCount(certified: number, rows: number, name: string): void {
  if (certified <= rows) return;
  throw new ConfigError(
    `certified: expected at most the ${rows} test rows of ${name}, got ${certified}. Ask for fewer.`,
    'certified',
  );
}

const HEADER = 'class,certified,radius,hits,n,vote';

/** A row for each certificate, in the order of the test rows; an empty cell: abstained. */
function csvOf(found: readonly Certificate[], y: Int32Array): string {
  const lines = found.map(({ label, radius, hits, n, vote }, i) =>
    [y[i], label ?? '', radius, hits, n, vote].join(','),
  );
  return `${[HEADER, ...lines].join('\n')}\n`;
}

/** @throws FormatError for a file that `certificates` did not write */
export function readCertificates(bytes: Uint8Array): Certificate[] {
  const [header, ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n');
  const found = lines.map((line) => line.split(','));
  if (header !== HEADER || found.some((cells) => cells.length !== 6))
    throw new FormatError(`${CERTIFICATES_FILE}: expected the columns ${HEADER}, got '${header}'.`, CERTIFICATES_FILE);
  return found.map(([, label, radius, hits, n, vote]) => ({
    label: label === '' ? null : Number(label),
    radius: Number(radius),
    hits: Number(hits),
    n: Number(n),
    vote: Number(vote),
  }));
}
