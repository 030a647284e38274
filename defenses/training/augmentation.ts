import { augment, type ImageShape } from '../../data/index.ts';
import { ConfigError } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** Every image is mirrored and moved at random each time it is shown. */
export const augmentation = defineDefense({
  name: 'augmentation',
  title: 'Augmentation: random flips and shifts',
  paper:
    'Shorten and Khoshgoftaar 2019, A survey on image data augmentation; as a defence Kaya and Dumitras 2021, When does data augmentation help with membership inference attacks? (ICML)',
  stage: 'data',
  options: {
    flip: { about: 'probability with which an image is mirrored', default: 0.5, min: 0, max: 1 },
    shift: {
      about: 'pixels by which it is moved at most, in each direction',
      kind: 'whole',
      default: 2,
      min: 0,
      max: 64,
    },
  },
  off: { flip: 0, shift: 0 },
  needsReserve: false,
  canary: { lowers: 'loss', options: {} },
  check({ model: { inputShape }, augmented }) {
    if (inputShape.length !== 3) {
      throw new ConfigError(
        `augmentation: expected images [h, w, channels], got rows of [${inputShape}]. Leave it out.`,
        'model',
      );
    }
    if (augmented)
      throw new ConfigError(
        'augmentation: expected a recipe without augmentation, got one that has its own. Leave out either.',
        'augment',
      );
  },
  fit({ options }) {
    return {
      augment(x, [height, width, channels], rng) {
        const shape: ImageShape = [x.length / (height! * width! * channels!), height!, width!, channels!];
        const pixels = x instanceof Float32Array ? x : Float32Array.from(x);
        const most = options.shift;
        x.set(
          augment(
            pixels,
            shape,
            [
              { kind: 'flip', probability: options.flip },
              { kind: 'shift', most },
            ],
            rng,
          ),
        );
      },
    };
  },
});
