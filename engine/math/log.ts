/**
 * log and log1p in f64 with the same bits in every JavaScript engine: + - * / and exponent bits only.
 *
 * x = 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt(2); log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f).
 * Error below 1 ulp.
 *
 * Source: FreeBSD msun (fdlibm), e_log.c and s_log1p.c, Sun Microsystems 1993.
 */
import { highWord, withHighWord } from './bits.ts';

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
// the upper words of sqrt(1/2) and of 1: adding their difference carries into the exponent exactly when 1 + f >= sqrt(2)
const SQRT_HALF = 0x3fe6a09e;
const ONE = 0x3ff00000;

/** log(1 + f) + k ln 2 + c for |f| below sqrt(2) - 1, where c is a small correction. */
function assemble(f: number, k: number, c: number): number {
  const halfSquare = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  return s * (halfSquare + (odd + even)) + (k * LN2_LO + c) - halfSquare + f + k * LN2_HI;
}

/** The natural logarithm; log(0) = -Infinity, log of a negative number is NaN. */
export function log(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x > 0)) return NaN;
  if (x === Infinity || x === 1) return x === 1 ? 0 : x;
  let k = 0;
  if (x < 2 ** -1022) {
    k = -54;
    x *= 2 ** 54;
  }
  const high = highWord(x) + (ONE - SQRT_HALF);
  k += (high >> 20) - 1023;
  return assemble(withHighWord(x, (high & 0xfffff) + SQRT_HALF) - 1, k, 0);
}

/** log(1 + x) without the cancellation at small x; log1p(-1) = -Infinity, NaN below. */
export function log1p(x: number): number {
  if (x === -1) return -Infinity;
  if (!(x > -1)) return NaN;
  if (Math.abs(x) < 2 ** -53 || x === Infinity) return x;
  if (x > -0.2928932188134524 && x < 0.414213562373095) return assemble(x, 0, 0);
  const u = 1 + x;
  const high = highWord(u) + (ONE - SQRT_HALF);
  const k = (high >> 20) - 1023;
  // what 1 + x lost in rounding, relative to u
  const c = k >= 54 ? 0 : (k >= 2 ? 1 - (u - x) : x - (u - 1)) / u;
  return assemble(withHighWord(u, (high & 0xfffff) + SQRT_HALF) - 1, k, c);
}
