/**
 * exp(x) - 1 in f64 without the cancellation at small x: x = k ln 2 + r as in engine/math/exp.ts. Error below 1 ulp.
 *
 * Source: FreeBSD msun (fdlibm), s_expm1.c, K. C. Ng, Sun Microsystems 1993.
 */
import { powerOfTwo } from '../engine/math/bits.ts';

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
const INV_LN2 = Math.LOG2E;
const HALF_LN2 = 0.34657359027997264;
const OVERFLOW = 709.782712893384;

/** exp(x) - 1 without the cancellation at small x. */
export function expm1(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > OVERFLOW) return Infinity;
  if (x < -56 * (LN2_HI + LN2_LO)) return -1;
  const size = Math.abs(x);
  if (size < 2 ** -54) return x;
  let k = 0;
  let c = 0;
  if (size > HALF_LN2) {
    k = Math.trunc(INV_LN2 * x + (x < 0 ? -0.5 : 0.5));
    const hi = x - k * LN2_HI;
    const lo = k * LN2_LO;
    x = hi - lo;
    c = hi - x - lo; // what rounding took from r
  }
  const half = 0.5 * x;
  const s = x * half;
  const r1 =
    1 +
    s *
      (-0.03333333333333313 +
        s *
          (0.0015873015872548146 +
            s * (-0.0000793650757867488 + s * (0.000004008217827329362 + s * -2.0109921818362437e-7))));
  const t = 3 - r1 * half;
  let e = s * ((r1 - t) / (6 - x * t));
  if (k === 0) return x - (x * e - s);
  e = x * (e - c) - c - s;
  if (k === -1) return 0.5 * (x - e) - 0.5;
  if (k === 1) return x < -0.25 ? -2 * (e - (x + 0.5)) : 1 + 2 * (x - e);
  if (k === 1024) return (x - e + 1) * 2 * powerOfTwo(1023) - 1;
  const scale = powerOfTwo(k);
  if (k < 0 || k > 56) return (x - e + 1) * scale - 1;
  const inverse = powerOfTwo(-k);
  return k < 20 ? (x - e + (1 - inverse)) * scale : (x - (e + inverse) + 1) * scale;
}
