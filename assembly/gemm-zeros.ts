// How much of a matrix is zero, from a sample: whether leaving the zeros out pays.
import { zero4 } from './simd';

const FEW = 8; // samples that a dense matrix costs
const MANY = 64;
const RUN = 16; // neighbouring elements of a sample

// Zeros in `samples` runs of neighbours spread over the rows and, by a multiplicative hash, over the columns.
function zerosIn(x: usize, rows: i32, columns: i32, ld: usize, samples: i32): i32 {
  let zeros = zero4(); // each lane's count, negated
  for (let s = 0; s < samples; s++) {
    const row = <i32>((<u64>s * <u64>rows) / <u64>samples);
    const column = <i32>((<u64>((<u32>s + 1) * 0x9e3779b1) * <u64>(columns - RUN + 1)) >> 32);
    const from = x + <usize>row * ld + ((<usize>column) << 2);
    zeros = i32x4.add(zeros, f32x4.eq(v128.load(from), zero4()));
    zeros = i32x4.add(zeros, f32x4.eq(v128.load(from, 16), zero4()));
    zeros = i32x4.add(zeros, f32x4.eq(v128.load(from, 32), zero4()));
    zeros = i32x4.add(zeros, f32x4.eq(v128.load(from, 48), zero4()));
  }
  return -(
    i32x4.extract_lane(zeros, 0) +
    i32x4.extract_lane(zeros, 1) +
    i32x4.extract_lane(zeros, 2) +
    i32x4.extract_lane(zeros, 3)
  );
}

// The estimated percentage of zeros in a matrix [rows, columns], 0 when a first look finds hardly any. `ld` in bytes.
export function percentOfZeros(x: usize, rows: i32, columns: i32, ld: usize): i32 {
  if (columns < RUN || zerosIn(x, rows, columns, ld, FEW) * 8 < FEW * RUN) return 0;
  return (zerosIn(x, rows, columns, ld, MANY) * 100) / (MANY * RUN);
}
