// exp, log, tanh, sigmoid, erf and the normal distribution on four f32 lanes.
//
// Each function reduces its argument to a small interval, evaluates a minimax polynomial there, and undoes the reduction.
// The polynomials come from Remez' exchange algorithm: scripts/polynomials.ts prints them with their errors.
//
// Largest errors over the whole range, in units of the last place: exp 1.1 (subnormal results included), log 0.9, tanh 1.4,
// sigmoid 2.4, erf 1.4, gelu 8 (5.2 above -12); tests/kernels/math.test.ts holds them.
//
// The functions are static methods because only methods can be marked @inline in a way every parser accepts; inlined, they
// are a tenth to a third faster than called. Constants are read from tables: V8 builds a vector immediate anew in every
// iteration of a loop, which makes exp half as fast again.
//
// biome-ignore-all lint/complexity/noStaticOnlyClass: see above
// biome-ignore-all lint/correctness/noPrecisionLoss: constants are rounded to f32
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: assembly has no Math.LN2
import { constant, madd, nmadd, select4 } from './lanes';

const EXP: usize = memory.data<f32>([
  88.8, // above, e^x is infinite
  -104.0, // below, e^x is 0
  1.4426950408889634, // 1 / ln 2
  12582912.0, // 1.5 * 2^23: adding it rounds to an integer, which then lies in the low bits
  0.693359375, // the first 9 bits of ln 2: its product with k is exact
  -2.12194440054690583e-4, // the rest of ln 2
  0.001381432055, // P
  0.008368850686,
  0.04166840017,
  0.1666651964,
  0.4999999404,
  1.0,
]);

const LOG: usize = memory.data<f32>([
  0.693359375, // ln 2 in two parts
  -2.12194440054690583e-4,
  -0.07634499669, // P
  0.1276157796,
  -0.1316018105,
  0.1420175731,
  -0.1662335694,
  0.2000122666,
  -0.2500081956,
  0.3333333135,
  0.5,
  1.0,
  1.17549435e-38, // the smallest normal number
  8388608.0, // 2^23
  23.0,
  -Infinity,
  NaN,
]);
const SQRT_HALF_BITS: i32 = 0x3f3504f3;

const TANH: usize = memory.data<f32>([
  -0.005717045162, // P
  0.02065058798,
  -0.05374349654,
  0.1333149076,
  -0.3333328366,
  0.625,
  2.0,
  1.0,
]);

const ERF: usize = memory.data<f32>([
  7.889122935e-5, // P
  -0.0008020842215,
  0.005189535674,
  -0.0268544443,
  0.1128360033,
  -0.3761262596,
  0.1283791661,
  1.0,
]);

const ERFC: usize = memory.data<f32>([
  -0.000398884702, // P
  -0.001227042521,
  0.001313193468,
  0.008629301563,
  -0.008060271852,
  -0.0542036742,
  0.1640554667,
  -0.1660314798,
  -0.09276399016,
  1.276978374,
  2.0,
  1.0,
  10.2, // beyond, erfc is 0 in f32
]);

const NORMAL: usize = memory.data<f32>([
  0.7071067811865476, // 1 / sqrt 2
  0.5,
  0.3989422804014327, // 1 / sqrt(2 pi)
  1.0,
  14.4, // beyond, the density is 0 in f32
]);

export class F32x4 {
  /** e^r 2^k for |r| <= ln 2 / 2, where t = k + 1.5 * 2^23. */
  // e^r = 1 + r + r^2 P(r). The factor 2^k is applied as two halves: with k down to -150 only the last product rounds, so
  // subnormal results are right, and with k = 128 it overflows to infinity by itself.
  @inline
  private static expReduced(r: v128, t: v128): v128 {
    const one = constant(EXP, 11);
    let p = constant(EXP, 6);
    p = madd(p, r, constant(EXP, 7));
    p = madd(p, r, constant(EXP, 8));
    p = madd(p, r, constant(EXP, 9));
    p = madd(p, r, constant(EXP, 10));
    p = f32x4.add(madd(p, f32x4.mul(r, r), r), one);
    const k = i32x4.sub(t, constant(EXP, 3));
    const half = i32x4.shr_s(k, 1);
    p = f32x4.mul(p, i32x4.add(i32x4.shl(half, 23), one));
    return f32x4.mul(p, i32x4.add(i32x4.shl(i32x4.sub(k, half), 23), one));
  }

  /** e^x. Beyond [-104, 88.8] the result is 0 or infinity; pmin and pmax in this order keep a NaN. */
  @inline
  static exp(x: v128): v128 {
    x = f32x4.pmax(f32x4.pmin(x, constant(EXP, 0)), constant(EXP, 1));
    const t = madd(x, constant(EXP, 2), constant(EXP, 3));
    const k = f32x4.sub(t, constant(EXP, 3));
    return F32x4.expReduced(nmadd(k, constant(EXP, 5), nmadd(k, constant(EXP, 4), x)), t);
  }

  /** e^(x + low) for x <= 0 and |low| much smaller than 1: an exponent with more bits than f32 holds. */
  @inline
  private static expOfSum(x: v128, low: v128): v128 {
    x = f32x4.pmax(x, constant(EXP, 1));
    const t = madd(x, constant(EXP, 2), constant(EXP, 3));
    const k = f32x4.sub(t, constant(EXP, 3));
    return F32x4.expReduced(f32x4.add(nmadd(k, constant(EXP, 5), nmadd(k, constant(EXP, 4), x)), low), t);
  }

  /** log of positive normal numbers, plus `scale` * ln 2. */
  // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); log(1 + f) = f - f^2 / 2 + f^3 P(f). Near x = 1 k is 0 and f is exact,
  // so the result keeps its relative accuracy there.
  @inline
  private static logScaled(x: v128, scale: v128): v128 {
    const offset = i32x4.splat(SQRT_HALF_BITS);
    const bits = i32x4.sub(x, offset);
    const k = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)), scale);
    const f = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), offset), constant(LOG, 11));
    let p = constant(LOG, 2);
    p = madd(p, f, constant(LOG, 3));
    p = madd(p, f, constant(LOG, 4));
    p = madd(p, f, constant(LOG, 5));
    p = madd(p, f, constant(LOG, 6));
    p = madd(p, f, constant(LOG, 7));
    p = madd(p, f, constant(LOG, 8));
    p = madd(p, f, constant(LOG, 9));
    const square = f32x4.mul(f, f);
    p = madd(k, constant(LOG, 1), f32x4.mul(f32x4.mul(p, f), square));
    return madd(k, constant(LOG, 0), f32x4.add(f, nmadd(square, constant(LOG, 10), p)));
  }

  /** log of numbers known to be positive, normal and finite. */
  @inline
  static logNormal(x: v128): v128 {
    return F32x4.logScaled(x, f32x4.splat(0));
  }

  /** log x; log 0 = -Infinity, NaN below 0. */
  @inline
  static log(x: v128): v128 {
    const small = f32x4.lt(x, constant(LOG, 12)); // subnormal: scale up by 2^23 first
    const scaled = select4(f32x4.mul(x, constant(LOG, 13)), x, small);
    const y = F32x4.logScaled(scaled, f32x4.neg(v128.and(small, constant(LOG, 14))));
    const zero = f32x4.splat(0);
    let edge = select4(constant(LOG, 16), x, f32x4.lt(x, zero)); // infinity and NaN stay what they are
    edge = select4(constant(LOG, 15), edge, f32x4.eq(x, zero));
    return select4(y, edge, v128.and(f32x4.gt(x, zero), f32x4.lt(x, f32x4.splat(Infinity))));
  }

  /** log(1 + x) for x >= 0, with relative accuracy for every x: log(u) + (x - (u - 1)) / u where u = 1 + x as rounded. */
  static log1p(x: v128): v128 {
    const one = constant(LOG, 11);
    const u = f32x4.add(one, x);
    return f32x4.add(F32x4.logNormal(u), f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u));
  }

  /** tanh x: x + x^3 P(x^2) up to 0.625, 1 - 2 / (e^2x + 1) above. */
  @inline
  static tanh(x: v128): v128 {
    const sign = v128.and(x, f32x4.splat(-0.0));
    const a = v128.xor(x, sign);
    const z = f32x4.mul(a, a);
    let p = constant(TANH, 0);
    p = madd(p, z, constant(TANH, 1));
    p = madd(p, z, constant(TANH, 2));
    p = madd(p, z, constant(TANH, 3));
    p = madd(p, z, constant(TANH, 4));
    p = madd(p, f32x4.mul(z, a), a);
    const one = constant(TANH, 7);
    const e = F32x4.exp(f32x4.add(a, a));
    const far = f32x4.sub(one, f32x4.div(constant(TANH, 6), f32x4.add(e, one)));
    return v128.or(select4(p, far, f32x4.lt(a, constant(TANH, 5))), sign);
  }

  /** 1 / (1 + e^-x), from e = e^-|x|: 1 / (1 + e) or e / (1 + e), so that neither side underflows early. */
  @inline
  static sigmoid(x: v128): v128 {
    const one = constant(EXP, 11);
    const e = F32x4.exp(v128.or(x, f32x4.splat(-0.0)));
    const top = select4(e, one, f32x4.lt(x, f32x4.splat(0)));
    return f32x4.div(top, f32x4.add(one, e));
  }

  /** e^(t^2) erfc(t) for 0 <= t <= 10.2: P(q) / (1 + 2t) with q = (t - 2) / (t + 2), both from one division. */
  @inline
  private static erfcScaled(t: v128): v128 {
    const two = constant(ERFC, 10);
    const one = constant(ERFC, 11);
    const a = f32x4.add(t, two);
    const b = madd(t, two, one);
    const d = f32x4.div(one, f32x4.mul(a, b));
    const q = f32x4.mul(f32x4.mul(f32x4.sub(t, two), b), d);
    let p = constant(ERFC, 0);
    p = madd(p, q, constant(ERFC, 1));
    p = madd(p, q, constant(ERFC, 2));
    p = madd(p, q, constant(ERFC, 3));
    p = madd(p, q, constant(ERFC, 4));
    p = madd(p, q, constant(ERFC, 5));
    p = madd(p, q, constant(ERFC, 6));
    p = madd(p, q, constant(ERFC, 7));
    p = madd(p, q, constant(ERFC, 8));
    p = madd(p, q, constant(ERFC, 9));
    return f32x4.mul(f32x4.mul(p, a), d);
  }

  /** e^(-s t^2) for s = 1 or 1/2. */
  // t = h + l where h has 12 bits: h^2 is exact and -t^2 = -h^2 - l (t + h), so the tail keeps its relative accuracy.
  @inline
  private static expOfSquare(t: v128, s: v128): v128 {
    const h = v128.and(t, i32x4.splat(0xfffff000));
    const low = f32x4.mul(f32x4.sub(t, h), f32x4.add(t, h));
    return F32x4.expOfSum(f32x4.neg(f32x4.mul(s, f32x4.mul(h, h))), f32x4.neg(f32x4.mul(s, low)));
  }

  /** erf x: x + x P(x^2) up to 1, 1 - erfc(x) above. */
  @inline
  static erf(x: v128): v128 {
    const one = constant(ERF, 7);
    const sign = v128.and(x, f32x4.splat(-0.0));
    const a = v128.xor(x, sign);
    const z = f32x4.mul(a, a);
    let p = constant(ERF, 0);
    p = madd(p, z, constant(ERF, 1));
    p = madd(p, z, constant(ERF, 2));
    p = madd(p, z, constant(ERF, 3));
    p = madd(p, z, constant(ERF, 4));
    p = madd(p, z, constant(ERF, 5));
    p = madd(p, z, constant(ERF, 6));
    const t = f32x4.pmin(a, constant(ERFC, 12));
    const far = f32x4.sub(one, f32x4.mul(F32x4.expOfSquare(t, one), F32x4.erfcScaled(t)));
    return v128.or(select4(madd(p, a, a), far, f32x4.lt(a, one)), sign);
  }

  /** Phi(x), the normal distribution function, where e = e^(-x^2 / 2); the lower tail keeps its relative accuracy. */
  @inline
  private static normalCdf(x: v128, a: v128, e: v128): v128 {
    const tail = f32x4.mul(f32x4.mul(e, constant(NORMAL, 1)), F32x4.erfcScaled(f32x4.mul(a, constant(NORMAL, 0))));
    return select4(tail, f32x4.sub(constant(NORMAL, 3), tail), f32x4.lt(x, f32x4.splat(0)));
  }

  /** x Phi(x). */
  @inline
  static gelu(x: v128): v128 {
    x = f32x4.pmax(x, f32x4.neg(constant(NORMAL, 4)));
    const a = f32x4.pmin(f32x4.abs(x), constant(NORMAL, 4));
    return f32x4.mul(x, F32x4.normalCdf(x, a, F32x4.expOfSquare(a, constant(NORMAL, 1))));
  }

  /** Phi(x) + x phi(x). */
  @inline
  static geluSlope(x: v128): v128 {
    x = f32x4.pmax(f32x4.pmin(x, constant(NORMAL, 4)), f32x4.neg(constant(NORMAL, 4)));
    const a = f32x4.abs(x);
    const e = F32x4.expOfSquare(a, constant(NORMAL, 1));
    return madd(f32x4.mul(x, constant(NORMAL, 2)), e, F32x4.normalCdf(x, a, e));
  }
}
