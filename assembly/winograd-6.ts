// One-dimensional Cook-Toom transforms with the 6 points 0, a, -a, b, -b, infinity: four outputs of three taps.
//
//   y = A^T ((G g) * (B^T d)), d [6], g [3], y [4]: y[i] = sum over k of g[k] d[i+k]
//
//   B^T  row 0    (x^2 - a^2)(x^2 - b^2)       G  row 0  g(0) / (a^2 b^2)         A^T  row i  0^i a^i (-a)^i b^i (-b)^i,
//        row +-a  x (x +- a)(x^2 - b^2)           row p  g(p) / N(p)                   and 1 at infinity in the last row
//        row +-b  x (x +- b)(x^2 - a^2)           last   the last tap
//        last     x (x^2 - a^2)(x^2 - b^2)        N(a) = 2 a^2 (a^2 - b^2), N(b) = 2 b^2 (b^2 - a^2)
//
// (rows of B^T hold the coefficients of 1, x, .., x^5; g(p) is the polynomial with the taps as coefficients.) Points
// p and -p share their even and odd halves. a = 11/16, b = 3/2: the smallest error measured (docs/decisions/winograd.md).
//
// Every function transforms `count` vectors of each stream: stream j begins at from + j * fromStep, its vectors follow
// each other; those of the result are `advance` bytes apart.
import { constant, madd, nmadd } from './lanes';

const POINTS: usize = memory.data<f32>([
  0.6875, // a
  1.5, // b
  0.47265625, // a^2
  2.25, // b^2
  0.9403122, // 1 / (a^2 b^2)
  -0.5951866, // 1 / N(a)
  0.12503053, // 1 / N(b)
]);

// B^T d, six streams in and six out.
export function inputs6(
  count: i32,
  d0: usize,
  d1: usize,
  d2: usize,
  d3: usize,
  d4: usize,
  d5: usize,
  fromAdvance: usize,
  to: usize,
  step: usize,
  advance: usize,
): void {
  const a = constant(POINTS, 0);
  const b = constant(POINTS, 1);
  const aa = constant(POINTS, 2);
  const bb = constant(POINTS, 3);
  const to1 = step;
  const to2 = step * 2;
  const to3 = step * 3;
  const to4 = step * 4;
  const to5 = step * 5;
  for (let i: usize = 0; count > 0; count--) {
    const x1 = v128.load(d1 + i);
    const x3 = v128.load(d3 + i);
    const oddA = nmadd(bb, x1, x3);
    const oddB = f32x4.mul(b, nmadd(aa, x1, x3));
    v128.store(to + to5, nmadd(aa, oddA, nmadd(bb, x3, v128.load(d5 + i))));
    const x2 = v128.load(d2 + i);
    const x4 = v128.load(d4 + i);
    const evenA = nmadd(bb, x2, x4);
    v128.store(to, nmadd(aa, nmadd(bb, v128.load(d0 + i), x2), evenA));
    v128.store(to + to1, madd(a, oddA, evenA));
    v128.store(to + to2, nmadd(a, oddA, evenA));
    const evenB = nmadd(aa, x2, x4);
    v128.store(to + to3, f32x4.add(evenB, oddB));
    v128.store(to + to4, f32x4.sub(evenB, oddB));
    i += fromAdvance;
    to += advance;
  }
}

// A^T u for four outputs.
export function outputs6to4(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const a = constant(POINTS, 0);
  const b = constant(POINTS, 1);
  const aa = constant(POINTS, 2);
  const bb = constant(POINTS, 3);
  const from1 = fromStep;
  const from2 = fromStep * 2;
  const from3 = fromStep * 3;
  const from4 = fromStep * 4;
  const from5 = fromStep * 5;
  const to2 = toStep * 2;
  const to3 = toStep * 3;
  for (; count > 0; count--) {
    const u1 = v128.load(from + from1);
    const u2 = v128.load(from + from2);
    const u3 = v128.load(from + from3);
    const u4 = v128.load(from + from4);
    const evenA = f32x4.add(u1, u2);
    const evenB = f32x4.add(u3, u4);
    v128.store(to, f32x4.add(v128.load(from), f32x4.add(evenA, evenB)));
    v128.store(to + to2, madd(aa, evenA, f32x4.mul(bb, evenB)));
    const oddA = f32x4.mul(a, f32x4.sub(u1, u2));
    const oddB = f32x4.mul(b, f32x4.sub(u3, u4));
    v128.store(to + toStep, f32x4.add(oddA, oddB));
    v128.store(to + to3, madd(aa, oddA, madd(bb, oddB, v128.load(from + from5))));
    from += 16;
    to += 16;
  }
}

// G g for three taps.
export function taps3to6(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize, advance: usize): void {
  const a = constant(POINTS, 0);
  const b = constant(POINTS, 1);
  const aa = constant(POINTS, 2);
  const bb = constant(POINTS, 3);
  for (; count > 0; count--) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + fromStep);
    const g2 = v128.load(from + fromStep * 2);
    v128.store(to, f32x4.mul(constant(POINTS, 4), g0));
    const evenA = madd(aa, g2, g0);
    const oddA = f32x4.mul(a, g1);
    v128.store(to + toStep, f32x4.mul(constant(POINTS, 5), f32x4.add(evenA, oddA)));
    v128.store(to + toStep * 2, f32x4.mul(constant(POINTS, 5), f32x4.sub(evenA, oddA)));
    const evenB = madd(bb, g2, g0);
    const oddB = f32x4.mul(b, g1);
    v128.store(to + toStep * 3, f32x4.mul(constant(POINTS, 6), f32x4.add(evenB, oddB)));
    v128.store(to + toStep * 4, f32x4.mul(constant(POINTS, 6), f32x4.sub(evenB, oddB)));
    v128.store(to + toStep * 5, g2);
    from += 16;
    to += advance;
  }
}

// The same points for three outputs of four taps: G g.
export function taps4to6(
  count: i32,
  from: usize,
  fromStep: usize,
  fromAdvance: usize,
  to: usize,
  toStep: usize,
  advance: usize,
): void {
  const aa = constant(POINTS, 2);
  const bb = constant(POINTS, 3);
  const perA = constant(POINTS, 5);
  const perB = constant(POINTS, 6);
  for (; count > 0; count--) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + fromStep);
    const g2 = v128.load(from + fromStep * 2);
    const g3 = v128.load(from + fromStep * 3);
    v128.store(to, f32x4.mul(constant(POINTS, 4), g0));
    const evenA = madd(aa, g2, g0);
    const oddA = f32x4.mul(constant(POINTS, 0), madd(aa, g3, g1));
    v128.store(to + toStep, f32x4.mul(perA, f32x4.add(evenA, oddA)));
    v128.store(to + toStep * 2, f32x4.mul(perA, f32x4.sub(evenA, oddA)));
    const evenB = madd(bb, g2, g0);
    const oddB = f32x4.mul(constant(POINTS, 1), madd(bb, g3, g1));
    v128.store(to + toStep * 3, f32x4.mul(perB, f32x4.add(evenB, oddB)));
    v128.store(to + toStep * 4, f32x4.mul(perB, f32x4.sub(evenB, oddB)));
    v128.store(to + toStep * 5, g3);
    from += fromAdvance;
    to += advance;
  }
}

// A^T u for three outputs.
export function outputs6to3(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  for (; count > 0; count--) {
    const u1 = v128.load(from + fromStep);
    const u2 = v128.load(from + fromStep * 2);
    const u3 = v128.load(from + fromStep * 3);
    const u4 = v128.load(from + fromStep * 4);
    const evenA = f32x4.add(u1, u2);
    const evenB = f32x4.add(u3, u4);
    v128.store(to, f32x4.add(v128.load(from), f32x4.add(evenA, evenB)));
    const last = madd(constant(POINTS, 3), evenB, v128.load(from + fromStep * 5));
    v128.store(to + toStep * 2, madd(constant(POINTS, 2), evenA, last));
    const oddA = f32x4.mul(constant(POINTS, 0), f32x4.sub(u1, u2));
    v128.store(to + toStep, madd(constant(POINTS, 1), f32x4.sub(u3, u4), oddA));
    from += 16;
    to += 16;
  }
}
