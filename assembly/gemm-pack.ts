// Packing: copies a strip of a matrix into the order in which the micro-kernel reads it.
//
// A panel is 4 (left operand) or 8 (right operand) lines wide. Step p of the panel holds element p of each line,
// side by side; a panel of 8 is two strips of 4 interleaved. Lines that the matrix does not have are zeros.
import { min32, zero4 } from './simd';

// dst[p*step + i] = src[p*ld + i], i < 4: the strip's lines lie side by side in the source. Lines from `width` on
// are 0.
export function packAcross(dst: usize, step: usize, src: usize, ld: usize, width: i32, k: i32): void {
  if (width >= 4) {
    for (let p = 0; p < k; p++) {
      v128.store(dst, v128.load(src));
      dst += step;
      src += ld;
    }
    return;
  }
  for (let p = 0; p < k; p++) {
    v128.store(dst, zero4());
    for (let i = 0; i < width; i++) store<f32>(dst + (i << 2), load<f32>(src + (i << 2)));
    dst += step;
    src += ld;
  }
}

// dst[p*step + i] = line_i[p], i < 4: each line is contiguous in the source, so 4 x 4 blocks are transposed in
// registers.
export function packLines(dst: usize, step: usize, l0: usize, l1: usize, l2: usize, l3: usize, k: i32): void {
  for (; k >= 4; k -= 4) {
    const a = v128.load(l0);
    const b = v128.load(l1);
    const c = v128.load(l2);
    const d = v128.load(l3);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(dst, v128.shuffle<f64>(abLow, cdLow, 0, 2));
    v128.store(dst + step, v128.shuffle<f64>(abLow, cdLow, 1, 3));
    dst += step << 1;
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
    v128.store(dst + step, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
    dst += step << 1;
    l0 += 16;
    l1 += 16;
    l2 += 16;
    l3 += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(l0));
    store<f32>(dst, load<f32>(l1), 4);
    store<f32>(dst, load<f32>(l2), 8);
    store<f32>(dst, load<f32>(l3), 12);
    dst += step;
    l0 += 4;
    l1 += 4;
    l2 += 4;
    l3 += 4;
  }
}

// As packLines for lines that are `ld` bytes apart, of which only `width` exist.
export function packAlong(dst: usize, step: usize, src: usize, ld: usize, width: i32, k: i32): void {
  if (width >= 4) {
    packLines(dst, step, src, src + ld, src + 2 * ld, src + 3 * ld, k);
    return;
  }
  for (let p = 0; p < k; p++) {
    v128.store(dst, zero4());
    for (let i = 0; i < width; i++) store<f32>(dst + (i << 2), load<f32>(src + <usize>i * ld));
    dst += step;
    src += 4;
  }
}

// A strip of 4 lines whose element (line i, step p) is src[i*line + p] or, when `across`, src[p*line + i].
function packStrip(dst: usize, step: usize, src: usize, ld: usize, across: bool, width: i32, k: i32): void {
  if (across) packAcross(dst, step, src, ld, width, k);
  else packAlong(dst, step, src, ld, width, k);
}

// Four panels of 8 lines at once where lines lie side by side: a step's row is read by whole cache lines, which rows a
// power of two apart would otherwise drive out of L1 before the next panel reads on.
function packFour(dst: usize, src: usize, ld: usize, k: i32): void {
  const panel = (<usize>k) << 5;
  for (let p = 0; p < k; p++) {
    let from = src;
    let to = dst;
    for (let i = 0; i < 2; i++) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      v128.store(to, a);
      v128.store(to, b, 16);
      v128.store(to + panel, c);
      v128.store(to + panel, d, 16);
      from += 64;
      to += panel << 1;
    }
    src += ld;
    dst += 32;
  }
}

// Panels of 4: lines 0 .. lines-1, k steps each, one panel after the other. `ld` in bytes.
export function packPanels4(dst: usize, src: usize, ld: usize, across: bool, lines: i32, k: i32): void {
  const lineBytes: usize = across ? 4 : ld;
  for (let i = 0; i < lines; i += 4) {
    packStrip(dst, 16, src + <usize>i * lineBytes, ld, across, min32(4, lines - i), k);
    dst += (<usize>k) << 4;
  }
}

// Panels of 8: likewise.
export function packPanels8(dst: usize, src: usize, ld: usize, across: bool, lines: i32, k: i32): void {
  const lineBytes: usize = across ? 4 : ld;
  const panel = (<usize>k) << 5;
  let j = 0;
  for (; across && j + 32 <= lines; j += 32) {
    packFour(dst, src + ((<usize>j) << 2), ld, k);
    dst += panel << 2;
  }
  for (; j < lines; j += 8) {
    const strip = src + <usize>j * lineBytes;
    packStrip(dst, 32, strip, ld, across, min32(4, lines - j), k);
    packStrip(dst + 16, 32, strip + 4 * lineBytes, ld, across, min32(4, lines - j - 4), k);
    dst += panel;
  }
}
