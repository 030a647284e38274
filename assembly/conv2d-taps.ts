// The inner loop of the few-channel convolution: 4 output channels x 8 output pixels stay in registers while the
// taps run.
//
//   C[o][q] = sum over taps t of w[t][o] * plane[q + offset(t)]
//
// The pixels are the vectors, so one input channel fills as many lanes as sixteen. Sums run in the order of the
// weights from zero and are then stored or added, as in gemm-micro: the result has the bits of the other way.
import { fma, min32, zero4 } from './simd';
import { putPart, putTransposed } from './transpose';

// Two groups of 4 pixels, at b0 and b1 in the planes and at y0 and y1 in the result, all channels. weights: panels
// of 4 channels [channels/4][taps][4]. Of the last panel only the channels that exist, and of each group only
// `count0` and `count1` pixels, are stored; `edge` holds such a partial tile on the way.
export function tapsByPixels(
  taps: i32,
  weights: usize,
  offsets: usize,
  b0: usize,
  b1: usize,
  y0: usize,
  y1: usize,
  channels: i32,
  pixelBytes: usize,
  count0: i32,
  count1: i32,
  add: i32,
  edge: usize,
): void {
  const whole = count0 === 4 && count1 === 4;
  for (let o = 0; o < channels; o += 4) {
    let c00 = zero4();
    let c01 = zero4();
    let c10 = zero4();
    let c11 = zero4();
    let c20 = zero4();
    let c21 = zero4();
    let c30 = zero4();
    let c31 = zero4();
    let at = offsets;
    for (let t = taps; t > 0; t--) {
      const offset = load<usize>(at);
      const v0 = v128.load(b0 + offset);
      const v1 = v128.load(b1 + offset);
      const w0 = v128.load32_splat(weights);
      c00 = fma(w0, v0, c00);
      c01 = fma(w0, v1, c01);
      const w1 = v128.load32_splat(weights, 4);
      c10 = fma(w1, v0, c10);
      c11 = fma(w1, v1, c11);
      const w2 = v128.load32_splat(weights, 8);
      c20 = fma(w2, v0, c20);
      c21 = fma(w2, v1, c21);
      const w3 = v128.load32_splat(weights, 12);
      c30 = fma(w3, v0, c30);
      c31 = fma(w3, v1, c31);
      weights += 16;
      at += 4;
    }
    if (whole && o + 4 <= channels) {
      putTransposed(y0, pixelBytes, c00, c10, c20, c30, add);
      putTransposed(y1, pixelBytes, c01, c11, c21, c31, add);
    } else {
      putTransposed(edge, 16, c00, c10, c20, c30, 0);
      putTransposed(edge + 64, 16, c01, c11, c21, c31, 0);
      const rest = min32(4, channels - o);
      putPart(edge, y0, pixelBytes, count0, rest, add);
      putPart(edge + 64, y1, pixelBytes, count1, rest, add);
    }
    y0 += 16;
    y1 += 16;
  }
}
