// The nonzero elements of a matrix, line by line, as lists of values and of where their partners lie.
//
//   line i of the operand: values[i][0..count-1] and offsets[i][0..count-1], in the order of k. An offset is the byte
//   distance of step k's row in a panel (PANEL_ROW bytes a row).
//
// Zeros are left out without a branch: four elements at a time are shuffled to the front by a table of the 16 cases.
import { KC, MC } from './gemm-blocks';
import { packAlong, packLines } from './gemm-pack';
import { min32, zero4 } from './simd';
import { PLANES, WORKSPACE } from './workspace';

// of 40 columns, of which the narrower panels leave the last ones unused
export const PANEL_ROW = 160;

// bytes for one line's list: stores are four elements wide
const LIST: usize = (KC + 4) << 2;
const VALUES: usize = PLANES;
const OFFSETS: usize = VALUES + <usize>MC * LIST;
const COUNTS: usize = OFFSETS + <usize>MC * LIST;
const LINES: usize = COUNTS + ((<usize>MC) << 2);
// lines transposed at once: a cache line of the source
const STRIP = 16;

export function valuesOf(line: i32): usize {
  return WORKSPACE + VALUES + <usize>line * LIST;
}

export function offsetsOf(line: i32): usize {
  return WORKSPACE + OFFSETS + <usize>line * LIST;
}

export function countOf(line: i32): i32 {
  return load<i32>(WORKSPACE + COUNTS + (line << 2));
}

// The bytes of elements 0 to 3 in a shuffle, and for each mask of four the shuffle that brings the elements whose bits
// are set to the front.
const E0: u32 = 0x03020100;
const E1: u32 = 0x07060504;
const E2: u32 = 0x0b0a0908;
const E3: u32 = 0x0f0e0d0c;
// biome-ignore format: a line for every four masks
const FRONT: usize = memory.data<u32>([
  E0, E0, E0, E0,  E0, E0, E0, E0,  E1, E0, E0, E0,  E0, E1, E0, E0,
  E2, E0, E0, E0,  E0, E2, E0, E0,  E1, E2, E0, E0,  E0, E1, E2, E0,
  E3, E0, E0, E0,  E0, E3, E0, E0,  E1, E3, E0, E0,  E0, E1, E3, E0,
  E2, E3, E0, E0,  E0, E2, E3, E0,  E1, E2, E3, E0,  E0, E1, E2, E3,
]);

// The bytes of x that `front`, all of whose indices are in range, names.
function pick(x: v128, front: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(x, front);
  return i8x16.swizzle(x, front);
}

// One line of k contiguous elements into list number `line`. NaN counts as nonzero, -0 as zero.
function listLine(from: usize, k: i32, line: i32): void {
  const values = valuesOf(line);
  const offsets = offsetsOf(line);
  let end: usize = 0;
  let rows = i32x4(0, PANEL_ROW, 2 * PANEL_ROW, 3 * PANEL_ROW);
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const x = v128.load(from);
    const mask = i32x4.bitmask(f32x4.ne(x, zero4()));
    const front = v128.load(FRONT + ((<usize>mask) << 4));
    v128.store(values + end, pick(x, front));
    v128.store(offsets + end, pick(rows, front));
    end += (<usize>popcnt(mask)) << 2;
    rows = i32x4.add(rows, i32x4.splat(4 * PANEL_ROW));
    from += 16;
  }
  for (; p < k; p++) {
    const x = load<f32>(from);
    store<f32>(values + end, x);
    store<i32>(offsets + end, p * PANEL_ROW);
    end += x !== 0 ? 4 : 0;
    from += 4;
  }
  store<i32>(WORKSPACE + COUNTS + (line << 2), <i32>(end >> 2));
}

// Lists of lines 0 .. lines-1 (at most MC), k steps each (at most KC). Element (line i, step p) is src[i*ld + p] or,
// when `across`, src[p*ld + i]: then lines are transposed first. `ld` in bytes.
export function listLines(src: usize, ld: usize, across: bool, lines: i32, k: i32): void {
  if (!across) {
    for (let i = 0; i < lines; i++) listLine(src + <usize>i * ld, k, i);
    return;
  }
  const scratch = WORKSPACE + LINES;
  for (let i = 0; i < lines; i += STRIP) {
    const count = min32(STRIP, lines - i);
    for (let p = 0; p < k; p += 4) {
      const from = src + <usize>p * ld + ((<usize>i) << 2);
      const to = scratch + ((<usize>p) << 2);
      if (k - p >= 4) packLines(to, LIST, from, from + ld, from + 2 * ld, from + 3 * ld, count);
      else packAlong(to, LIST, from, ld, k - p, count);
    }
    for (let q = 0; q < count; q++) listLine(scratch + <usize>q * LIST, k, i + q);
  }
}
