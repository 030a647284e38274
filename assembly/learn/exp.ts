// exp on two f64 lanes with the bits of engine/math/exp.ts, of which this is the same sequence of operations.
//
// Source: FreeBSD msun (fdlibm), e_exp.c, K. C. Ng, Sun Microsystems 1993.
//
// biome-ignore-all lint/complexity/noStaticOnlyClass: methods may be decorated, functions may not
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: assembly has no Math.LOG2E

const C: usize = memory.data<f64>([
  1.4426950408889634, // 1 / ln 2
  0.6931471803691238, // ln 2 in two parts
  1.9082149292705877e-10,
  4.1381367970572385e-8, // R(r) = r (e^r + 1) / (e^r - 1)
  -0.0000016533902205465252,
  0.00006613756321437934,
  -0.0027777777777015593,
  0.16666666666666602,
  0.5,
  1.0,
  2.0,
  6755399441056767.0, // 1.5 * 2^52 + 1023: adding it puts the exponent of 2^k into the low bits
  0.34657359027997264, // ln 2 / 2
  -1021.0, // the least exponent of a factor
  -745.1332191019411, // below, e^x is 0
  3.725290298461914e-9, // 2^-28: below, e^x = 1 + x
  -707.0, // below, e^x may be subnormal
]);

function constant(i: i32): v128 {
  return v128.load_splat<f64>(C + (i << 3));
}

export class F64x2 {
  /** e^x of two numbers for which neither result is subnormal and neither |x| below 2^-28. */
  @inline
  private static expNormal(x: v128, size: v128): v128 {
    const sign = v128.xor(x, size);
    const rounded = f64x2.trunc(f64x2.add(f64x2.mul(constant(0), x), v128.or(constant(8), sign)));
    const k = v128.and(rounded, f64x2.gt(size, constant(12)));
    return f64x2.mul(F64x2.expReduced(x, k), F64x2.powerOfTwo(k));
  }

  /** The same for any x up to 709. */
  private static expAny(x: v128): v128 {
    const one = constant(9);
    const size = f64x2.abs(x);
    const sign = v128.xor(x, size);
    const rounded = f64x2.trunc(f64x2.add(f64x2.mul(constant(0), x), v128.or(constant(8), sign)));
    const k = v128.and(rounded, f64x2.gt(size, constant(12)));
    // two factors, so that a subnormal result is rounded once
    const first = f64x2.pmax(k, constant(13));
    const half = f64x2.mul(F64x2.expReduced(x, k), F64x2.powerOfTwo(first));
    const e = f64x2.mul(half, F64x2.powerOfTwo(f64x2.sub(k, first)));
    const small = v128.bitselect(f64x2.add(one, x), e, f64x2.lt(size, constant(15)));
    return v128.andnot(small, f64x2.lt(x, constant(14)));
  }

  /** e^(x - k ln 2). */
  @inline
  private static expReduced(x: v128, k: v128): v128 {
    const hi = f64x2.sub(x, f64x2.mul(k, constant(1)));
    const lo = f64x2.mul(k, constant(2));
    const r = f64x2.sub(hi, lo);
    const t = f64x2.mul(r, r);
    let p = f64x2.add(constant(4), f64x2.mul(t, constant(3)));
    p = f64x2.add(constant(5), f64x2.mul(t, p));
    p = f64x2.add(constant(6), f64x2.mul(t, p));
    p = f64x2.add(constant(7), f64x2.mul(t, p));
    const c = f64x2.sub(r, f64x2.mul(t, p));
    const q = f64x2.div(f64x2.mul(r, c), f64x2.sub(constant(10), c));
    return f64x2.sub(constant(9), f64x2.sub(f64x2.sub(lo, q), hi));
  }

  /** 2^k for whole k from -1022 to 1023. */
  @inline
  private static powerOfTwo(k: v128): v128 {
    return i64x2.shl(f64x2.add(k, constant(11)), 52);
  }

  /** e^x for x <= 709. */
  @inline
  static exp(x: v128): v128 {
    const size = f64x2.abs(x);
    const rare = v128.or(f64x2.lt(size, constant(15)), f64x2.lt(x, constant(16)));
    return v128.any_true(rare) ? F64x2.expAny(x) : F64x2.expNormal(x, size);
  }
}
