// One block of a matrix product of which one operand is mostly zeros (the gradient behind a relu, an image's border):
// its zeros are left out.
//
//   S [lines,kc] the sparse operand, D [kc,columns] the other; C = or += S D, or (S D)^T when `across`.
//
// S becomes lists of nonzeros, D panels of 40 or 32 columns, and each list runs over each panel while the panel is in L1.
// The sums are those of the dense way bit for bit, with one exception that is never taken: 0 * y is NaN where y is
// infinite or NaN. A block of D that holds one is refused, and the caller takes the dense way.
import { MC } from './gemm-blocks';
import { countOf, listLines, offsetsOf, PANEL_ROW, valuesOf } from './gemm-lists';
import { microList16, microList32, microList40, putRow } from './gemm-micro-lists';
import { packAcross, packAlong } from './gemm-pack';
import { min32, roundUp, zero4 } from './simd';
import { putPart, putTransposed } from './transpose';
import { B_PANELS, EDGE, WORKSPACE } from './workspace';

// Columns of D that are packed at once: their panels fill B_PANELS.
export const SPARSE_NC = 1920;

// How many columns the next panel takes when so many are left: 40, or 32 where that leaves fewer narrow ones.
function panelWidth(rest: i32): i32 {
  if (rest <= 32) return rest > 16 ? 32 : 16;
  const columns = roundUp(rest, 8);
  const narrower = ((40 - (columns % 40)) >> 3) % 5;
  return (narrower > 0 && columns >= narrower * 32) || columns === 48 ? 32 : 40;
}

// Columns 0 .. columns-1 of a panel, filled up with zeros to `width`, k steps; false when one is infinite or NaN.
// Column j's step p is src[p*ld + j] when `adjacent`, else src[j*ld + p].
function packPanel(dst: usize, src: usize, ld: usize, adjacent: bool, columns: i32, width: i32, k: i32): bool {
  const bytes = (<usize>width) << 2;
  if (adjacent && columns >= width) {
    for (let p = 0; p < k; p++) {
      const to = dst + <usize>(p * PANEL_ROW);
      for (let q: usize = 0; q < bytes; q += 32) {
        v128.store(to + q, v128.load(src + q));
        v128.store(to + q, v128.load(src + q, 16), 16);
      }
      src += ld;
    }
  } else {
    for (let q = 0; q < width; q += 4) {
      const to = dst + (q << 2);
      if (adjacent) packAcross(to, PANEL_ROW, src + (q << 2), ld, min32(4, columns - q), k);
      else packAlong(to, PANEL_ROW, src + <usize>q * ld, ld, min32(4, columns - q), k);
    }
  }
  let bad = zero4();
  for (let p = 0; p < k; p++) {
    for (let q: usize = 0; q < bytes; q += 32) {
      bad = v128.or(bad, v128.or(timesZero(v128.load(dst + q)), timesZero(v128.load(dst + q, 16))));
    }
    dst += PANEL_ROW;
  }
  return i32x4.all_true(f32x4.eq(bad, zero4()));
}

// 0 or -0 for a finite number, NaN for the others.
function timesZero(x: v128): v128 {
  return f32x4.mul(x, zero4());
}

function sumList(width: i32, line: i32, panel: usize, sums: usize): void {
  if (width === 40) microList40(countOf(line), valuesOf(line), offsetsOf(line), panel, sums);
  else if (width === 32) microList32(countOf(line), valuesOf(line), offsetsOf(line), panel, sums);
  else microList16(countOf(line), valuesOf(line), offsetsOf(line), panel, sums);
}

// One panel's columns of every line's row of C. `to` is C's element (line 0, column 0).
function rowsOfPanel(panel: usize, to: usize, ldc: usize, lines: i32, columns: i32, width: i32, add: i32): void {
  const sums = WORKSPACE + EDGE;
  for (let i = 0; i < lines; i++) {
    sumList(width, i, panel, sums);
    putRow(to, sums, columns, add);
    to += ldc;
  }
}

// The same where lines are columns of C: four at a time, transposed on the way. `to` is C's element (column 0, line 0).
function columnsOfPanel(panel: usize, to: usize, ldc: usize, lines: i32, columns: i32, width: i32, add: i32): void {
  const edge = WORKSPACE + EDGE;
  const part = edge + 4 * PANEL_ROW;
  for (let i = 0; i < lines; i += 4) {
    const count = min32(4, lines - i);
    for (let r = 0; r < count; r++) sumList(width, i + r, panel, edge + <usize>(r * PANEL_ROW));
    for (let q = 0; q < columns; q += 4) {
      const at = edge + (q << 2);
      const rows = min32(4, columns - q);
      const c = to + <usize>q * ldc + (i << 2);
      const a = v128.load(at);
      const b = v128.load(at + PANEL_ROW);
      const d = v128.load(at + 2 * PANEL_ROW);
      const e = v128.load(at + 3 * PANEL_ROW);
      if (count === 4 && rows === 4) putTransposed(c, ldc, a, b, d, e, add);
      else {
        putTransposed(part, 16, a, b, d, e, 0);
        putPart(part, c, ldc, rows, count, add);
      }
    }
  }
}

// sAcross: S's lines lie side by side ([kc,lines] in memory); dAdjacent: D's columns do. Strides in bytes. Returns
// false, and leaves C alone, when D has an infinity or a NaN.
export function sparseBlock(
  s: usize,
  sLd: usize,
  sAcross: bool,
  d: usize,
  dLd: usize,
  dAdjacent: bool,
  c: usize,
  ldc: usize,
  lines: i32,
  columns: i32,
  kc: i32,
  add: i32,
  across: bool,
): bool {
  const panels = WORKSPACE + B_PANELS;
  const panelBytes = <usize>(kc * PANEL_ROW);
  let panel = panels;
  for (let q = 0; q < columns; q += panelWidth(columns - q)) {
    const from = d + <usize>q * (dAdjacent ? 4 : dLd);
    const width = panelWidth(columns - q);
    if (!packPanel(panel, from, dLd, dAdjacent, min32(width, columns - q), width, kc)) return false;
    panel += panelBytes;
  }
  for (let i = 0; i < lines; i += MC) {
    const count = min32(MC, lines - i);
    listLines(s + <usize>i * (sAcross ? 4 : sLd), sLd, sAcross, count, kc);
    panel = panels;
    for (let q = 0; q < columns; q += panelWidth(columns - q)) {
      const width = panelWidth(columns - q);
      const used = min32(width, columns - q);
      if (across) columnsOfPanel(panel, c + <usize>q * ldc + (i << 2), ldc, count, used, width, add);
      else rowsOfPanel(panel, c + <usize>i * ldc + (q << 2), ldc, count, used, width, add);
      panel += panelBytes;
    }
  }
  return true;
}
