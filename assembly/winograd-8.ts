// One-dimensional Cook-Toom transforms with the 8 points 0, 1, -1, 1/2, -1/2, 2, -2, infinity: four outputs of five
// taps. Built like those of winograd-6, with three pairs of points.
//
//   B^T  row 0    (x^2 - 1)(x^2 - 1/4)(x^2 - 4) = x^6 - 21/4 x^4 + 21/4 x^2 - 1     G  row 0  -g(0)
//        row +-p  x (x +- p) times the other two factors                               row p  g(p) / N(p)
//        last     x times row 0                                                        N(1) = -9/2, N(1/2) = 45/32, N(2) = 90
import { constant, madd, nmadd } from './lanes';

const FACTORS: usize = memory.data<f32>([
  5.25, // 1 + 1/4 + 4
  4.25, // 1/4 + 4
  5.0, // 1 + 4
  1.25, // 1 + 1/4
  4.0,
  0.25,
  0.5,
  2.0,
  8.0,
  0.125,
  0.0625,
  16.0,
]);
const SCALES: usize = memory.data<f32>([-0.22222222, 0.7111111, 0.011111111]); // 1 / N(1), 1 / N(1/2), 1 / N(2)

// B^T d, eight streams in and eight out.
export function inputs8(
  count: i32,
  d0: usize,
  d1: usize,
  d2: usize,
  d3: usize,
  d4: usize,
  d5: usize,
  d6: usize,
  d7: usize,
  fromAdvance: usize,
  to: usize,
  step: usize,
  advance: usize,
): void {
  const half = constant(FACTORS, 6);
  for (let i: usize = 0; count > 0; count--) {
    const x1 = v128.load(d1 + i);
    const x3 = v128.load(d3 + i);
    const x5 = v128.load(d5 + i);
    const x2 = v128.load(d2 + i);
    const x4 = v128.load(d4 + i);
    const x6 = v128.load(d6 + i);
    const outer = constant(FACTORS, 0);
    v128.store(to, madd(outer, f32x4.sub(x2, x4), f32x4.sub(x6, v128.load(d0 + i))));
    v128.store(to + step * 7, madd(outer, f32x4.sub(x3, x5), f32x4.sub(v128.load(d7 + i), x1)));
    let factor = constant(FACTORS, 1);
    let even = nmadd(factor, x4, f32x4.add(x2, x6));
    let odd = nmadd(factor, x3, f32x4.add(x1, x5));
    v128.store(to + step, f32x4.add(even, odd));
    v128.store(to + step * 2, f32x4.sub(even, odd));
    factor = constant(FACTORS, 2);
    let other = constant(FACTORS, 4);
    even = nmadd(factor, x4, madd(other, x2, x6));
    odd = nmadd(factor, x3, madd(other, x1, x5));
    v128.store(to + step * 3, madd(half, odd, even));
    v128.store(to + step * 4, nmadd(half, odd, even));
    factor = constant(FACTORS, 3);
    other = constant(FACTORS, 5);
    even = nmadd(factor, x4, madd(other, x2, x6));
    odd = nmadd(factor, x3, madd(other, x1, x5));
    odd = f32x4.add(odd, odd);
    v128.store(to + step * 5, f32x4.add(even, odd));
    v128.store(to + step * 6, f32x4.sub(even, odd));
    i += fromAdvance;
    to += advance;
  }
}

// A^T u for four outputs.
export function outputs8to4(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  for (; count > 0; count--) {
    const u1 = v128.load(from + fromStep);
    const u2 = v128.load(from + fromStep * 2);
    const u3 = v128.load(from + fromStep * 3);
    const u4 = v128.load(from + fromStep * 4);
    const u5 = v128.load(from + fromStep * 5);
    const u6 = v128.load(from + fromStep * 6);
    const even1 = f32x4.add(u1, u2);
    const evenHalf = f32x4.add(u3, u4);
    const even2 = f32x4.add(u5, u6);
    v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), f32x4.add(evenHalf, even2)));
    v128.store(to + toStep * 2, madd(constant(FACTORS, 4), even2, madd(constant(FACTORS, 5), evenHalf, even1)));
    const odd1 = f32x4.sub(u1, u2);
    const oddHalf = f32x4.sub(u3, u4);
    const odd2 = f32x4.sub(u5, u6);
    v128.store(to + toStep, madd(constant(FACTORS, 7), odd2, madd(constant(FACTORS, 6), oddHalf, odd1)));
    const last = f32x4.add(v128.load(from + fromStep * 7), odd1);
    v128.store(to + toStep * 3, madd(constant(FACTORS, 8), odd2, madd(constant(FACTORS, 9), oddHalf, last)));
    from += 16;
    to += 16;
  }
}

// G g for five taps.
export function taps5to8(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize, advance: usize): void {
  const quarter = constant(FACTORS, 5);
  const four = constant(FACTORS, 4);
  for (; count > 0; count--) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + fromStep);
    const g2 = v128.load(from + fromStep * 2);
    const g3 = v128.load(from + fromStep * 3);
    const g4 = v128.load(from + fromStep * 4);
    v128.store(to, f32x4.neg(g0));
    let scale = constant(SCALES, 0);
    let even = f32x4.add(f32x4.add(g4, g2), g0);
    let odd = f32x4.add(g3, g1);
    v128.store(to + toStep, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 2, f32x4.mul(scale, f32x4.sub(even, odd)));
    scale = constant(SCALES, 1);
    even = madd(quarter, madd(quarter, g4, g2), g0);
    odd = f32x4.mul(constant(FACTORS, 6), madd(quarter, g3, g1));
    v128.store(to + toStep * 3, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 4, f32x4.mul(scale, f32x4.sub(even, odd)));
    scale = constant(SCALES, 2);
    even = madd(four, madd(four, g4, g2), g0);
    odd = madd(four, g3, g1);
    odd = f32x4.add(odd, odd);
    v128.store(to + toStep * 5, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 6, f32x4.mul(scale, f32x4.sub(even, odd)));
    v128.store(to + toStep * 7, g4);
    from += 16;
    to += advance;
  }
}

// The same points for five outputs of four taps: G g.
export function taps4to8(
  count: i32,
  from: usize,
  fromStep: usize,
  fromAdvance: usize,
  to: usize,
  toStep: usize,
  advance: usize,
): void {
  const quarter = constant(FACTORS, 5);
  const four = constant(FACTORS, 4);
  for (; count > 0; count--) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + fromStep);
    const g2 = v128.load(from + fromStep * 2);
    const g3 = v128.load(from + fromStep * 3);
    v128.store(to, f32x4.neg(g0));
    let scale = constant(SCALES, 0);
    let even = f32x4.add(g2, g0);
    let odd = f32x4.add(g3, g1);
    v128.store(to + toStep, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 2, f32x4.mul(scale, f32x4.sub(even, odd)));
    scale = constant(SCALES, 1);
    even = madd(quarter, g2, g0);
    odd = f32x4.mul(constant(FACTORS, 6), madd(quarter, g3, g1));
    v128.store(to + toStep * 3, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 4, f32x4.mul(scale, f32x4.sub(even, odd)));
    scale = constant(SCALES, 2);
    even = madd(four, g2, g0);
    odd = madd(four, g3, g1);
    odd = f32x4.add(odd, odd);
    v128.store(to + toStep * 5, f32x4.mul(scale, f32x4.add(even, odd)));
    v128.store(to + toStep * 6, f32x4.mul(scale, f32x4.sub(even, odd)));
    v128.store(to + toStep * 7, g3);
    from += fromAdvance;
    to += advance;
  }
}

// A^T u for five outputs.
export function outputs8to5(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  for (; count > 0; count--) {
    const u1 = v128.load(from + fromStep);
    const u2 = v128.load(from + fromStep * 2);
    const u3 = v128.load(from + fromStep * 3);
    const u4 = v128.load(from + fromStep * 4);
    const u5 = v128.load(from + fromStep * 5);
    const u6 = v128.load(from + fromStep * 6);
    const even1 = f32x4.add(u1, u2);
    const evenHalf = f32x4.add(u3, u4);
    const even2 = f32x4.add(u5, u6);
    v128.store(to, f32x4.add(f32x4.add(v128.load(from), even1), f32x4.add(evenHalf, even2)));
    v128.store(to + toStep * 2, madd(constant(FACTORS, 4), even2, madd(constant(FACTORS, 5), evenHalf, even1)));
    const last = f32x4.add(v128.load(from + fromStep * 7), even1);
    v128.store(to + toStep * 4, madd(constant(FACTORS, 11), even2, madd(constant(FACTORS, 10), evenHalf, last)));
    const odd1 = f32x4.sub(u1, u2);
    const oddHalf = f32x4.sub(u3, u4);
    const odd2 = f32x4.sub(u5, u6);
    v128.store(to + toStep, madd(constant(FACTORS, 7), odd2, madd(constant(FACTORS, 6), oddHalf, odd1)));
    v128.store(to + toStep * 3, madd(constant(FACTORS, 8), odd2, madd(constant(FACTORS, 9), oddHalf, odd1)));
    from += 16;
    to += 16;
  }
}
