// Fast convolution with stride 1: few products for each output, through the transforms of Winograd, Cook and Toom.
//
//   Y = A^T [ sum over c of (G w[c] G^T) * (B^T d[c] B) ] A    for every tile Y of m x m outputs, which sees inputs d
//
// A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2016). Of the p x p positions of a transformed
// tile, p = m + r - 1 for r x r taps, each is one matrix product:
//
//   V[position][tile, c] . U[position][c, o] = M[position][tile, o]
//
// U: transformed weights, packed once. V: transformed inputs, a row of tiles at a time, packed in panels of 4 tiles: the
// vectors of this transform run along tiles, those of the output transform along channels. No sum runs over tiles, so a
// pixel's bits depend on its own sample only, whatever shares its panel or block.
import { copyFloats } from './conv2d-gather';
import { microPanels } from './gemm-micro';
import { packAcross, packAlong, packLines } from './gemm-pack';
import { min32, roundUp } from './simd';
import { inputs6, outputs6to4, taps3to6 } from './winograd-6';
import { inputs8, outputs8to4, taps5to8 } from './winograd-8';
import { A_PANELS, B_PANELS, B_PANELS_BYTES, EDGE, PLANES, WORKSPACE, ZEROS, ZEROS_BYTES } from './workspace';

const TILE = 4; // m: outputs of a tile along each axis
const BLOCK_BYTES: f64 = 524288; // of V, M and the ring: they stay in the cache
const MOST_CHANNELS = 512; // as there are zeros to read outside the image

// The convolution that is under way.
let taps = 0; // r, of each axis
let points = 0; // p
let channels = 0; // summed over
let imageH = 0;
let imageW = 0;
let padY = 0;
let padX = 0;
let outH = 0;
let outW = 0;
let outC = 0;
let tilesY = 0;
let tilesX = 0;
// Tiles are taken from a strip: some samples side by side, so that small images fill panels of 4 tiles.
let strip: usize = 0; // its first sample
let samples = 0; // in the strip
let firstTile = 0; // of the part of the strip that is under way
let panels = 0; // in a row of that part
// Where things lie in the workspace, and how far apart.
let stream: usize = 0; // bytes of 4 tiles of all channels
let lines: usize = 0; // one panel of an image row, gathered: [p][channels][4 tiles]
let ring: usize = 0; // the last p image rows, transformed along x: [p][panels][p][channels][4 tiles]
let ringRow: usize = 0;
let blockV: usize = 0;
let stepV: usize = 0; // between positions of V
let blockM: usize = 0;
let stepM: usize = 0;
let stepU: usize = 0;

// Sizes that are odd multiples of 64 bytes: the positions of a tile do not compete for the same lines of the cache.
export function apart(bytes: usize): usize {
  return ((bytes + 63) & ~63) | 64;
}

function transformInputs(
  s0: usize,
  s1: usize,
  s2: usize,
  s3: usize,
  s4: usize,
  s5: usize,
  s6: usize,
  s7: usize,
  to: usize,
  step: usize,
): void {
  if (points === 6) inputs6(channels, s0, s1, s2, s3, s4, s5, 16, to, step, 16);
  else inputs8(channels, s0, s1, s2, s3, s4, s5, s6, s7, 16, to, step, 16);
}

function transformOutputs(count: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  if (points === 6) outputs6to4(count, from, fromStep, to, toStep);
  else outputs8to4(count, from, fromStep, to, toStep);
}

function transformTaps(from: usize, fromStep: usize, to: usize, advance: usize, toStep: usize): void {
  if (points === 6) taps3to6(channels, from, fromStep, to, toStep, advance);
  else taps5to8(channels, from, fromStep, to, toStep, advance);
}

// U for output channels first .. first+columns-1, in panels of 8. When `flipped`, w is [r, r, output, summed], and its
// taps are read backwards.
function packWeights(w: usize, first: i32, columns: i32, flipped: bool): void {
  const count = taps * taps;
  const tapBytes = (<usize>(channels * outC)) << 2;
  const lineBytes = (<usize>(flipped ? channels : outC)) << 2;
  const staged = WORKSPACE + PLANES;
  const half = staged + <usize>count * stream;
  const row = <usize>taps * stream;
  for (let o = 0; o < roundUp(columns, 8); o += 4) {
    const width = min32(4, columns - o);
    for (let t = 0; t < count; t++) {
      const to = staged + <usize>t * stream;
      const at = <usize>(first + o);
      if (flipped)
        packAlong(to, 16, w + <usize>(count - 1 - t) * tapBytes + at * lineBytes, lineBytes, width, channels);
      else packAcross(to, 16, w + <usize>t * tapBytes + (at << 2), lineBytes, width, channels);
    }
    for (let x = 0; x < taps; x++) {
      const at = <usize>x * stream;
      transformTaps(staged + at, row, half + at, 16, row);
    }
    let to = WORKSPACE + B_PANELS + <usize>(o >> 3) * (stream << 1) + ((<usize>(o & 4)) << 2);
    for (let y = 0; y < points; y++) {
      transformTaps(half + <usize>y * row, stream, to, 32, stepU);
      to += stepU * points;
    }
  }
}

// Pixel x of row y for tile `tile` of the strip: its address, or that of zeros.
function pixelOf(tile: i32, y: i32, x: i32): usize {
  const sample = tile / tilesX;
  const column = (tile - sample * tilesX) * TILE + x;
  if (sample >= samples || <u32>column >= <u32>imageW) return WORKSPACE + ZEROS;
  return strip + ((<usize>((sample * imageH + y) * imageW + column) * channels) << 2);
}

// Row y of the padded image, transformed along x, into its place in the ring.
function transformRow(y: i32): void {
  let to = ringAt(y);
  const row = y - padY;
  if (<u32>row >= <u32>imageH) {
    memory.fill(to, 0, ringRow);
    return;
  }
  const l2 = lines + stream * 2;
  const l4 = lines + stream * 4;
  const l6 = lines + stream * 6;
  for (let p = 0; p < panels; p++) {
    const tile = firstTile + p * 4;
    for (let j = 0; j < points; j++) {
      packLines(
        lines + <usize>j * stream,
        16,
        pixelOf(tile, row, j - padX),
        pixelOf(tile + 1, row, j - padX),
        pixelOf(tile + 2, row, j - padX),
        pixelOf(tile + 3, row, j - padX),
        channels,
      );
    }
    transformInputs(lines, lines + stream, l2, l2 + stream, l4, l4 + stream, l6, l6 + stream, to, stream);
    to += stream * points;
  }
}

function ringAt(y: i32): usize {
  return ring + <usize>(y % points) * ringRow;
}

// Row `ty` of tiles, transformed along y, into V from panel `first` on.
function transformTileRow(ty: i32, first: i32): void {
  const y = ty * TILE;
  const r0 = ringAt(y);
  const r1 = ringAt(y + 1);
  const r2 = ringAt(y + 2);
  const r3 = ringAt(y + 3);
  const r4 = ringAt(y + 4);
  const r5 = ringAt(y + 5);
  const r6 = ringAt(y + 6);
  const r7 = ringAt(y + 7);
  const step = stepV * points;
  let at: usize = 0;
  for (let p = 0; p < panels; p++) {
    let to = blockV + <usize>(first + p) * stream;
    for (let j = 0; j < points; j++) {
      transformInputs(r0 + at, r1 + at, r2 + at, r3 + at, r4 + at, r5 + at, r6 + at, r7 + at, to, step);
      at += stream;
      to += stepV;
    }
  }
}

// One tile: M to the outputs at row ty, column tx of tiles of the sample y, `columns` channels of each pixel.
function writeTile(from: usize, y: usize, ty: i32, tx: i32, columns: i32): void {
  const line = (<usize>roundUp(columns, 8)) << 2;
  const count = <i32>(line >> 4);
  const half = lines;
  const edge = half + <usize>(TILE * points) * line;
  const pixel = (<usize>outC) << 2;
  for (let j = 0; j < points; j++) {
    transformOutputs(count, from, stepM * points, half + <usize>j * line, line * points);
    from += stepM;
  }
  const width = min32(TILE, outW - tx * TILE);
  const height = min32(TILE, outH - ty * TILE);
  for (let i = 0; i < height; i++) {
    const to = y + <usize>((ty * TILE + i) * outW + tx * TILE) * pixel;
    const row = half + <usize>(i * points) * line;
    if (width === TILE && (columns & 3) === 0) transformOutputs(columns >> 2, row, line, to, pixel);
    else {
      transformOutputs(count, row, line, edge, line);
      for (let x = 0; x < width; x++) copyFloats(to + <usize>x * pixel, edge + <usize>x * line, columns);
    }
  }
}

// The multiplications of one sample, other instructions in the same unit, and a quarter more: small gains are not worth
// the accuracy. Weights count whole, though a batch shares them. Infinite where the tiles do not fit.
export function winogradCost(kh: i32, kw: i32, inC: i32, filters: i32, oh: i32, ow: i32): f64 {
  if (kh !== kw || (kh !== 3 && kh !== 5) || inC === 0 || filters === 0 || inC > MOST_CHANNELS) return Infinity;
  const positions = (kh + TILE - 1) * (kh + TILE - 1);
  const tiles = <f64>(((oh + TILE - 1) / TILE) * ((ow + TILE - 1) / TILE));
  const padded = roundUp(filters, 8);
  const columns = columnsThatFit(positions, inC, filters);
  if (columns < min32(32, padded)) return Infinity;
  const passes = <f64>((filters + columns - 1) / columns);
  const perTile = <f64>((inC + 6) * padded) + <f64>(5 * inC) * passes;
  return 1.25 * <f64>positions * (tiles * perTile + <f64>(3 * inC * padded));
}

// Output channels at a time: as many as have their U in B_PANELS, and M of a row of 4 tiles in the workspace.
function columnsThatFit(positions: i32, inC: i32, filters: i32): i32 {
  const most = (<i32>B_PANELS_BYTES / positions - 128) / (inC << 2);
  return min32(roundUp(filters, 8), min32(512, most & -8));
}

// y [n,oh,ow,filters] from x [n,h,wd,inC] and w [r,r,inC,filters]; `flipped`: w [r,r,filters,inC], its taps backwards.
export function convolveTiles(
  x: usize,
  w: usize,
  y: usize,
  n: i32,
  h: i32,
  wd: i32,
  inC: i32,
  r: i32,
  filters: i32,
  oh: i32,
  ow: i32,
  padTop: i32,
  padLeft: i32,
  flipped: bool,
): void {
  taps = r;
  points = TILE + r - 1;
  channels = inC;
  imageH = h;
  imageW = wd;
  padY = padTop;
  padX = padLeft;
  outH = oh;
  outW = ow;
  outC = filters;
  tilesY = (oh + TILE - 1) / TILE;
  tilesX = (ow + TILE - 1) / TILE;
  stream = (<usize>inC) << 4;
  lines = WORKSPACE + A_PANELS;
  ring = WORKSPACE + PLANES;
  const positions = points * points;
  memory.fill(WORKSPACE + ZEROS, 0, ZEROS_BYTES);
  const most = columnsThatFit(positions, inC, outC);
  for (let o = 0; o < outC; o += most) {
    const columns = min32(most, outC - o);
    const padded = roundUp(columns, 8);
    stepU = apart(<usize>padded * (stream >> 2));
    packWeights(w, o, columns, flipped);
    // of one panel: its rows in the ring, V and M
    const perPanel = <f64>positions * <f64>(2 * inC + padded) * 16;
    const fit = max<i32>(1, <i32>(BLOCK_BYTES / perPanel));
    const together = tilesX % 4 === 0 ? 1 : tilesX % 2 === 0 ? 2 : 4; // samples that fill their panels
    const side = min32(n, max<i32>(1, ((fit << 2) / (tilesX * max<i32>(1, min32(tilesY, 4))) / together) * together));
    for (let i = 0; i < n; i += side) {
      samples = min32(side, n - i);
      strip = x + ((<usize>(i * h * wd) * inC) << 2);
      const to = y + ((<usize>(i * oh * ow) * outC + o) << 2);
      const all = (samples * tilesX + 3) >> 2;
      for (let p = 0; p < all; p += fit) {
        panels = min32(fit, all - p);
        firstTile = p * 4;
        convolvePart(to, columns, min32(tilesY, fit / panels));
      }
    }
  }
}

// `panels` panels of the strip from firstTile on, `rows` rows of tiles at a time.
function convolvePart(y: usize, columns: i32, rows: i32): void {
  const padded = roundUp(columns, 8);
  const positions = points * points;
  const pixels = <usize>(outH * outW);
  ringRow = apart(<usize>(panels * points) * stream);
  stepV = apart(<usize>(rows * panels) * stream);
  stepM = apart((<usize>(rows * panels * padded)) << 4);
  blockV = ring + ringRow * points;
  blockM = blockV + stepV * positions;
  let done = 0; // rows of the padded image
  for (let t = 0; t < tilesY; t += rows) {
    const last = min32(tilesY, t + rows);
    for (let ty = t; ty < last; ty++) {
      for (; done < ty * TILE + points; done++) transformRow(done);
      transformTileRow(ty, (ty - t) * panels);
    }
    for (let p = 0; p < positions; p++) {
      microPanels(
        blockV + <usize>p * stepV,
        WORKSPACE + B_PANELS + <usize>p * stepU,
        stream << 1,
        blockM + <usize>p * stepM,
        (last - t) * panels * 4,
        padded,
        channels,
        (<usize>padded) << 2,
        0,
        WORKSPACE + EDGE,
      );
    }
    for (let ty = t; ty < last; ty++) {
      let from = blockM + ((<usize>((ty - t) * panels * padded)) << 4);
      for (let tile = firstTile; tile < firstTile + panels * 4; tile++) {
        const sample = tile / tilesX;
        if (sample < samples)
          writeTile(from, y + ((<usize>sample * pixels * outC) << 2), ty, tile - sample * tilesX, columns);
        from += (<usize>padded) << 2;
      }
    }
  }
}
