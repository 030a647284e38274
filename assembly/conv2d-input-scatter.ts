// Input gradient of conv2d for channels in fours, one sample at a time:
//
//   tile[q, (ky,kx,c)] = sum over o of g[q,o] * w[ky,kx,c,o]        q: output pixels; a product with tiles of 4 x 8
//   dx[pixel(q, ky, kx), c] += tile[q, (ky,kx,c)]                   each tile at once, four channels a vector
//
// Unlike the patches of conv2d-input-patches, no product has a zero of the border or of the stride as a factor: for
// strides above 1 and for convolutions without padding.
import { micro4x8 } from './gemm-micro';
import { packPanels4, packPanels8 } from './gemm-pack';
import { min32, roundUp } from './simd';
import { A_PANELS, A_PANELS_BYTES, B_PANELS, B_PANELS_BYTES, EDGE, WORKSPACE } from './workspace';

const PIXELS = 512; // at a time, or as many as A_PANELS holds

function pixelsAtATime(outC: i32): i32 {
  return min32(PIXELS, (<i32>(A_PANELS_BYTES >> 2) / outC) & -4);
}

// Whether channels come in fours and the workspace can hold the weights.
export function scatterFits(inC: i32, outC: i32, kh: i32, kw: i32): bool {
  const weights = <f64>roundUp(kh * kw * inC, 8) * <f64>outC * 4;
  return (inC & 3) === 0 && weights <= <f64>B_PANELS_BYTES && pixelsAtATime(outC) > 0;
}

export function inputGradByScatter(
  g: usize,
  w: usize,
  dx: usize,
  n: i32,
  h: i32,
  wd: i32,
  ci: i32,
  kh: i32,
  kw: i32,
  co: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
  dilW: i32,
  groups: i32,
): void {
  const inC = ci / groups;
  const outC = co / groups;
  const k = kh * kw * inC;
  const pixelBytes = (<usize>ci) << 2;
  const gBytes = (<usize>co) << 2;
  const panelBytes = (<usize>outC) << 4;
  const pixels = oh * ow;
  const block = pixelsAtATime(outC);
  const weights = WORKSPACE + B_PANELS;
  const gradients = WORKSPACE + A_PANELS;
  const tile = WORKSPACE + EDGE;
  memory.fill(dx, 0, <usize>(n * h * wd) * pixelBytes);
  for (let group = 0; group < groups; group++) {
    packPanels8(weights, w + ((<usize>(group * outC)) << 2), gBytes, false, k, outC);
    for (let i = 0; i < n; i++) {
      const sample = dx + <usize>(i * h * wd) * pixelBytes + ((<usize>(group * inC)) << 2);
      for (let q0 = 0; q0 < pixels; q0 += block) {
        const count = min32(block, pixels - q0);
        const from = g + <usize>(i * pixels + q0) * gBytes + ((<usize>(group * outC)) << 2);
        packPanels4(gradients, from, gBytes, false, count, outC);
        for (let j = 0; j < k; j += 8) {
          const panel = weights + <usize>(j >> 2) * panelBytes;
          // the taps and the channels of the panel's two halves
          const tap0 = j / inC;
          const tap1 = (j + 4) / inC;
          const ky0 = tap0 / kw;
          const ky1 = tap1 / kw;
          const y0 = ky0 * dilH - padTop;
          const y1 = ky1 * dilH - padTop;
          const x0 = (tap0 - ky0 * kw) * dilW - padLeft;
          const x1 = (tap1 - ky1 * kw) * dilW - padLeft;
          const at0 = sample + <usize>(y0 * wd + x0) * pixelBytes + ((<usize>(j - tap0 * inC)) << 2);
          const at1 = sample + <usize>(y1 * wd + x1) * pixelBytes + ((<usize>(j + 4 - tap1 * inC)) << 2);
          const heightOfSecond = j + 4 < k ? h : 0; // no pixel is inside when there is no second half
          let oy = q0 / ow;
          let ox = q0 - oy * ow;
          for (let q = 0; q < count; q += 4) {
            micro4x8(outC, gradients + <usize>(q >> 2) * panelBytes, 16, panel, 32, tile, 32, 0);
            const end = tile + ((<usize>min32(4, count - q)) << 5);
            for (let sums = tile; sums < end; sums += 32) {
              const iy = oy * strideH;
              const ix = ox * strideW;
              const pixel = <usize>(iy * wd + ix) * pixelBytes;
              if (<u32>(iy + y0) < <u32>h && <u32>(ix + x0) < <u32>wd) addVector(at0 + pixel, sums);
              if (<u32>(iy + y1) < <u32>heightOfSecond && <u32>(ix + x1) < <u32>wd) addVector(at1 + pixel, sums + 16);
              if (++ox === ow) {
                ox = 0;
                oy++;
              }
            }
          }
        }
      }
    }
  }
}

function addVector(to: usize, from: usize): void {
  v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
}
