/**
 * Holds certificates against an attack that knows of them: PGD on the smoothed model's own gradients looks inside each certified
 * ball for a point of another class, and the point is certified anew, with noise of its own. A certificate is violated where that
 * certifies another class; where it abstains, nothing is shown. Beyond the ball, where nothing is promised, the same attack must
 * change classes: else the check could not have failed. File: check.csv.
 *
 * With right code a certificate is wrong, or a point certified wrongly, with a probability of at most alpha each: of n rows, 2 alpha n
 * are expected to look violated at most.
 */
import * as v from 'valibot';
import { distance as distanceOf } from '../../attacks/evasion/index.ts';
import { localTarget } from '../../attacks/index.ts';
import { take } from '../../data/index.ts';
import { type Certificate, certify, type SmoothedTarget } from '../../defenses/index.ts';
import { ConfigError, type Engine, Rng, sizeOf } from '../../engine/index.ts';
import { seedField, whole } from '../fields.ts';
import { defineKind } from '../runner/index.ts';
import {
  CERTIFICATES_FILE,
  COPY,
  certificates,
  readCertificates,
  type SmoothingSettings,
  smoothingSchema,
} from './certificates.ts';
import { trainedModel } from './evaluation.ts';
import { checkRows, rowsSchema } from './rows.ts';
import { climbWithin } from './within.ts';

export const searchSchema = v.strictObject({
  /** noisy copies that a gradient is the mean of */
  draws: v.pipe(whole(1), v.maxValue(256, 'expected at most 256, what one question takes')),
  steps: whole(1),
  restarts: whole(1),
});
export type SearchSettings = v.InferOutput<typeof searchSchema>;

const certifiedCount = whole(0);
const foundSchema = v.strictObject({
  /** of the certified radius */
  share: v.number(),
  /** certificates that were attacked */
  rows: certifiedCount,
  /** points that are certified as another class: inside the ball, violations */
  changed: certifiedCount,
  abstained: certifiedCount,
  /** points where most votes are for another class, whether or not that is certified */
  outvoted: certifiedCount,
  /** how far the points are from their rows, in certified radii: the mean */
  distance: v.nullable(v.number()),
});
export type Found = v.InferOutput<typeof foundSchema>;

/** Inside the ball also when radii were rounded. */
const INSIDE = 0.999;

/** A noisy copy forward and back, seconds. */
const CLIMB = 1.5e-4;

const attackCost = (rows: number, { draws, steps, restarts }: SearchSettings) =>
  rows * draws * (steps + 1) * restarts * CLIMB;

export const certificateCheck = defineKind({
  name: 'certificate-check',
  about: 'attacks certified rows inside their radius, certifies what it finds again, and does the same beyond it',
  version: 1,
  settings: v.strictObject({
    /** those of the model's job */
    rows: rowsSchema,
    /** rows of the certificates' job, of which those that it certified are attacked */
    certified: whole(1),
    /** that of the certificates' job */
    smoothing: smoothingSchema,
    search: searchSchema,
    /** how many certified radii the control looks within, and at how many of the rows; null: no control */
    control: v.nullable(
      v.strictObject({ share: v.pipe(v.number(), v.gtValue(1, 'expected more than 1')), rows: whole(1) }),
    ),
    seed: seedField,
  }),
  result: v.strictObject({ inside: foundSchema, beyond: v.nullable(foundSchema) }),
  cost: ({ certified, smoothing: { n0, n }, search, control }) =>
    0.5 +
    attackCost(certified, search) +
    attackCost(control?.rows ?? 0, search) +
    (certified + (control?.rows ?? 0)) * (n0 + n) * COPY,
  check: ({ rows }, [data]) => checkRows(rows, data),
  async run({ settings, needs, engine, dataset, write, signal, progress }) {
    const { data, test, classifier } = await trainedModel(await dataset(), settings.rows, needs, engine);
    const certified = needs[1]!;
    const { search, control, smoothing, seed } = settings;
    checkSmoothing(smoothing, certified.result(certificates).smoothing);
    const all = readCertificates(await certified.file(CERTIFICATES_FILE)).slice(0, settings.certified);
    const { x } = take(data, test.subarray(0, all.length));
    const rng = Rng.from(seed).split('certificate check');
    const target = localTarget(classifier, { signal });
    const shared = { target, x, smoothing, search, engine: classifier.engine, signal };
    const part = control ? 0.75 : 1;
    const inside = await attackCertificates(all, {
      ...shared,
      share: INSIDE,
      rng: rng.split('inside'),
      onProgress: (done) => progress(part * done),
    });
    const beyond =
      control &&
      (await attackCertificates(all, {
        ...shared,
        share: control.share,
        most: control.rows,
        rng: rng.split('beyond'),
        onProgress: (done) => progress(part + (1 - part) * done),
      }));
    await write('check.csv', csvOf([inside, ...(beyond ? [beyond] : [])]));
    return { inside: inside.found, beyond: beyond ? beyond.found : null };
  },
});

/** @throws ConfigError unless rows are certified again as they were certified */
function checkSmoothing(given: SmoothingSettings, own: SmoothingSettings): void {
  for (const key of ['sigma', 'n0', 'n', 'alpha'] as const) {
    if (given[key] === own[key]) continue;
    throw new ConfigError(
      `smoothing: expected ${key} to be ${own[key]}, that of the certificates' job, got ${given[key]}. Give both jobs the same.`,
      `smoothing.${key}`,
    );
  }
}

interface CheckOptions {
  readonly target: SmoothedTarget & Parameters<typeof certify>[0];
  /** the rows that the certificates are of [rows, width] */
  readonly x: Float32Array;
  readonly smoothing: SmoothingSettings;
  readonly search: SearchSettings;
  /** of each certified radius: how far the attack may go */
  readonly share: number;
  /** the first so many certified rows; default all */
  readonly most?: number;
  readonly rng: Rng;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number) => void;
}

export interface CheckedRow {
  readonly row: number;
  readonly share: number;
  readonly certified: number;
  readonly radius: number;
  readonly distance: number;
  /** of the point that was found */
  readonly again: Certificate;
}

/** Attacks each row that has a certificate, within a share of its radius, and certifies the points. */
export async function attackCertificates(
  all: readonly Certificate[],
  { target, x, smoothing, search, share, most = all.length, rng, engine, signal, onProgress }: CheckOptions,
): Promise<{ readonly found: Found; readonly rows: readonly CheckedRow[] }> {
  const width = sizeOf(target.inputShape);
  const rows = [...all.keys()].filter((i) => all[i]!.label !== null).slice(0, most);
  const own = new Float32Array(rows.length * width);
  for (const [k, i] of rows.entries()) own.set(x.subarray(i * width, (i + 1) * width), k * width);
  const { sigma } = smoothing;
  const points = await climbWithin({
    target,
    x: own,
    y: Int32Array.from(rows, (i) => all[i]!.label!),
    radii: Float64Array.from(rows, (i) => share * all[i]!.radius),
    sigma,
    ...search,
    rng: rng.split('attack'),
    engine,
    signal,
    onProgress: (done) => onProgress?.(0.6 * done),
  });
  const again = await certify(target, points, {
    ...smoothing,
    rng: rng.split('again'),
    engine,
    ...(signal && { signal }),
    onProgress: (done) => onProgress?.(0.6 + 0.4 * done),
  });
  const checked = rows.map((row, k): CheckedRow => {
    const { label, radius } = all[row]!;
    const at = k * width;
    const distance = distanceOf('l2', { values: points, at }, { values: own, at }, width);
    return { row, share, certified: label!, radius, distance, again: again[k]! };
  });
  const count = (is: (one: CheckedRow) => boolean) => checked.filter(is).length;
  return {
    rows: checked,
    found: {
      share,
      rows: checked.length,
      changed: count((one) => one.again.label !== null && one.again.label !== one.certified),
      abstained: count((one) => one.again.label === null),
      outvoted: count((one) => one.again.vote !== one.certified),
      distance:
        checked.length > 0
          ? checked.reduce((sum, { distance, radius }) => sum + distance / radius, 0) / checked.length
          : null,
    },
  };
}

function csvOf(parts: readonly { readonly rows: readonly CheckedRow[] }[]): string {
  const lines = parts.flatMap(({ rows }) =>
    rows.map(({ row, share, certified, radius, distance, again: { label, hits, n, vote } }) =>
      [row, share, certified, radius, distance, label ?? '', hits, n, vote].join(','),
    ),
  );
  return `${['row,share,certified,radius,distance,again,hits,n,vote', ...lines].join('\n')}\n`;
}
