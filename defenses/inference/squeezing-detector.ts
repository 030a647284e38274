/**
 * Detection of adversarial examples by how far answers move when inputs are squeezed:
 *
 *   d(x) = max over squeezers s of |p(x) - p(s(x))|_1,   suspicious where d(x) > threshold
 *
 * The threshold is the smallest for which at most a share of clean rows is suspicious. Source: Xu, Evans & Qi 2018 (NDSS),
 * sections IV-A and V.
 */
import { clopperPearson, type Estimate, type ProbabilityTarget, type Samples } from '../../attacks/index.ts';
import { ConfigError } from '../../engine/index.ts';
import type { Squeezer } from './squeezers.ts';

/** d of each row [n], from 0 to 2. */
export async function squeezingDistance(
  target: ProbabilityTarget,
  squeezers: readonly Squeezer[],
  x: Samples,
): Promise<Float64Array> {
  const { classes } = target;
  const plain = await target.probabilities(x);
  const most = new Float64Array(plain.length / classes);
  for (const squeeze of squeezers) {
    const other = await target.probabilities(squeeze(x));
    for (let i = 0; i < most.length; i++) {
      let moved = 0;
      for (let c = 0; c < classes; c++) moved += Math.abs(plain[i * classes + c]! - other[i * classes + c]!);
      most[i] = Math.max(most[i]!, moved);
    }
  }
  return most;
}

export interface SqueezingDetector {
  readonly threshold: number;
  /** of clean rows, those that were suspicious: on the rows that chose the threshold */
  readonly falsePositives: Estimate;
  distances(x: Samples): Promise<Float64Array>;
  /** 1: suspicious [n] */
  flags(x: Samples): Promise<Uint8Array>;
}

/**
 * A detector with a threshold chosen on clean rows.
 * @param o.clean rows that nobody has changed, of the distribution that the model will meet
 * @param o.falsePositiveRate share of clean rows that may be suspicious; default 0.05
 * @throws ConfigError for a rate out of range, or so few clean rows that none may be suspicious
 */
export async function squeezingDetector(
  target: ProbabilityTarget,
  o: {
    readonly squeezers: readonly Squeezer[];
    readonly clean: Samples;
    readonly falsePositiveRate?: number;
  },
): Promise<SqueezingDetector> {
  const { squeezers, clean, falsePositiveRate: rate = 0.05 } = o;
  if (squeezers.length === 0)
    throw new ConfigError(
      'detector: expected at least one squeezer, got none. Give a bit depth or a median.',
      'squeezers',
    );
  if (!(rate > 0 && rate < 1))
    throw new ConfigError(
      `detector: expected a false-positive rate between 0 and 1, got ${rate}. 0.05 is usual.`,
      'falsePositiveRate',
    );
  const distances = (x: Samples) => squeezingDistance(target, squeezers, x);
  const falling = (await distances(clean)).sort().reverse();
  const allowed = Math.floor(rate * falling.length);
  if (allowed === 0)
    throw new ConfigError(
      `detector: expected at least ${Math.ceil(1 / rate)} clean rows for a false-positive rate of ${rate}, got ${falling.length}. Give more.`,
      'clean',
    );
  const threshold = falling[allowed]!;
  const suspicious = (values: Float64Array) => Uint8Array.from(values, (d) => (d > threshold ? 1 : 0));
  const hits = suspicious(falling).reduce((sum, one) => sum + one, 0);
  return {
    threshold,
    falsePositives: clopperPearson({ hits, n: falling.length }),
    distances,
    flags: async (x) => suspicious(await distances(x)),
  };
}
