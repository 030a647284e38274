// Weight gradient of a convolution with stride 1, in tiles: the roles of winograd.ts turned round. The r x r weights are
// the outputs, tiles of 4 x 4 output gradients are the taps, and the sum runs over tiles of all samples:
//
//   dw[c, o] = A^T [ sum over tiles of (B^T d[tile, c] B) * (G g[tile, o] G^T) ] A
//
//   V[position][c, tile] . W[position][tile, o] added to M[position][c, o], a block of tiles at a time
//
// All vectors run along channels. A block is some samples side by side, or some rows of tiles of one sample; it depends
// on the sizes of the whole convolution, so the shares of the filters have the bits of the whole.
import { copyFloats } from './conv2d-gather';
import { microPanels } from './gemm-micro';
import { max32, min32, roundUp } from './simd';
import { apart } from './winograd';
import { inputs6, outputs6to3, taps4to6 } from './winograd-6';
import { inputs8, outputs8to5, taps4to8 } from './winograd-8';
import { A_PANELS, A_PANELS_BYTES, B_PANELS, B_PANELS_BYTES, EDGE, PLANES, PLANES_BYTES, WORKSPACE } from './workspace';

const TILE = 4; // output gradients of a tile along each axis
const BLOCK_BYTES = 786432; // of V and W
const MOST_TILES = 64; // of a block: long sums of transformed tiles lose accuracy

// The convolution that is under way.
let taps = 0; // r
let points = 0; // r + 3
let quads = 0; // input channels in fours
let eights = 0; // filters in eights
let tilesX = 0;
let samples = 0; // of the block
let across = 0; // tiles in a row of the block: samples * tilesX
let line: usize = 0; // one row of one sample, padded
let ring: usize = 0; // the last `points` image rows, transformed along x: [points][points][quads][across][4]
let ringRow: usize = 0;
let half: usize = 0; // four rows of gradients, transformed along x: [4][points][eights][across][8]
let halfRow: usize = 0;
let blockV: usize = 0;
let stepV: usize = 0; // between positions
let blockW: usize = 0;
let stepW: usize = 0;

function transformInputs(
  count: i32,
  s0: usize,
  s1: usize,
  s2: usize,
  s3: usize,
  s4: usize,
  s5: usize,
  s6: usize,
  s7: usize,
  fromAdvance: usize,
  to: usize,
  step: usize,
): void {
  if (points === 6) inputs6(count, s0, s1, s2, s3, s4, s5, fromAdvance, to, step, 16);
  else inputs8(count, s0, s1, s2, s3, s4, s5, s6, s7, fromAdvance, to, step, 16);
}

function transformGradients(
  count: i32,
  from: usize,
  fromStep: usize,
  fromAdvance: usize,
  to: usize,
  toStep: usize,
  advance: usize,
): void {
  if (points === 6) taps4to6(count, from, fromStep, fromAdvance, to, toStep, advance);
  else taps4to8(count, from, fromStep, fromAdvance, to, toStep, advance);
}

function transformOutputs(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  if (points === 6) outputs6to3(count, from, fromStep, to, toStep);
  else outputs8to5(count, from, fromStep, to, toStep);
}

// `count` pixels of `channels` floats, `padded` apart in the copy, whose other pixels (of `width`) are zeros.
function copyLine(first: i32, count: i32, width: i32, from: usize, fromPixel: usize, channels: i32, padded: i32): void {
  const pixel = (<usize>padded) << 2;
  memory.fill(line, 0, <usize>width * pixel);
  let to = line + <usize>first * pixel;
  if (fromPixel === pixel) copyFloats(to, from, count * channels);
  else {
    for (; count > 0; count--) {
      copyFloats(to, from, channels);
      to += pixel;
      from += fromPixel;
    }
  }
}

// Row y of the padded images from x on, transformed along x, into its place in the ring.
function transformRow(x: usize, y: i32, h: i32, wd: i32, ci: i32, padTop: i32, padLeft: i32): void {
  const to = ring + <usize>(y % points) * ringRow;
  const row = y - padTop;
  if (<u32>row >= <u32>h) {
    memory.fill(to, 0, ringRow);
    return;
  }
  const width = tilesX * TILE + taps - 1;
  const first = max32(0, -padLeft); // image columns first .. last-1 are seen
  const last = min32(wd, width - padLeft);
  const pixel = (<usize>quads) << 4;
  const step = (<usize>(quads * across)) << 4;
  const l2 = line + pixel * 2;
  const l4 = line + pixel * 4;
  const l6 = line + pixel * 6;
  for (let s = 0; s < samples; s++) {
    const from = x + ((<usize>((s * h + row) * wd + first) * ci) << 2);
    copyLine(first + padLeft, max32(0, last - first), width, from, (<usize>ci) << 2, ci, quads << 2);
    for (let q = 0; q < quads; q++) {
      const at = (<usize>q) << 4;
      const l = line + at;
      transformInputs(
        tilesX,
        l,
        l + pixel,
        l2 + at,
        l2 + pixel + at,
        l4 + at,
        l4 + pixel + at,
        l6 + at,
        l6 + pixel + at,
        pixel * TILE,
        to + ((<usize>(q * across + s * tilesX)) << 4),
        step,
      );
    }
  }
}

function ringAt(y: i32): usize {
  return ring + <usize>(y % points) * ringRow;
}

// Row `ty` of tiles of inputs, transformed along y: tiles first .. first+across-1 of the block's `tiles`.
function transformTileRow(ty: i32, first: i32, tiles: i32): void {
  const y = ty * TILE;
  const r0 = ringAt(y);
  const r1 = ringAt(y + 1);
  const r2 = ringAt(y + 2);
  const r3 = ringAt(y + 3);
  const r4 = ringAt(y + 4);
  const r5 = ringAt(y + 5);
  const r6 = ringAt(y + 6);
  const r7 = ringAt(y + 7);
  const stream = (<usize>across) << 4;
  let at: usize = 0;
  for (let j = 0; j < points; j++) {
    let to = blockV + <usize>j * stepV + ((<usize>first) << 4);
    for (let q = 0; q < quads; q++) {
      transformInputs(
        across,
        r0 + at,
        r1 + at,
        r2 + at,
        r3 + at,
        r4 + at,
        r5 + at,
        r6 + at,
        r7 + at,
        16,
        to,
        stepV * points,
      );
      at += stream;
      to += (<usize>tiles) << 4;
    }
  }
}

// The same for the gradients [samples,oh,ow,co] at g, `columns` filters of each pixel.
function transformGradientRow(
  g: usize,
  ty: i32,
  first: i32,
  tiles: i32,
  oh: i32,
  ow: i32,
  co: i32,
  columns: i32,
): void {
  const step = (<usize>(eights * across)) << 5;
  for (let i = 0; i < TILE; i++) {
    const row = ty * TILE + i;
    const to = half + <usize>i * halfRow;
    if (row >= oh) {
      memory.fill(to, 0, halfRow);
      continue;
    }
    for (let s = 0; s < samples; s++) {
      let from = g + ((<usize>((s * oh + row) * ow) * co) << 2);
      let pixel = (<usize>co) << 2;
      if (tilesX * TILE > ow || (columns & 7) !== 0) {
        copyLine(0, ow, tilesX * TILE, from, pixel, columns, eights << 3);
        from = line;
        pixel = (<usize>eights) << 5;
      }
      for (let q = 0; q < eights * 2; q++) {
        const at = to + ((<usize>((q >> 1) * across + s * tilesX)) << 5) + ((<usize>(q & 1)) << 4);
        transformGradients(tilesX, from + ((<usize>q) << 4), pixel, pixel * TILE, at, step, 32);
      }
    }
  }
  let from = half;
  for (let j = 0; j < points; j++) {
    let to = blockW + <usize>j * stepW + ((<usize>first) << 5);
    for (let e = 0; e < eights; e++) {
      transformGradients(across * 2, from, halfRow, 16, to, stepW * points, 16);
      from += (<usize>across) << 5;
      to += (<usize>tiles) << 5;
    }
  }
}

// M to the weights of filters 0 .. columns-1 at dw.
function writeWeights(m: usize, stepM: usize, dw: usize, ci: i32, co: i32, columns: i32): void {
  const count = eights * 2;
  const row = (<usize>eights) << 5;
  const scratch = blockV;
  const edge = scratch + <usize>(taps * points) * row;
  const tapBytes = (<usize>(ci * co)) << 2;
  for (let c = 0; c < ci; c++) {
    let from = m + <usize>c * row;
    for (let j = 0; j < points; j++) {
      transformOutputs(count, from, stepM * points, scratch + <usize>j * row, row * points);
      from += stepM;
    }
    for (let y = 0; y < taps; y++) {
      const to = dw + <usize>(y * taps) * tapBytes + ((<usize>(c * co)) << 2);
      const at = scratch + <usize>(y * points) * row;
      if ((columns & 3) === 0) transformOutputs(columns >> 2, at, row, to, tapBytes);
      else {
        transformOutputs(count, at, row, edge, row);
        for (let x = 0; x < taps; x++) copyFloats(to + <usize>x * tapBytes, edge + <usize>x * row, columns);
      }
    }
  }
}

// Filters at a time: as many as have their M in B_PANELS.
function columnsThatFit(positions: i32, inC: i32, filters: i32): i32 {
  const most = (<i32>B_PANELS_BYTES / positions - 128) / (roundUp(inC, 4) << 2);
  return min32(roundUp(filters, 8), min32(512, most & -8));
}

// As winogradCost, for the whole batch.
export function weightGradCost(n: i32, kh: i32, kw: i32, ci: i32, co: i32, oh: i32, ow: i32): f64 {
  if (kh !== kw || (kh !== 3 && kh !== 5) || ci === 0 || co === 0) return Infinity;
  const side = kh + TILE - 1;
  const positions = side * side;
  const columns = columnsThatFit(positions, ci, co);
  const padded = roundUp(co, 8);
  if (columns < min32(32, padded)) return Infinity;
  const wide = (ow + TILE - 1) / TILE;
  const inC = <f64>roundUp(ci, 4);
  const row =
    <f64>wide * 4 * (<f64>positions * (2 * inC + <f64>columns) + <f64>(4 * side * columns)) + <f64>(positions * 512);
  const linePixels = <f64>(wide * TILE + kh - 1) * 4;
  if (row > <f64>PLANES_BYTES || linePixels * max<f64>(inC, <f64>columns) > <f64>A_PANELS_BYTES) return Infinity;
  const passes = <f64>((co + columns - 1) / columns);
  const perTile = inC * <f64>(padded + 6) + 5 * inC * passes + <f64>(5 * padded);
  return 1.25 * <f64>positions * (<f64>n * <f64>(wide * ((oh + TILE - 1) / TILE)) * perTile + 3 * inC * <f64>padded);
}

// dw [r,r,ci,co] of filters start .. end-1, from x [n,h,wd,ci] and g [n,oh,ow,co].
export function weightGradFromTiles(
  x: usize,
  g: usize,
  dw: usize,
  n: i32,
  h: i32,
  wd: i32,
  ci: i32,
  r: i32,
  co: i32,
  oh: i32,
  ow: i32,
  padTop: i32,
  padLeft: i32,
  start: i32,
  end: i32,
): void {
  taps = r;
  points = TILE + r - 1;
  quads = (ci + 3) >> 2;
  tilesX = (ow + TILE - 1) / TILE;
  const tilesY = (oh + TILE - 1) / TILE;
  const positions = points * points;
  const most = columnsThatFit(positions, ci, co);
  const fit = min32(MOST_TILES, max32(1, BLOCK_BYTES / (positions * ((quads << 4) + (most << 2)))));
  const together = min32(n, max32(1, fit / (tilesX * tilesY)));
  const rows = min32(tilesY, max32(1, fit / tilesX));
  const blockM = WORKSPACE + B_PANELS;
  line = WORKSPACE + A_PANELS;
  blockV = WORKSPACE + PLANES;
  for (let o = start; o < end; o += most) {
    const columns = min32(most, end - o);
    eights = (columns + 7) >> 3;
    const stepM = apart((<usize>(quads * eights)) << 7);
    let add = 0;
    for (let i = 0; i < n; i += together) {
      samples = min32(together, n - i);
      across = samples * tilesX;
      stepV = apart((<usize>(rows * across * quads)) << 4);
      stepW = apart((<usize>(rows * across * eights)) << 5);
      ringRow = (<usize>(points * quads * across)) << 4;
      halfRow = (<usize>(points * eights * across)) << 5;
      blockW = blockV + stepV * positions;
      ring = blockW + stepW * positions;
      half = ring + ringRow * points;
      const from = x + ((<usize>(i * h * wd) * ci) << 2);
      const gradients = g + ((<usize>(i * oh * ow) * co + o) << 2);
      let done = 0; // rows of the padded images
      for (let t = 0; t < tilesY; t += rows) {
        const last = min32(tilesY, t + rows);
        const tiles = (last - t) * across;
        for (let ty = t; ty < last; ty++) {
          for (; done < ty * TILE + points; done++) transformRow(from, done, h, wd, ci, padTop, padLeft);
          transformTileRow(ty, (ty - t) * across, tiles);
          transformGradientRow(gradients, ty, (ty - t) * across, tiles, oh, ow, co, columns);
        }
        for (let p = 0; p < positions; p++) {
          microPanels(
            blockV + <usize>p * stepV,
            blockW + <usize>p * stepW,
            (<usize>tiles) << 5,
            blockM + <usize>p * stepM,
            quads << 2,
            eights << 3,
            tiles,
            (<usize>eights) << 5,
            add,
            WORKSPACE + EDGE,
          );
        }
        add = 1;
      }
    }
    writeWeights(blockM, stepM, dw + ((<usize>o) << 2), ci, co, columns);
  }
}
