// The inner loops of every matrix product: a tile of C, 6 x 8 or 4 x 8, stays in registers while k runs.
//
//   C[4,8] = sum_p a[p][0..3] outer b[p][0..7]
//
// One k per turn of the loop, since V8 up to 12.4 hoists every load of a basic block, and unrolling would spill.
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

// The rows x cols of a tile of 8 columns that exist. Its sums are settled or become so here: x + 0 is x.
export function putPartOf8(tile: usize, c: usize, ldc: usize, rows: i32, cols: i32, add: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const sum = load<f32>(tile + (j << 2)) + 0;
      const to = c + (j << 2);
      store<f32>(to, add ? load<f32>(to) + sum : sum);
    }
    tile += 32;
    c += ldc;
  }
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
  putPartOf8(edge, c, ldc, rows, cols, add);
}

// C[6,8] from two panels: rows 0-3 of the one at `four`, two neighbouring rows of the one at `two`.
//
// Twelve accumulators hide the latency of a multiply-add, which the eight above only just do. They stay in registers
// because behind the loop they are stored and nothing else: with an addition there V8 up to 12.4 spills them within the
// loop (60 -> 40 GFLOP/s). So the sums lie in `tile` for a moment, [6][8]. For the same reason this must stay a
// function, which two callers keep it.
function micro6x8(k: i32, four: usize, two: usize, b: usize, tile: usize): void {
  let c00 = zero4();
  let c01 = zero4();
  let c10 = zero4();
  let c11 = zero4();
  let c20 = zero4();
  let c21 = zero4();
  let c30 = zero4();
  let c31 = zero4();
  let c40 = zero4();
  let c41 = zero4();
  let c50 = zero4();
  let c51 = zero4();
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(four);
    c00 = fma(a0, b0, c00);
    c01 = fma(a0, b1, c01);
    const a1 = v128.load32_splat(four, 4);
    c10 = fma(a1, b0, c10);
    c11 = fma(a1, b1, c11);
    const a2 = v128.load32_splat(four, 8);
    c20 = fma(a2, b0, c20);
    c21 = fma(a2, b1, c21);
    const a3 = v128.load32_splat(four, 12);
    c30 = fma(a3, b0, c30);
    c31 = fma(a3, b1, c31);
    const a4 = v128.load32_splat(two);
    c40 = fma(a4, b0, c40);
    c41 = fma(a4, b1, c41);
    const a5 = v128.load32_splat(two, 4);
    c50 = fma(a5, b0, c50);
    c51 = fma(a5, b1, c51);
    four += 16;
    two += 16;
    b += 32;
  }
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
  v128.store(tile, c30, 96);
  v128.store(tile, c31, 112);
  v128.store(tile, c40, 128);
  v128.store(tile, c41, 144);
  v128.store(tile, c50, 160);
  v128.store(tile, c51, 176);
}

// `rows` rows of 8 columns of a tile.
function putRows(tile: usize, c: usize, ldc: usize, rows: i32, add: i32): void {
  for (; rows > 0; rows--) {
    put(c, v128.load(tile), add);
    put(c + 16, v128.load(tile, 16), add);
    tile += 32;
    c += ldc;
  }
}

// Rows 0-3 of a 6 x 8 tile belong at `four`, of which `rows` exist, its other two, of which `pair` exist, at `two`.
function tile6x8(
  k: i32,
  aFour: usize,
  aTwo: usize,
  b: usize,
  four: usize,
  two: usize,
  ldc: usize,
  rows: i32,
  pair: i32,
  cols: i32,
  add: i32,
  tile: usize,
): void {
  if (rows === 4 && pair === 2 && cols === 8) {
    micro6x8(k, aFour, aTwo, b, tile);
    putRows(tile, four, ldc, 4, add);
    putRows(tile + 128, two, ldc, 2, add);
  } else {
    micro6x8(k, aFour, aTwo, b, tile);
    putPartOf8(tile, four, ldc, rows, cols, add);
    putPartOf8(tile + 128, two, ldc, pair, cols, add);
  }
}

// C[m,n] = or += packed A [m/4 panels][k][4] . packed B [n/8 panels][k][8]. bPanel is the distance between panels of
// B in bytes (k * 32, or more when B is packed for more steps than these k); ldc in bytes.
//
// Tiles of 6 rows where the two roundings of build `base` do not bind and k is long enough to pay for a tile's detour
// through memory: then three panels of A are two tiles, the first and the upper half of the second, its lower half and
// the third. Not for rows of C whole pages apart: their stores hold up the loads of the next tile (1024^3: 48 instead of
// 52 GFLOP/s).
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
  const tall = ASC_FEATURE_RELAXED_SIMD && k >= 32 && (ldc & 4095) !== 0;
  for (let j = 0; j < n; j += 8) {
    const cols = min32(8, n - j);
    let ap = a;
    let cp = c + (j << 2);
    for (let i = 0; i < m; ) {
      const rest = m - i;
      if (!tall || rest < 5 || rest === 7 || rest === 8) {
        const rows = min32(4, rest);
        if (rows === 4 && cols === 8) micro4x8(k, ap, 16, b, 32, cp, ldc, add);
        else microEdge(k, ap, 16, b, 32, cp, ldc, add, rows, cols, edge);
        i += 4;
        ap += aPanel;
        cp += ldc << 2;
      } else {
        const second = ap + aPanel;
        tile6x8(k, ap, second, b, cp, cp + (ldc << 2), ldc, 4, min32(2, rest - 4), cols, add, edge);
        if (rest < 7) break;
        ap = second + aPanel;
        cp += 6 * ldc;
        tile6x8(k, ap, second + 8, b, cp + 2 * ldc, cp, ldc, min32(4, rest - 8), 2, cols, add, edge);
        i += 12;
        ap += aPanel;
        cp += 6 * ldc;
      }
    }
    b += bPanel;
  }
}
