import { transformed } from '../../attacks/evasion/index.ts';
import { defineDefense } from '../define-defense.ts';
import { checkImages } from './jpeg.ts';
import { medianOf, reducedDepth } from './squeezers.ts';

/** The model is asked about squeezed inputs. */
export const featureSqueezing = defineDefense({
  name: 'feature-squeezing',
  title: 'Inputs squeezed: fewer levels, medians of neighbours',
  paper: 'Xu, Evans and Qi 2018, Feature squeezing: Detecting adversarial examples in deep neural networks (NDSS)',
  stage: 'inference',
  options: {
    bits: { about: 'of each number between its bounds; 0: all', kind: 'whole', default: 1, min: 0, max: 16 },
    median: {
      about: 'width of the window whose median a pixel gets, 2 or 3; 0: none',
      kind: 'whole',
      default: 2,
      min: 0,
      max: 9,
    },
  },
  off: { bits: 0, median: 0 },
  needsReserve: false,
  canary: null, // it changes questions: what members are answered is the same
  robust: { norm: 'linf', epsilon: 0.15, options: { bits: 3, median: 0 }, claim: 'masks' },
  check: ({ model: { inputShape } }) => checkImages('feature-squeezing', inputShape),
  wrap({ classifier: { model }, space, options }) {
    const { bits, median: window } = options;
    const squeezers = [
      ...(bits > 0 ? [reducedDepth(space, bits)] : []),
      ...(window > 1 ? [medianOf(model.inputShape, window)] : []),
    ];
    const forward = (x: Float32Array | Float64Array) =>
      squeezers.reduce<Float32Array>((rows, squeeze) => squeeze(rows), Float32Array.from(x));
    return (target, { adaptive = false } = {}) =>
      transformed(target, { name: 'feature-squeezing', forward, ...(adaptive && { backward: 'identity' }) });
  },
});
