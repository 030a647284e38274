import { defineDefense } from '../define-defense.ts';

/** Each number to the nearest multiple of 10^-decimals. */
export function rounded(numbers: Float64Array, decimals: number): Float64Array {
  let scale = 1;
  for (let i = 0; i < decimals; i++) scale *= 10;
  return numbers.map((p) => Math.round(p * scale) / scale);
}

export const rounding = defineDefense({
  name: 'rounding',
  title: 'Probabilities rounded to a few decimals',
  paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section VIII',
  stage: 'inference',
  options: { decimals: { about: 'that are answered; 16: all', kind: 'whole', default: 1, min: 0, max: 16 } },
  off: { decimals: 16 },
  needsReserve: false,
  canary: { lowers: 'entropy', options: { decimals: 0 } },
  outputs: ({ options }) => ({
    change: ({ probabilities }) => rounded(probabilities, options.decimals),
    keepsLabels: true,
    varies: false,
  }),
});
