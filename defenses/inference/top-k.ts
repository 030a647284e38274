import { defineDefense } from '../define-defense.ts';

/** The places of the k largest of a row, ties to the first. */
function largest(row: Float64Array, k: number): number[] {
  return [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, k);
}

/** The k largest probabilities of each row; the others are 0, or (spread) share what is left of 1. [n, classes] */
export function keepTop(probabilities: Float64Array, classes: number, k: number, spread: boolean): Float64Array {
  if (k >= classes) return probabilities;
  const out = new Float64Array(probabilities.length);
  for (let at = 0; at < out.length; at += classes) {
    const row = probabilities.subarray(at, at + classes);
    const kept = largest(row, k);
    if (spread) {
      const sum = kept.reduce((total, c) => total + row[c]!, 0);
      out.fill(Math.max(0, 1 - sum) / (classes - k), at, at + classes);
    }
    for (const c of kept) out[at + c] = row[c]!;
  }
  return out;
}

export const topK = defineDefense({
  name: 'top-k',
  title: 'Only the largest probabilities are answered',
  paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section VIII',
  stage: 'inference',
  options: {
    k: { about: 'probabilities that are answered', kind: 'whole', default: 3, min: 1, max: 1e6 },
    spread: {
      about: '0: the others are 0; 1: they share what is left of 1',
      kind: 'switch',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  off: { k: 1e6 },
  needsReserve: false,
  canary: null, // the largest probability alone tells as much (Shokri et al. 2017, table III)
  outputs: ({ options }) => ({
    change: ({ probabilities, classes }) => keepTop(probabilities, classes, options.k, options.spread === 1),
    keepsLabels: true,
    varies: false,
  }),
});
