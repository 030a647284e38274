// dst[i . d] = src[i . s] over four dimensions of any strides: transpose, slice, pad, concat and broadcastTo are all this.
// Words are moved as integers or whole vectors, so i32 data and NaN payloads keep their bits.

/** Copies n words. */
export function copyWords(src: usize, dst: usize, n: i32): void {
  const end = (<usize>(n & ~3)) << 2;
  const all = (<usize>n) << 2;
  let o: usize = 0;
  for (; o < end; o += 16) v128.store(dst + o, v128.load(src + o));
  for (; o < all; o += 4) store<u32>(dst + o, load<u32>(src + o));
}

/** Fills n words with zero bits. */
export function zeroWords(dst: usize, n: i32): void {
  const end = (<usize>(n & ~3)) << 2;
  const all = (<usize>n) << 2;
  let o: usize = 0;
  for (; o < end; o += 16) v128.store(dst + o, i32x4.splat(0));
  for (; o < all; o += 4) store<u32>(dst + o, 0);
}

/** dst[i d + j] = src[i + j s] for i < rows, j < cols: 4 x 4 blocks, transposed in registers. */
function transpose(src: usize, dst: usize, rows: i32, cols: i32, s: usize, d: usize): void {
  const rows4 = rows & ~3;
  const cols4 = cols & ~3;
  for (let i = 0; i < rows4; i += 4) {
    let p = src + ((<usize>i) << 2);
    let q = dst + <usize>i * d;
    for (let j = 0; j < cols4; j += 4) {
      const c0 = v128.load(p);
      const c1 = v128.load(p + s);
      const c2 = v128.load(p + 2 * s);
      const c3 = v128.load(p + 3 * s);
      const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
      const b = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
      const e = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
      const f = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
      v128.store(q, v128.shuffle<i64>(a, e, 0, 2));
      v128.store(q + d, v128.shuffle<i64>(a, e, 1, 3));
      v128.store(q + 2 * d, v128.shuffle<i64>(b, f, 0, 2));
      v128.store(q + 3 * d, v128.shuffle<i64>(b, f, 1, 3));
      p += 4 * s;
      q += 16;
    }
    for (let j = cols4; j < cols; j++) {
      const c = v128.load(p);
      v128.store_lane<i32>(q, c, 0);
      v128.store_lane<i32>(q + d, c, 1);
      v128.store_lane<i32>(q + 2 * d, c, 2);
      v128.store_lane<i32>(q + 3 * d, c, 3);
      p += s;
      q += 4;
    }
  }
  for (let i = rows4; i < rows; i++) {
    let p = src + ((<usize>i) << 2);
    let q = dst + <usize>i * d;
    for (let j = 0; j < cols; j++) {
      store<u32>(q, load<u32>(p));
      p += s;
      q += 4;
    }
  }
}

/** dst[i0 d0 + … + i3 d3] = src[i0 s0 + … + i3 s3]. Distinct indices must reach distinct places of dst. */
// Elements are independent, so the dimensions may be put in any order. Each rule below hands a simpler case to itself
// until dst's unit stride is last and src's unit stride is last or last but one.
export function copy_strided_f32(
  src: usize,
  dst: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  d0: i32,
  d1: i32,
  d2: i32,
  d3: i32,
): void {
  if (n0 === 0 || n1 === 0 || n2 === 0 || n3 === 0) return;
  // dimensions of size 1 go to the front
  if (n1 === 1 && n0 !== 1) {
    copy_strided_f32(src, dst, 1, n0, n2, n3, 0, s0, s2, s3, 0, d0, d2, d3);
    return;
  }
  if (n2 === 1 && n1 !== 1) {
    copy_strided_f32(src, dst, n0, 1, n1, n3, s0, 0, s1, s3, d0, 0, d1, d3);
    return;
  }
  if (n3 === 1 && n2 !== 1) {
    copy_strided_f32(src, dst, n0, n1, 1, n2, s0, s1, 0, s2, d0, d1, 0, d2);
    return;
  }
  // the rest in descending order of dst's strides
  if (n0 !== 1 && d0 < d1) {
    copy_strided_f32(src, dst, n1, n0, n2, n3, s1, s0, s2, s3, d1, d0, d2, d3);
    return;
  }
  if (n1 !== 1 && d1 < d2) {
    copy_strided_f32(src, dst, n0, n2, n1, n3, s0, s2, s1, s3, d0, d2, d1, d3);
    return;
  }
  if (n2 !== 1 && d2 < d3) {
    copy_strided_f32(src, dst, n0, n1, n3, n2, s0, s1, s3, s2, d0, d1, d3, d2);
    return;
  }
  // two dimensions that both sides step through evenly are one
  if (n0 !== 1 && s0 === s1 * n1 && d0 === d1 * n1) {
    copy_strided_f32(src, dst, 1, n0 * n1, n2, n3, 0, s1, s2, s3, 0, d1, d2, d3);
    return;
  }
  if (n1 !== 1 && s1 === s2 * n2 && d1 === d2 * n2) {
    copy_strided_f32(src, dst, n0, 1, n1 * n2, n3, s0, 0, s2, s3, d0, 0, d2, d3);
    return;
  }
  if (n2 !== 1 && s2 === s3 * n3 && d2 === d3 * n3) {
    copy_strided_f32(src, dst, n0, n1, 1, n2 * n3, s0, s1, 0, s3, d0, d1, 0, d3);
    return;
  }
  // src's unit stride, when it is not last, goes last but one
  const turned = d3 === 1 && s3 !== 1;
  if (turned && s2 !== 1 && s1 === 1 && n1 !== 1) {
    blocks(src, dst, n0, n2, n1, n3, s0, s2, s1, s3, d0, d2, d1, d3);
    return;
  }
  if (turned && s2 !== 1 && s0 === 1 && n0 !== 1) {
    blocks(src, dst, n1, n2, n0, n3, s1, s2, s0, s3, d1, d2, d0, d3);
    return;
  }
  blocks(src, dst, n0, n1, n2, n3, s0, s1, s2, s3, d0, d1, d2, d3);
}

function blocks(
  src: usize,
  dst: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  d0: i32,
  d1: i32,
  d2: i32,
  d3: i32,
): void {
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      let p = src + ((<usize>(i0 * s0 + i1 * s1)) << 2);
      let q = dst + ((<usize>(i0 * d0 + i1 * d1)) << 2);
      if (s2 === 1 && d3 === 1 && s3 !== 1) {
        transpose(p, q, n2, n3, (<usize>s3) << 2, (<usize>d2) << 2);
        continue;
      }
      for (let i2 = 0; i2 < n2; i2++) {
        if (s3 === 1 && d3 === 1) copyWords(p, q, n3);
        else copySteps(p, q, n3, (<usize>s3) << 2, (<usize>d3) << 2);
        p += (<usize>s2) << 2;
        q += (<usize>d2) << 2;
      }
    }
  }
}

function copySteps(src: usize, dst: usize, n: i32, s: usize, d: usize): void {
  for (let i = 0; i < n; i++) {
    store<u32>(dst, load<u32>(src));
    src += s;
    dst += d;
  }
}
