// How the weight gradient is cut into shares of the filters and blocks of the pixels, whichever way it is computed.
//
// Pixels come in blocks of at most KC: consecutive pixels of the batch, or with few channels (whose patches are
// cheaper to read from planes) whole rows of one sample. A block is summed from zero in the order of its pixels, then
// added to dw: the bits of dw are those of this order, and leaving out products with zero does not change them.
import { setPlanes } from './conv2d-planes';
import { KC } from './gemm-blocks';
import { PLANES_BYTES } from './workspace';

// Where share `part` begins: the filters are dealt out in panels of 8 that lie within one group.
export function firstFilter(part: i32, parts: i32, outC: i32, groups: i32): i32 {
  const panels = (outC + 7) >> 3; // of one group
  const panel = <i32>((<i64>(panels * groups) * part) / parts);
  return part === parts || panels === 0 ? outC * groups : (panel / panels) * outC + (panel % panels) * 8;
}

// The rows of a block of whole rows: as few blocks as possible, of nearly equal numbers of rows. 0 when blocks are of
// consecutive pixels.
export function rowsOfBlock(
  inC: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  strideH: i32,
  strideW: i32,
  padTop: i32,
  padLeft: i32,
  dilH: i32,
  dilW: i32,
): i32 {
  const planes = setPlanes(inC, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilH, dilW);
  if (inC >= 8 || ow > KC || planes + <f64>(kh * kw * inC) * 4 + 64 > <f64>PLANES_BYTES) return 0;
  const most = KC / ow;
  const blocks = (oh + most - 1) / most;
  return (oh + blocks - 1) / blocks;
}
