/**
 * Randomised smoothing: g(x) = the class that f(x + N(0, sigma^2 I)) is most often. Where that class has a probability of at least
 * p > 1/2, g is constant in the L2 ball of radius
 *
 *   R = sigma Phi^-1(p)
 *
 * Certify: the class is chosen from n0 draws, p is the Clopper-Pearson lower bound of its count in n fresh ones, one-sided at
 * alpha; at p <= 1/2 it abstains. Source: Cohen, Rosenfeld & Kolter 2019 (ICML), theorem 1 and section 3.2.2.
 */
import { argmaxRows, clopperPearson, type Estimate, normalQuantile, type Samples } from '../../attacks/index.ts';
import { ConfigError, type Engine, type Rng, randomNormal, sizeOf } from '../../engine/index.ts';
import type { AnyTarget } from '../define-defense.ts';

/** Noisy copies that are asked about together. */
const COPIES = 512;

/** Normal noise for copies of rows. */
export interface CopyNoise {
  /** standard deviation, in the units that the model sees */
  readonly sigma: number;
  readonly rng: Rng;
  /** draws by its kernels, several times faster; other numbers than without */
  readonly engine?: Engine | undefined;
}

/** Copies of the rows, each with noise of its own [copies, rows, width]. */
export function noisyCopies(rows: Samples, copies: number, { sigma, rng, engine }: CopyNoise): Float32Array {
  const out = new Float32Array(copies * rows.length);
  if (!engine) {
    for (let at = 0; at < out.length; at++) out[at] = rows[at % rows.length]! + sigma * rng.normal();
    return out;
  }
  out.set(engine.run('normal noise', () => randomNormal(engine, rng, [out.length], { std: sigma }).toArray()));
  for (let at = 0; at < out.length; at += rows.length) for (let j = 0; j < rows.length; j++) out[at + j]! += rows[j]!;
  return out;
}

/** How often each class is answered for noisy copies of one row [classes]. */
export async function noisyVotes(
  target: Pick<AnyTarget, 'labels' | 'classes'>,
  row: Samples,
  { draws, signal, ...noise }: CopyNoise & { readonly draws: number; readonly signal?: AbortSignal | undefined },
): Promise<Int32Array> {
  const votes = new Int32Array(target.classes);
  for (let left = draws; left > 0; left -= COPIES) {
    signal?.throwIfAborted();
    for (const label of await target.labels(noisyCopies(row, Math.min(left, COPIES), noise))) votes[label]!++;
  }
  return votes;
}

/** Rounding of the two quantiles stays far below this share. */
const HAIR = 2 ** -44;

/** The radius that a count proves, never above the exact one; null: it proves none. */
export function certifiedRadius({
  hits,
  n,
  alpha,
  sigma,
}: {
  readonly hits: number;
  readonly n: number;
  readonly alpha: number;
  readonly sigma: number;
}): number | null {
  // one-sided at alpha is the lower end of two sides at 2 alpha; the last bit keeps rounding from a larger alpha
  const { low } = clopperPearson({ hits, n, confidence: 1 - 2 * alpha + Number.EPSILON });
  const sure = low * (1 - HAIR);
  return sure > 0.5 ? sigma * normalQuantile(sure) * (1 - HAIR) : null;
}

export interface CertifyOptions extends CopyNoise {
  /** draws that choose the class; default 100 */
  readonly n0?: number;
  /** draws that its probability is bounded by; default 10,000 */
  readonly n?: number;
  /** probability with which a certificate may be wrong; default 0.001 */
  readonly alpha?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

export interface Certificate {
  /** null: abstained */
  readonly label: number | null;
  /** L2; 0 where it abstained */
  readonly radius: number;
  /** of the n draws, those of the class that n0 draws chose */
  readonly hits: number;
  /** the class that most of the n draws got: what it would say if it never abstained */
  readonly vote: number;
  readonly n: number;
}

/** 1 - 2 alpha has to be told from 1 in f64 */
const LEAST_ALPHA = 1e-15;

/** @throws ConfigError */
function checked(o: CertifyOptions) {
  const { sigma, n0 = 100, n = 10_000, alpha = 1e-3 } = o;
  const refuse = (name: string, expected: string, got: number): never => {
    throw new ConfigError(`smoothing: expected ${name} to be ${expected}, got ${got}.`, name);
  };
  if (!(sigma > 0 && sigma < Infinity)) refuse('sigma', 'a number > 0, that of the training noise', sigma);
  for (const [name, draws] of Object.entries({ n0, n }))
    if (!(Number.isSafeInteger(draws) && draws >= 1)) refuse(name, 'a whole number >= 1', draws);
  if (!(alpha >= LEAST_ALPHA && alpha < 0.5)) refuse('alpha', `a probability from ${LEAST_ALPHA} to below 0.5`, alpha);
  return { sigma, n0, n, alpha };
}

/**
 * A certificate for each row. Rows have noise of their own, whatever other rows there are.
 * @param target the model itself, not its smoothed answers; train it with noise of the same sigma (gaussian-augmentation)
 * @throws ConfigError for settings out of range; the signal's reason
 */
export async function certify(
  target: Pick<AnyTarget, 'labels' | 'classes' | 'inputShape'>,
  x: Samples,
  options: CertifyOptions,
): Promise<Certificate[]> {
  const { sigma, n0, n, alpha } = checked(options);
  const { rng, signal, engine, onProgress } = options;
  const width = sizeOf(target.inputShape);
  const rows = x.length / width;
  const found: Certificate[] = [];
  for (let i = 0; i < rows; i++) {
    const row = x.subarray(i * width, (i + 1) * width);
    const own = rng.split(`row ${i}`);
    const draw = (draws: number, label: string) =>
      noisyVotes(target, row, { sigma, draws, rng: own.split(label), engine, signal });
    const label = mostVotes(await draw(n0, 'choose'));
    const votes = await draw(n, 'bound');
    const hits = votes[label]!;
    const radius = certifiedRadius({ hits, n, alpha, sigma });
    found.push({ label: radius === null ? null : label, radius: radius ?? 0, hits, vote: mostVotes(votes), n });
    onProgress?.((i + 1) / rows);
  }
  return found;
}

export interface Prediction {
  /** null: abstained, two classes are too near each other */
  readonly label: number | null;
  /** of the draws, those of the class that got most, and of the next */
  readonly hits: number;
  readonly next: number;
}

/**
 * What the smoothed model says to each row, where that can be told: but for a probability of alpha a label is the class that g
 * says. The counts of the two likeliest classes are tested against a fair coin, on two sides. It promises nothing about changed rows.
 *
 * Source: Cohen, Rosenfeld & Kolter 2019 (ICML), section 3.2.1, PREDICT; the test is Hung & Fithian's (2019).
 * @throws ConfigError for settings out of range; the signal's reason
 */
export async function predict(
  target: Pick<AnyTarget, 'labels' | 'classes' | 'inputShape'>,
  x: Samples,
  options: Omit<CertifyOptions, 'n0'>,
): Promise<Prediction[]> {
  const { sigma, n, alpha } = checked(options);
  const { rng, signal, engine, onProgress } = options;
  const width = sizeOf(target.inputShape);
  const rows = x.length / width;
  const found: Prediction[] = [];
  for (let i = 0; i < rows; i++) {
    const row = x.subarray(i * width, (i + 1) * width);
    const own = rng.split(`row ${i}`).split('predict');
    const votes = await noisyVotes(target, row, { sigma, draws: n, rng: own, engine, signal });
    const label = mostVotes(votes);
    const hits = votes[label]!;
    const next = votes.reduce((most, count, c) => (c === label ? most : Math.max(most, count)), 0);
    // a binomial test at alpha rejects 1/2 where the interval of coverage 1 - alpha lies above it
    const { low } = clopperPearson({ hits, n: hits + next, confidence: 1 - alpha });
    found.push({ label: low > 0.5 ? label : null, hits, next });
    onProgress?.((i + 1) / rows);
  }
  return found;
}

const mostVotes = (votes: Int32Array) => argmaxRows(Float64Array.from(votes), votes.length)[0]!;

/** The share of rows that are certified right at each radius: certificates of their own class that reach so far. */
export function certifiedAccuracy(
  certificates: readonly Certificate[],
  y: Int32Array,
  radii: readonly number[],
  confidence?: number,
): Estimate[] {
  return radii.map((radius) =>
    clopperPearson({
      hits: certificates.filter((one, i) => one.label === y[i] && one.radius >= radius).length,
      n: certificates.length,
      ...(confidence !== undefined && { confidence }),
    }),
  );
}
