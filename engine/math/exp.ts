/**
 * exp in f64 with the same bits in every JavaScript engine: + - * / and exponent bits only.
 *
 * `Math.exp` may differ in the last bit between engines; a score or a threshold that passed through it would too. Writes
 * x = k ln 2 + r with |r| <= ln 2 / 2, approximates on r, and scales by 2^k. Error below 1 ulp.
 *
 * Source: FreeBSD msun (fdlibm), e_exp.c, K. C. Ng, Sun Microsystems 1993.
 */
import { powerOfTwo } from './bits.ts';

// ln 2 in two parts: the first has 32 trailing zero bits, so that k * LN2_HI is exact for every k that occurs
const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
const INV_LN2 = Math.LOG2E;
const HALF_LN2 = 0.34657359027997264;
const OVERFLOW = 709.782712893384;
const UNDERFLOW = -745.1332191019411;
const TWO_M1000 = 2 ** -1000;

/** exp(x); exp(-Infinity) = 0, exp(NaN) = NaN. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > OVERFLOW) return Infinity;
  if (x < UNDERFLOW) return 0;
  const size = Math.abs(x);
  if (size < 2 ** -28) return 1 + x;
  let k = 0;
  let hi = x;
  let lo = 0;
  if (size > HALF_LN2) {
    k = Math.trunc(INV_LN2 * x + (x < 0 ? -0.5 : 0.5));
    hi = x - k * LN2_HI;
    lo = k * LN2_LO;
  }
  // R(r) = r (e^r + 1) / (e^r - 1) is even in r; c = r - (R(r) - 2), and e^r = 1 + r + r c / (2 - c)
  const r = hi - lo;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8))));
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  const y = 1 - (lo - (r * c) / (2 - c) - hi);
  if (k === 1024) return y * 2 * powerOfTwo(1023);
  // a subnormal result is rounded once, by the last multiplication
  return k >= -1021 ? y * powerOfTwo(k) : y * powerOfTwo(k + 1000) * TWO_M1000;
}

/** 1 / (1 + exp(-x)); the branch keeps exp from overflowing and keeps tiny values accurate. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}
