/** Random numbers from Philox4x32-10: element i comes from word i % 4 of block counter + floor(i / 4). */
import { philox4x32 } from '../../random/philox.ts';
import { type Cut, defineKernel, elements, FUNCTION } from '../family.ts';

type Stream = [key0: number, key1: number, counter0: number, counter1: number];

/** The first n words (and the rest of the last block) of a stream from block (counter0, counter1) on. */
function words(n: number, ...[key0, key1, counter0, counter1]: Stream): Uint32Array {
  const out = new Uint32Array(Math.ceil(n / 4) * 4);
  for (let i = 0; i < n; i += 4) {
    const low = (counter0 >>> 0) + i / 4;
    const carry = Math.floor(low / 2 ** 32);
    philox4x32(key0, key1, low | 0, (counter1 + carry) | 0, 0, 0, out.subarray(i, i + 4));
  }
  return out;
}

/** A stream can be entered at any block: n elements at y, the first two arguments, and the counter at its place. */
const byBlocks = (n: number, counter: number): Cut => ({ ...elements(1, n, [0], FUNCTION), counter });

const unit = (word: number) => (word >>> 8) * 2 ** -24;

export const philoxBits = defineKernel({
  name: 'philox_bits',
  about: 'the words of the stream',
  reference(y: Int32Array, n: number, ...stream: Stream) {
    y.set(words(n, ...stream).subarray(0, n));
  },
  split: (_y, n) => byBlocks(n, 4),
});

export const uniform = defineKernel({
  name: 'uniform',
  about: 'y = low + (high - low) u, u = (word >>> 8) 2^-24; the same bits in every build',
  reference(y: Float64Array, n: number, low: number, high: number, ...stream: Stream) {
    const f = Math.fround;
    const width = f(f(high) - f(low));
    const w = words(n, ...stream);
    for (let i = 0; i < n; i++) y[i] = f(f(low) + f(width * unit(w[i]!)));
  },
  split: (_y, n) => byBlocks(n, 6),
});

export const normal = defineKernel({
  name: 'normal',
  about: 'y = mean + std z; Box-Muller on word pairs, radius from all 32 bits, so |z| <= 6.67',
  reference(y: Float64Array, n: number, mean: number, std: number, ...stream: Stream) {
    const w = words(n, ...stream);
    for (let i = 0; i < n; i += 2) {
      const u = Math.fround(Math.fround(w[i]!) + 1) * 2 ** -32; // in (0, 1], as f32 holds it
      const radius = std * Math.sqrt(-2 * Math.log(u));
      const angle = 2 * Math.PI * w[i + 1]! * 2 ** -32;
      y[i] = mean + radius * Math.cos(angle);
      if (i + 1 < n) y[i + 1] = mean + radius * Math.sin(angle);
    }
  },
  split: (_y, n) => byBlocks(n, 6),
});

export const dropoutMask = defineKernel({
  name: 'dropout_mask',
  about: 'y = u < keep ? 1 / keep : 0',
  reference(y: Float64Array, n: number, keep: number, ...stream: Stream) {
    const w = words(n, ...stream);
    for (let i = 0; i < n; i++) y[i] = unit(w[i]!) < Math.fround(keep) ? Math.fround(1 / Math.fround(keep)) : 0;
  },
  split: (_y, n) => byBlocks(n, 5),
});

export const permutation = defineKernel({
  name: 'permutation',
  about: 'a uniform permutation of 0 .. n - 1: Fisher-Yates from the end, bounded integers by Lemire (2019)',
  reference(y: Int32Array, n: number, ...stream: Stream) {
    const supply = words(2 * n + 64, ...stream);
    let used = 0;
    for (let i = 0; i < n; i++) y[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const s = BigInt(i + 1);
      const rejected = 2n ** 32n % s; // low words below this would make some results more likely
      let product: bigint;
      do product = BigInt(supply[used++]!) * s;
      while (product % 2n ** 32n < rejected);
      const j = Number(product >> 32n);
      [y[i], y[j]] = [y[j]!, y[i]!];
    }
  },
});
