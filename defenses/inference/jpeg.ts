/**
 * What JPEG loses, without the file: colours as luminance and two colour differences, cosine transforms of 8 x 8 blocks, rounded
 * to multiples that grow with frequency and fall with quality. Colour differences keep their resolution (4:4:4).
 *
 * Sources: ITU-T T.81 (1992), A.3 and tables K.1 and K.2; colours: ITU-T T.871 (2011), section 7; quality to table:
 * Independent JPEG Group, jcparam.c. As a defence: Dziugaite, Ghahramani & Roy 2016; Guo et al. 2018 (ICLR).
 */
import type { InputSpace } from '../../attacks/evasion/index.ts';
import { transformed } from '../../attacks/evasion/index.ts';
import { ConfigError, type Shape } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';
import { BLOCK, dct, inverseDct } from './dct.ts';
import type { Squeezer } from './squeezers.ts';

const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
];

/** A table at a quality from 1 to 100: the standard's own at 50. */
export function quantisationTable(kind: 'luminance' | 'chrominance', quality: number): number[] {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const table = kind === 'luminance' ? LUMINANCE : CHROMINANCE;
  return table.map((q) => Math.min(255, Math.max(1, Math.floor((q * scale + 50) / 100))));
}

const byte = (value: number) => Math.min(255, Math.max(0, Math.round(value)));

/** One plane of bytes [h, w], in place: transformed, rounded and transformed back. The last pixels are repeated to whole blocks. */
function throughBlocks(plane: Float64Array, h: number, w: number, table: readonly number[]): void {
  const block = new Float64Array(BLOCK * BLOCK);
  for (let top = 0; top < h; top += BLOCK) {
    for (let left = 0; left < w; left += BLOCK) {
      for (let k = 0; k < block.length; k++) {
        const i = Math.min(h - 1, top + Math.floor(k / BLOCK));
        block[k] = plane[i * w + Math.min(w - 1, left + (k % BLOCK))]! - 128;
      }
      const back = inverseDct(dct(block).map((f, k) => table[k]! * Math.round(f / table[k]!)));
      for (let k = 0; k < block.length; k++) {
        const [i, j] = [top + Math.floor(k / BLOCK), left + (k % BLOCK)];
        if (i < h && j < w) plane[i * w + j] = byte(back[k]! + 128);
      }
    }
  }
}

/** Three planes of red, green and blue as luminance and colour differences, in place. */
function toLuminance([red, green, blue]: readonly Float64Array[]): void {
  for (let i = 0; i < red!.length; i++) {
    const [r, g, b] = [red![i]!, green![i]!, blue![i]!];
    red![i] = byte(0.299 * r + 0.587 * g + 0.114 * b);
    green![i] = byte(-0.168736 * r - 0.331264 * g + 0.5 * b + 128);
    blue![i] = byte(0.5 * r - 0.418688 * g - 0.081312 * b + 128);
  }
}

function toColours([luminance, bluish, reddish]: readonly Float64Array[]): void {
  for (let i = 0; i < luminance!.length; i++) {
    const [y, cb, cr] = [luminance![i]!, bluish![i]! - 128, reddish![i]! - 128];
    luminance![i] = byte(y + 1.402 * cr);
    bluish![i] = byte(y - 0.344136 * cb - 0.714136 * cr);
    reddish![i] = byte(y + 1.772 * cb);
  }
}

/**
 * Images through JPEG's losses, between the bounds of the space. Images of three channels are colours, others are grey planes.
 * @param shape [h, w, channels]
 */
export function jpegLosses([h, w, channels]: Shape, { low, high }: InputSpace, quality: number): Squeezer {
  const [height, wide, planes] = [h!, w!, channels!];
  const [grey, colour] = [quantisationTable('luminance', quality), quantisationTable('chrominance', quality)];
  const size = height * wide;
  return (x) => {
    const out = new Float32Array(x.length);
    for (let from = 0; from < x.length; from += size * planes) {
      const bytes = Array.from({ length: planes }, (_, c) =>
        Float64Array.from({ length: size }, (_, i) => {
          const at = i * planes + c;
          return byte((255 * (x[from + at]! - low[at]!)) / (high[at]! - low[at]!));
        }),
      );
      if (planes === 3) toLuminance(bytes);
      for (const [c, plane] of bytes.entries())
        throughBlocks(plane, height, wide, planes === 3 && c > 0 ? colour : grey);
      if (planes === 3) toColours(bytes);
      for (const [c, plane] of bytes.entries())
        for (let i = 0; i < size; i++) {
          const at = i * planes + c;
          out[from + at] = low[at]! + ((high[at]! - low[at]!) * plane[i]!) / 255;
        }
    }
    return out;
  };
}

/** @throws ConfigError for rows that are no images */
export function checkImages(defence: string, inputShape: Shape): void {
  if (inputShape.length === 3) return;
  throw new ConfigError(
    `${defence}: expected images [h, w, channels], got rows of [${inputShape}]. Leave it out.`,
    'model',
  );
}

export const jpeg = defineDefense({
  name: 'jpeg',
  title: 'Inputs through the losses of JPEG',
  paper:
    'Guo, Rana, Cisse and van der Maaten 2018, Countering adversarial images using input transformations (ICLR), section 3; the transform: ITU-T T.81 (1992)',
  stage: 'inference',
  options: { quality: { about: 'of the quantisation, 1 to 100', kind: 'whole', default: 75, min: 1, max: 100 } },
  off: null,
  needsReserve: false,
  canary: null, // it changes questions: what members are answered is the same
  robust: { norm: 'linf', epsilon: 0.15, options: { quality: 25 }, claim: 'masks' },
  check: ({ model: { inputShape } }) => checkImages('jpeg', inputShape),
  wrap({ classifier: { model }, space, options }) {
    const forward = jpegLosses(model.inputShape, space, options.quality);
    return (target, { adaptive = false } = {}) =>
      transformed(target, { name: 'jpeg', forward, ...(adaptive && { backward: 'identity' }) });
  },
});
