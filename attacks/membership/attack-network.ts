/**
 * An attack model that is a network: features, one layer of relu units, two logits. As the 64-unit attack models of Shokri
 * et al. 2017 (section VI), on standardised features, with weight decay against learning the shadow models by heart.
 */
import { Classifier, type Engine, examplesOf, nn, optim, type Rng } from '../../engine/index.ts';

export interface AttackNetworkOptions {
  readonly hidden: number;
  readonly rng: Rng;
  readonly signal: AbortSignal | undefined;
}

export interface AttackNetwork {
  /** log-odds of class 1 for rows of features [n, d] -> [n] */
  decisions(x: Float64Array): Promise<Float64Array>;
  dispose(): void;
}

/** Steps are what the fit needs, however many records there are. */
const STEPS = 600;
const BATCH = 64;

/**
 * @param x row-major [n, features]
 * @param y 0 or 1 [n]
 */
export async function fitAttackNetwork(
  engine: Engine,
  x: Float64Array,
  y: ArrayLike<number>,
  { hidden, rng, signal }: AttackNetworkOptions,
): Promise<AttackNetwork> {
  const features = x.length / y.length;
  const standardise = standardiser(x, features);
  const classifier = await trainedUnits(engine, standardise(x), y, {
    units: hidden,
    epochs: Math.max(1, Math.min(60, Math.round((STEPS * BATCH) / y.length))),
    batchSize: BATCH,
    optimizer: optim.adam({ learningRate: 3e-3, weightDecay: 1e-2 }),
    rng,
    signal,
  });
  return {
    async decisions(rows) {
      const z = await classifier.logits(standardise(rows), signal ? { signal } : {});
      return Float64Array.from({ length: z.length / 2 }, (_, i) => z[2 * i + 1]! - z[2 * i]!);
    },
    dispose: () => classifier.dispose(),
  };
}

export interface UnitsOptions {
  readonly units: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: optim.Optimizer;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
}

/** A network of one layer of relu units and two logits, trained on rows as they are: features [n, d], y 0 or 1 [n]. */
export async function trainedUnits(
  engine: Engine,
  x: Float32Array,
  y: ArrayLike<number>,
  { units, epochs, batchSize, optimizer, rng, signal }: UnitsOptions,
): Promise<Classifier> {
  const features = x.length / y.length;
  const layers = [nn.linear({ inputs: features, outputs: units }), nn.relu(), nn.linear({ inputs: units, outputs: 2 })];
  const model = { ...nn.sequential(layers), name: 'attack', inputShape: [features], classes: 2 };
  const classifier = Classifier.create(engine, model, { seed: rng.split('initial').uint32() });
  try {
    const seed = rng.split('training').uint32();
    const data = examplesOf(x, Int32Array.from(y), [features], 2);
    await classifier.fit(data, { epochs, batchSize, optimizer, seed, ...(signal && { signal }) });
    return classifier;
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

/** Each feature less its mean, by its standard deviation, in f32. */
function standardiser(x: Float64Array, d: number): (rows: Float64Array) => Float32Array {
  const n = x.length / d;
  const mean = new Float64Array(d);
  const variance = new Float64Array(d);
  for (const [at, v] of x.entries()) mean[at % d]! += v / n;
  for (const [at, v] of x.entries()) variance[at % d]! += (v - mean[at % d]!) ** 2 / n;
  const scale = variance.map((v, j) => (v > (1e-9 * mean[j]!) ** 2 ? 1 / Math.sqrt(v) : 0));
  // what lies far outside of the shadow models' records says no more than that it does
  return (rows) =>
    Float32Array.from(rows, (v, at) => Math.max(-10, Math.min(10, (v - mean[at % d]!) * scale[at % d]!)));
}
