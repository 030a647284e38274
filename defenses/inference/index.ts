import { gaussianNoise } from './gaussian-noise.ts';
import { labelOnly } from './label-only.ts';
import { memguard } from './memguard.ts';
import { rounding } from './rounding.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';

export { noised } from './gaussian-noise.ts';
export { released } from './memguard.ts';
export { type Representative, representatives } from './memguard-noise.ts';
export { rounded } from './rounding.ts';
export { fallingOrder, type Surrogate, trainSurrogate } from './surrogate.ts';
export { keepTop } from './top-k.ts';

/** What changes the answers and leaves the model alone. */
export const outputDefenses = {
  'top-k': topK,
  rounding,
  temperature,
  'label-only': labelOnly,
  memguard,
  'gaussian-noise': gaussianNoise,
} as const;
