import { featureSqueezing } from './feature-squeezing.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import { jpeg } from './jpeg.ts';
import { labelOnly } from './label-only.ts';
import { memguard } from './memguard.ts';
import { randomisedSmoothing } from './randomised-smoothing.ts';
import { rounding } from './rounding.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';

export { dct, inverseDct } from './dct.ts';
export { noised } from './gaussian-noise.ts';
export { jpegLosses, quantisationTable } from './jpeg.ts';
export { released } from './memguard.ts';
export { type Representative, representatives } from './memguard-noise.ts';
export { type SmoothedOptions, smoothed } from './randomised-smoothing.ts';
export { rounded } from './rounding.ts';
export { type SmoothedTarget, smoothedGradients } from './smoothed-gradients.ts';
export {
  type Certificate,
  type CertifyOptions,
  type CopyNoise,
  certifiedAccuracy,
  certifiedRadius,
  certify,
  type Prediction,
  predict,
} from './smoothing.ts';
export { medianOf, reducedDepth, type Squeezer } from './squeezers.ts';
export { type SqueezingDetector, squeezingDetector, squeezingDistance } from './squeezing-detector.ts';
export { fallingOrder, type Surrogate, trainSurrogate } from './surrogate.ts';
export { keepTop } from './top-k.ts';

/** What changes answers or questions and leaves the model alone. */
export const outputDefenses = {
  'top-k': topK,
  rounding,
  temperature,
  'label-only': labelOnly,
  memguard,
  'gaussian-noise': gaussianNoise,
  'feature-squeezing': featureSqueezing,
  jpeg,
  'randomised-smoothing': randomisedSmoothing,
} as const;
