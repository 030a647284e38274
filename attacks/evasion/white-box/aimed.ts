/** The option of attacks that aim at one other class after another. */
export const AIMED = {
  about: 'other classes to aim at, the likeliest first',
  kind: 'whole',
  default: 9,
  min: 1,
  max: 1_000_000,
} as const;
