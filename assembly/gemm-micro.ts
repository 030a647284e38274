// The inner loops of every matrix product: a tile of C stays in registers while k runs.
//
//   C[4,8] = sum_p a[p][0..3] outer b[p][0..7]
//
// Eight accumulators, two vectors of b, one splat of a at a time: 15 live vectors at most, one k per turn of the
// loop, since V8 up to 12.4 hoists every load of a basic block and spills beyond that.
//
// Every C element is summed in the order of p from zero, and then stored (add = 0) or added to C (add = 1).
// All variants keep this rule, so that choosing one never changes a bit.
import { fma, min32, settle, zero4 } from './simd';

export function put(c: usize, x: v128, add: i32): void {
  const sum = settle(x);
  v128.store(c, add ? f32x4.add(v128.load(c), sum) : sum);
}

// a advances by aStep bytes per step and b by bStep: 16 and 32 for packed panels. ldc in bytes.
export function micro4x8(k: i32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize, ldc: usize, add: i32): void {
  let c00 = zero4();
  let c01 = zero4();
  let c10 = zero4();
  let c11 = zero4();
  let c20 = zero4();
  let c21 = zero4();
  let c30 = zero4();
  let c31 = zero4();
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = fma(a0, b0, c00);
    c01 = fma(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = fma(a1, b0, c10);
    c11 = fma(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = fma(a2, b0, c20);
    c21 = fma(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = fma(a3, b0, c30);
    c31 = fma(a3, b1, c31);
    a += aStep;
    b += bStep;
  }
  put(c, c00, add);
  put(c + 16, c01, add);
  c += ldc;
  put(c, c10, add);
  put(c + 16, c11, add);
  c += ldc;
  put(c, c20, add);
  put(c + 16, c21, add);
  c += ldc;
  put(c, c30, add);
  put(c + 16, c31, add);
}

// The tile at the lower or right edge of C: computed whole in `edge`, of which the rows x cols that exist are taken.
export function microEdge(
  k: i32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  ldc: usize,
  add: i32,
  rows: i32,
  cols: i32,
  edge: usize,
): void {
  micro4x8(k, a, aStep, b, bStep, edge, 32, 0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const sum = load<f32>(edge + (j << 2));
      const to = c + (j << 2);
      store<f32>(to, add ? load<f32>(to) + sum : sum);
    }
    edge += 32;
    c += ldc;
  }
}

// C[m,n] = or += packed A [m/4 panels][k][4] . packed B [n/8 panels][k][8]. bPanel is the distance between panels of
// B in bytes (k * 32, or more when B is packed for more steps than these k); ldc in bytes.
export function microPanels(
  a: usize,
  b: usize,
  bPanel: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: usize,
  add: i32,
  edge: usize,
): void {
  const aPanel = (<usize>k) << 4;
  for (let j = 0; j < n; j += 8) {
    const cols = min32(8, n - j);
    let ap = a;
    let cp = c + (j << 2);
    for (let i = 0; i < m; i += 4) {
      const rows = min32(4, m - i);
      if (rows === 4 && cols === 8) micro4x8(k, ap, 16, b, 32, cp, ldc, add);
      else microEdge(k, ap, 16, b, 32, cp, ldc, add, rows, cols, edge);
      ap += aPanel;
      cp += ldc << 2;
    }
    b += bPanel;
  }
}
