// Input gradient of conv2d for few input channels or large strides, one sample at a time:
//
//   maps[ky,kx,c][oy,ox] = sum over o of w[ky,kx,c,o] * g[oy,ox,o]
//                          a product [kh*kw*ci/groups, co/groups] . [co/groups, oh*ow]
//   dx = each map added at its tap's offset, into planes (conv2d-planes), a row at a time
//
// No lane is idle for want of input channels, and no product has a zero of the border or of the stride as a factor.
// The price is an addition for each element of the maps, small beside the co/groups products of which it is the sum.
import { addMap, copyPlanes, listOffsets, planeStepY, setPlanes } from './conv2d-planes';
import { microPanels } from './gemm-micro';
import { packPanels4, packPanels8 } from './gemm-pack';
import { min32, roundUp } from './simd';
import { A_PANELS, A_PANELS_BYTES, B_PANELS, B_PANELS_BYTES, EDGE, PLANES, PLANES_BYTES, WORKSPACE } from './workspace';

const MAPS = 64; // at a time
const PIXELS = 256; // at a time: whole rows of the output, one at least

function rowsAtATime(oh: i32, ow: i32): i32 {
  return ow < PIXELS ? min32(oh, PIXELS / ow) : 1;
}

// Whether the workspace can hold all of it.
export function mapsFit(
  inC: i32,
  outC: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  dilH: i32,
  dilW: i32,
): bool {
  const k = kh * kw * inC;
  const planes = setPlanes(inC, kh, kw, oh, ow, strideH, strideW, 0, 0, dilH, dilW);
  const pixels = <f64>roundUp(rowsAtATime(oh, ow) * ow, 8);
  const maps = <f64>MAPS * pixels * 4;
  const weights = <f64>roundUp(k, 4) * <f64>outC * 4;
  if (weights > <f64>B_PANELS_BYTES || planes + maps + <f64>k * 4 + 128 > <f64>PLANES_BYTES) return false;
  return pixels * <f64>outC * 4 <= <f64>A_PANELS_BYTES;
}

export function inputGradFromMaps(
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
  const planesBytes = <usize>setPlanes(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW);
  const offsets = WORKSPACE + PLANES;
  const planes = offsets + <usize>roundUp(k << 2, 64);
  const maps = planes + planesBytes;
  const weights = WORKSPACE + B_PANELS;
  const gradients = WORKSPACE + A_PANELS;
  const stepY = planeStepY(strideH);
  const rows = rowsAtATime(oh, ow);
  const panelBytes = (<usize>outC) << 4;
  listOffsets(offsets, kh, kw, dilH, dilW);
  for (let group = 0; group < groups; group++) {
    packPanels4(weights, w + ((<usize>(group * outC)) << 2), gBytes, false, k, outC);
    for (let i = 0; i < n; i++) {
      const from = g + <usize>(i * oh * ow) * gBytes + ((<usize>(group * outC)) << 2);
      memory.fill(planes, 0, planesBytes);
      for (let oy = 0; oy < oh; oy += rows) {
        const some = min32(rows, oh - oy);
        const pixels = some * ow;
        // maps and pixels beyond the last are computed too, from zeros: every tile is whole
        const mapBytes = (<usize>roundUp(pixels, 8)) << 2;
        packPanels8(gradients, from + <usize>(oy * ow) * gBytes, gBytes, false, pixels, outC);
        for (let t = 0; t < k; t += MAPS) {
          const count = min32(MAPS, k - t);
          const panels = weights + <usize>(t >> 2) * panelBytes;
          const n8 = roundUp(pixels, 8);
          microPanels(
            panels,
            gradients,
            panelBytes << 1,
            maps,
            roundUp(count, 4),
            n8,
            outC,
            mapBytes,
            0,
            WORKSPACE + EDGE,
          );
          for (let m = 0; m < count; m++) {
            const offset = load<usize>(offsets + ((<usize>(t + m)) << 2)) + <usize>oy * stepY;
            addMap(planes, offset, maps + <usize>m * mapBytes, some, ow, stepY);
          }
        }
      }
      copyPlanes(planes, dx + <usize>(i * h * wd) * pixelBytes + ((<usize>(group * inC)) << 2), h, wd, pixelBytes, 1);
    }
  }
}
