/**
 * Seeded random numbers: Philox4x32-10 (Salmon et al. 2011), keyed by a seed and a path of labels.
 *
 * A stream is a key and a counter, so a child stream depends only on its parent's key and its label, never on how much
 * of the parent was used: work can be reordered, resumed or spread over workers without changing a number.
 * Not for secrets: privacy noise comes from ChaCha20.
 */
import { ConfigError } from '../errors.ts';
import { log } from '../math/index.ts';
import { philox4x32 } from './philox.ts';

/** Where a kernel reads its words: the key and the first 128-bit block, low and high halves. */
export type Stream = readonly [key0: number, key1: number, counter0: number, counter1: number];

const LABEL_DOMAIN = 0x6c61626c;
const FORK_DOMAIN = 0x666f726b;

export class Rng {
  readonly #key0: number;
  readonly #key1: number;
  /** the next unused 128-bit block */
  #block = 0;
  readonly #words = new Uint32Array(4);
  #used = 4;
  #spareNormal: number | null = null;

  private constructor(key0: number, key1: number) {
    this.#key0 = key0;
    this.#key1 = key1;
  }

  /** The root stream of a seed: a safe integer or a 64-bit bigint. @throws ConfigError for any other number */
  static from(seed: number | bigint): Rng {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
      throw new ConfigError(`seed: expected a whole number within 2^53 of 0, or a bigint, got ${seed}.`, 'seed');
    }
    const s = BigInt.asUintN(64, BigInt(seed));
    return new Rng(Number(s & 0xffffffffn), Number(s >> 32n)).split('keyhole');
  }

  /** An independent stream named by a label; the same label gives the same stream. */
  split(label: string): Rng {
    const bytes = new TextEncoder().encode(label);
    const out = new Uint32Array(4);
    let key0 = this.#key0;
    let key1 = this.#key1;
    // eight bytes of the label a block, then a block with its length
    for (let at = 0; at <= bytes.length; at += 8) {
      const word = (i: number) =>
        ((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)) >>>
        0;
      const last = at + 8 > bytes.length;
      philox4x32(key0, key1, word(at), word(at + 4), last ? bytes.length + 1 : 0, LABEL_DOMAIN, out);
      key0 = out[0]!;
      key1 = out[1]!;
    }
    return new Rng(key0, key1);
  }

  /** Reserves n words for a kernel, from a block of their own. */
  take(n: number): Stream {
    const first = this.#block;
    this.#block += Math.ceil(n / 4);
    this.#used = 4;
    this.#spareNormal = null;
    return [this.#key0, this.#key1, first >>> 0, Math.floor(first / 2 ** 32)];
  }

  /** The stream of a draw that uses an unknown number of words; costs one block of this one. */
  fork(): Rng {
    const [, , low, high] = this.take(4);
    const out = new Uint32Array(4);
    philox4x32(this.#key0, this.#key1, low, high, 0, FORK_DOMAIN, out);
    return new Rng(out[0]!, out[1]!);
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    if (this.#used === 4) {
      philox4x32(this.#key0, this.#key1, this.#block >>> 0, Math.floor(this.#block / 2 ** 32), 0, 0, this.#words);
      this.#block++;
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    return (high * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /**
   * A whole number in [0, n), each equally likely: Lemire's multiplication with rejection (2019).
   * @throws ConfigError unless n is a whole number from 1 to 2^32
   */
  below(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32))
      throw new ConfigError(`below: expected a whole number from 1 to 2^32, got ${n}.`, 'n');
    const limit = (2 ** 32 - n) % n;
    for (;;) {
      const product = BigInt(this.uint32()) * BigInt(n);
      if (Number(product & 0xffffffffn) >= limit) return Number(product >> 32n);
    }
  }

  /** A standard normal number, by Marsaglia's polar method (1964) with the engine's own logarithm. */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * log(s)) / s);
      this.#spareNormal = v * factor;
      return u * factor;
    }
  }

  /** 0 .. n-1 in random order, by Fisher and Yates; the same order as `randomPermutation` on the engine. */
  permutation(n: number): Int32Array<ArrayBuffer> {
    const source = this.fork();
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = source.below(i + 1);
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    return order;
  }
}
