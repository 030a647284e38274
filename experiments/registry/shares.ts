/** Shares and their intervals, as the tables of experiments write them. */
import type { Cell } from '../runner/index.ts';

export interface Share {
  readonly value: number | null;
  readonly low: number;
  readonly high: number;
}

export const percent = (share: number | null): string => (share === null ? 'none' : `${(100 * share).toFixed(1)} %`);
export const rangeOf = ({ low, high }: Pick<Share, 'low' | 'high'>): string => `[${percent(low)}, ${percent(high)}]`;
export const withInterval = (share: Share | null): Cell =>
  share === null || share.value === null ? 'not resolved' : { value: percent(share.value), interval: rangeOf(share) };
/** In a sentence. */
export const inWords = (share: Share | null): string =>
  share === null || share.value === null ? 'not resolved' : `${percent(share.value)} ${rangeOf(share)}`;

/** Of a perturbation: a number of steps of a stored pixel where it is no short decimal. */
export const sizeText = (epsilon: number): string => {
  const text = String(epsilon);
  return text.length > 6 ? `${+(255 * epsilon).toPrecision(4)}/255` : text;
};

/** @throws RangeError for none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: expected at least one value, got none.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** One seed: its interval; several: their median, and each of them. */
export function overSeeds(shares: readonly (Share | null)[]): Cell {
  if (shares.length === 1) return withInterval(shares[0]!);
  return numbersOverSeeds<number | null>(
    shares.map((share) => share?.value ?? null),
    percent,
  );
}

/** The same of numbers without intervals. */
export function numbersOverSeeds<Value extends number | null>(
  values: readonly Value[],
  text: (value: Value | number) => string,
): Cell {
  if (values.length === 0) return 'not yet';
  if (values.length === 1) return text(values[0]!);
  return { value: text(median(values.map((value) => value ?? 0))), interval: values.map(text).join(', ') };
}
