// Group normalisation (Wu & He 2018) of x [n, hw, c]: every sample's channels are split into groups of c / groups, and
// each (sample, group) is brought to mean 0 and variance 1 before the affine y = gamma xhat + beta per channel. Layer
// normalisation is the case hw = 1, groups = 1.
//
// The variance is summed in a second pass over (x - mean)^2. Partial sums of at most BLOCK vectors in f32 go into f64.
import { zeroWords } from './copy';
import { highHalf, laneSum, loadUpTo, lowHalf, madd, nmadd, storeUpTo } from './lanes';
import { demote, Plain, put, Square } from './reduce';

const BLOCK: i32 = 64;
const CACHED: i32 = 1 << 15; // elements of x, and of g, that stay in the second-level cache for all strips of channels

/** Sum of x - shift, or of its square, over a block of hw rows of cg channels, `stride` bytes apart. */
function blockSum<Op>(x: usize, hw: i32, cg: i32, stride: usize, shift: f32): f64 {
  const op = changetype<Op>(0);
  const s = f32x4.splat(shift);
  const zero = f32x4.splat(0);
  let a = zero;
  let b = zero;
  let total: f64 = 0;
  let count = 0;
  for (let p = 0; p < hw; p++) {
    let q = x;
    let left = cg;
    for (; left >= 8; left -= 8) {
      a = op.apply(a, f32x4.sub(v128.load(q), s));
      b = op.apply(b, f32x4.sub(v128.load(q, 16), s));
      q += 32;
      if (++count === BLOCK) {
        total += laneSum(f32x4.add(a, b));
        a = zero;
        b = zero;
        count = 0;
      }
    }
    for (; left > 0; left -= 4) {
      b = op.apply(b, f32x4.sub(loadUpTo(q, left, s), s));
      q += 16;
      count++;
    }
    if (count >= BLOCK) {
      total += laneSum(f32x4.add(a, b));
      a = zero;
      b = zero;
      count = 0;
    }
    x += stride;
  }
  return total + laneSum(f32x4.add(a, b));
}

/** Lanes j, j + 1, … of a per-channel vector, or 1 (gamma) or 0 (beta) where there is none. */
function perChannel(p: usize, j: i32, left: i32, absent: f32): v128 {
  return p ? loadUpTo(p + ((<usize>j) << 2), left, f32x4.splat(0)) : f32x4.splat(absent);
}

/** mean and rstd [n * groups] are kept for the gradient; rstd = 1 / sqrt(variance + eps). gamma and beta may be 0. */
export function group_norm_f32(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  rstd: usize,
  n: i32,
  hw: i32,
  c: i32,
  groups: i32,
  eps: f32,
): void {
  const cg = c / groups;
  const stride = (<usize>c) << 2;
  const size = <f64>hw * <f64>cg;
  for (let b = 0; b < n; b++) {
    for (let g = 0; g < groups; g++) {
      const first = (<usize>(g * cg)) << 2;
      const m = <f32>(blockSum<Plain>(x + first, hw, cg, stride, 0) / size);
      const variance = blockSum<Square>(x + first, hw, cg, stride, m) / size;
      const r = <f32>(1 / sqrt<f64>(variance + <f64>eps));
      store<f32>(mean, m);
      store<f32>(rstd, r);
      mean += 4;
      rstd += 4;
      const m4 = f32x4.splat(m);
      const r4 = f32x4.splat(r);
      const gammaG = gamma ? gamma + first : 0;
      const betaG = beta ? beta + first : 0;
      let px = x + first;
      let py = y + first;
      for (let p = 0; p < hw; p++) {
        for (let j = 0; j < cg; j += 4) {
          const left = cg - j;
          const v = f32x4.sub(loadUpTo(px + ((<usize>j) << 2), left, m4), m4);
          const scale = f32x4.mul(r4, perChannel(gammaG, j, left, 1));
          storeUpTo(py + ((<usize>j) << 2), madd(v, scale, perChannel(betaG, j, left, 0)), left);
        }
        px += stride;
        py += stride;
      }
    }
    x += <usize>hw * stride;
    y += <usize>hw * stride;
  }
}

/**
 * dx = rstd (gamma g - mean(gamma g) - xhat mean(gamma g xhat)), the means over the (sample, group);
 * dgamma = sum of g xhat, dbeta = sum of g over samples and positions. gamma, dx, dgamma and dbeta may be 0.
 */
export function group_norm_grad_f32(
  g: usize,
  x: usize,
  gamma: usize,
  mean: usize,
  rstd: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  n: i32,
  hw: i32,
  c: i32,
  groups: i32,
): void {
  if (dx) inputGradient(g, x, gamma, mean, rstd, dx, n, hw, c, groups);
  if (dgamma) zeroWords(dgamma, c);
  if (dbeta) zeroWords(dbeta, c);
  if (!dgamma && !dbeta) return;
  const sample = (<usize>(hw * c)) << 2;
  const some = max(1, CACHED / max(1, hw * c));
  for (let b = 0; b < n; b += some) {
    const statistics = (<usize>(b * groups)) << 2;
    for (let j = 0; j < c; j += 4) {
      affineGradient(
        g + <usize>b * sample,
        x + <usize>b * sample,
        mean + statistics,
        rstd + statistics,
        dgamma,
        dbeta,
        min(some, n - b),
        hw,
        c,
        groups,
        j,
      );
    }
  }
}

function inputGradient(
  g: usize,
  x: usize,
  gamma: usize,
  mean: usize,
  rstd: usize,
  dx: usize,
  n: i32,
  hw: i32,
  c: i32,
  groups: i32,
): void {
  const cg = c / groups;
  const stride = (<usize>c) << 2;
  const size = <f64>hw * <f64>cg;
  const zero = f32x4.splat(0);
  for (let b = 0; b < n; b++) {
    for (let group = 0; group < groups; group++) {
      const first = (<usize>(group * cg)) << 2;
      const gammaG = gamma ? gamma + first : 0;
      const m4 = v128.load_splat<f32>(mean);
      const r4 = v128.load_splat<f32>(rstd);
      mean += 4;
      rstd += 4;
      let px = x + first;
      let pg = g + first;
      let sum = zero,
        dot = zero;
      let sums: f64 = 0,
        dots: f64 = 0;
      let count = 0;
      for (let p = 0; p < hw; p++) {
        for (let j = 0; j < cg; j += 4) {
          const left = cg - j;
          const w = f32x4.mul(loadUpTo(pg + ((<usize>j) << 2), left, zero), perChannel(gammaG, j, left, 1));
          sum = f32x4.add(sum, w);
          dot = madd(w, f32x4.sub(loadUpTo(px + ((<usize>j) << 2), left, m4), m4), dot);
          if (++count === BLOCK) {
            sums += laneSum(sum);
            dots += laneSum(dot);
            sum = zero;
            dot = zero;
            count = 0;
          }
        }
        px += stride;
        pg += stride;
      }
      // dx = rstd (w - a - (x - mean) rstd^2 b / size) with a = sum(w) / size, b = sum(w (x - mean))
      const r = <f64>f32x4.extract_lane(r4, 0);
      const a = f32x4.splat(<f32>((sums + laneSum(sum)) / size));
      const s = f32x4.splat(<f32>(((dots + laneSum(dot)) * r * r) / size));
      px = x + first;
      pg = g + first;
      let pd = dx + first;
      for (let p = 0; p < hw; p++) {
        for (let j = 0; j < cg; j += 4) {
          const left = cg - j;
          const o = (<usize>j) << 2;
          const w = f32x4.mul(loadUpTo(pg + o, left, zero), perChannel(gammaG, j, left, 1));
          const v = f32x4.sub(loadUpTo(px + o, left, m4), m4);
          storeUpTo(pd + o, f32x4.mul(r4, nmadd(v, s, f32x4.sub(w, a))), left);
        }
        px += stride;
        pg += stride;
        pd += stride;
      }
    }
    x += <usize>hw * stride;
    g += <usize>hw * stride;
    dx += <usize>hw * stride;
  }
}

/** The entry of a per-group vector that belongs to channel j. */
function ofChannel(p: usize, j: i32, cg: i32): f32 {
  return load<f32>(p + ((<usize>(j / cg)) << 2));
}

// dgamma and dbeta += the sums over n samples for channels j .. j + 3, which may belong to different groups.
function affineGradient(
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  dgamma: usize,
  dbeta: usize,
  n: i32,
  hw: i32,
  c: i32,
  groups: i32,
  j: i32,
): void {
  const cg = c / groups;
  const stride = (<usize>c) << 2;
  const left = c - j;
  const last = c - 1;
  const zero = f32x4.splat(0);
  const none = f64x2.splat(0);
  let dotLow = none,
    dotHigh = none,
    sumLow = none,
    sumHigh = none;
  let pg = g + ((<usize>j) << 2);
  let px = x + ((<usize>j) << 2);
  let dot = zero,
    sum = zero;
  let count = 0;
  for (let b = 0; b < n; b++) {
    let m4 = f32x4.splat(ofChannel(mean, j, cg));
    let r4 = f32x4.splat(ofChannel(rstd, j, cg));
    if (cg & 3) {
      m4 = f32x4.replace_lane(m4, 1, ofChannel(mean, min(j + 1, last), cg));
      m4 = f32x4.replace_lane(m4, 2, ofChannel(mean, min(j + 2, last), cg));
      m4 = f32x4.replace_lane(m4, 3, ofChannel(mean, min(j + 3, last), cg));
      r4 = f32x4.replace_lane(r4, 1, ofChannel(rstd, min(j + 1, last), cg));
      r4 = f32x4.replace_lane(r4, 2, ofChannel(rstd, min(j + 2, last), cg));
      r4 = f32x4.replace_lane(r4, 3, ofChannel(rstd, min(j + 3, last), cg));
    }
    for (let p = 0; p < hw; p++) {
      const v = loadUpTo(pg, left, zero);
      dot = madd(v, f32x4.mul(f32x4.sub(loadUpTo(px, left, zero), m4), r4), dot);
      sum = f32x4.add(sum, v);
      if (++count === BLOCK) {
        dotLow = f64x2.add(dotLow, lowHalf(dot));
        dotHigh = f64x2.add(dotHigh, highHalf(dot));
        sumLow = f64x2.add(sumLow, lowHalf(sum));
        sumHigh = f64x2.add(sumHigh, highHalf(sum));
        dot = zero;
        sum = zero;
        count = 0;
      }
      pg += stride;
      px += stride;
    }
    mean += (<usize>groups) << 2;
    rstd += (<usize>groups) << 2;
  }
  const o = (<usize>j) << 2;
  if (dgamma) put(dgamma + o, demote(f64x2.add(dotLow, lowHalf(dot)), f64x2.add(dotHigh, highHalf(dot))), left, true);
  if (dbeta) put(dbeta + o, demote(f64x2.add(sumLow, lowHalf(sum)), f64x2.add(sumHigh, highHalf(sum))), left, true);
}

/** Normalises every row over its columns: group_norm with hw = 1 and one group. */
export function layer_norm_f32(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  rstd: usize,
  rows: i32,
  cols: i32,
  eps: f32,
): void {
  group_norm_f32(x, gamma, beta, y, mean, rstd, rows, 1, cols, 1, eps);
}

export function layer_norm_grad_f32(
  g: usize,
  x: usize,
  gamma: usize,
  mean: usize,
  rstd: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  rows: i32,
  cols: i32,
): void {
  group_norm_grad_f32(g, x, gamma, mean, rstd, dx, dgamma, dbeta, rows, 1, cols, 1);
}
