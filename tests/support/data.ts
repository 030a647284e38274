/** Small data for training and attacks, made or loaded once. */
import { type Dataset, examples, loadSet } from '../../data/index.ts';
import { type Examples, examplesOf, Rng, type Rows, type Shape } from '../../engine/index.ts';

let loaded: Promise<Dataset> | undefined;

/** The 8x8 digits that ship with the package: 1,797 rows, 10 classes. */
export function digits(): Promise<Dataset> {
  loaded ??= loadSet('digits');
  return loaded;
}

/** `count` rows of the digits, from row `first` on. */
export async function digitRows(first: number, count: number): Promise<Examples> {
  return examples(
    await digits(),
    Int32Array.from({ length: count }, (_, i) => first + i),
  );
}

/** Random inputs under random labels: nothing to learn, so whoever fits it has memorised it. */
export function noise(seed: number, n: number, inputShape: Shape, classes: number): Examples & Rows {
  const rng = Rng.from(seed).split('noise');
  const width = inputShape.reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length: n * width }, () => rng.normal());
  const y = Int32Array.from({ length: n }, () => rng.below(classes));
  return { ...examplesOf(x, y, inputShape, classes), x, y };
}

/** Gaussian clusters around -1 and 1 in every feature: learnt in a few steps. */
export function clusters(seed: number, n: number, features: number, classes = 2): Examples & Rows {
  const rng = Rng.from(seed).split('clusters');
  const y = Int32Array.from({ length: n }, (_, i) => i % classes);
  const x = Float32Array.from({ length: n * features }, (_, at) => {
    const label = y[Math.floor(at / features)]!;
    return ((at % features) % classes === label ? 1 : -1) + 0.5 * rng.normal();
  });
  return { ...examplesOf(x, y, [features], classes), x, y };
}
