// Storing a tile whose vectors run across the rows of the result.
import { settle } from './simd';

// Vectors a, b, c, d are 4 columns of rows 0 .. 3: their transpose is stored (add = 0) or added (add = 1) as 4 rows.
export function putTransposed(to: usize, ld: usize, a: v128, b: v128, c: v128, d: v128, add: i32): void {
  const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  let r0 = settle(v128.shuffle<f64>(abLow, cdLow, 0, 2));
  let r1 = settle(v128.shuffle<f64>(abLow, cdLow, 1, 3));
  let r2 = settle(v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
  let r3 = settle(v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
  const to1 = to + ld;
  const to2 = to1 + ld;
  const to3 = to2 + ld;
  if (add) {
    r0 = f32x4.add(v128.load(to), r0);
    r1 = f32x4.add(v128.load(to1), r1);
    r2 = f32x4.add(v128.load(to2), r2);
    r3 = f32x4.add(v128.load(to3), r3);
  }
  v128.store(to, r0);
  v128.store(to1, r1);
  v128.store(to2, r2);
  v128.store(to3, r3);
}

// The rows and columns of a partial tile (row stride 16 bytes) that exist.
export function putPart(tile: usize, to: usize, ld: usize, rows: i32, columns: i32, add: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const sum = load<f32>(tile + (j << 2));
      const at = to + (j << 2);
      store<f32>(at, add ? load<f32>(at) + sum : sum);
    }
    tile += 16;
    to += ld;
  }
}
