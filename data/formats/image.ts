/** Single pictures: PGM by hand (the Netpbm format), PNG through fast-png, JPEG through jpeg-js. */
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import decodeJpeg from 'jpeg-js/lib/decoder.js';
import { FormatError } from '../../engine/index.ts';
import { expectMagic, guarded, hex, opening, refuseEmptyAndHtml } from './bytes.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (red, green, blue) */
  readonly channels: number;
  /** bytes [height, width, channels]; deeper pictures are rounded to 8 bits, transparency is left out */
  readonly data: Uint8Array;
}

const MAX_PIXELS = 64 << 20;
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads a PNG, JPEG or PGM, told apart by its first bytes.
 * @throws FormatError for anything else, and for damaged, cut-off or unbelievably large pictures (over 64 Mi pixels)
 */
export function readPicture(bytes: Uint8Array, file: string): Picture {
  refuseEmptyAndHtml(bytes, file, 'a picture (PNG, JPEG or PGM)');
  if (bytes[0] === 0x89) return readPng(bytes, file);
  if (bytes[0] === 0xff) return readJpeg(bytes, file);
  if (/^P[25]/.test(opening(bytes, 2))) return readPgm(bytes, file);
  throw new FormatError(
    `${file}: expected a PNG, JPEG or PGM picture, got bytes ${hex(bytes.subarray(0, 4))}. Convert it to PNG.`,
    file,
    0,
  );
}

/** Binary (P5) and plain (P2) grey maps; comments may stand anywhere in the header. */
export function readPgm(bytes: Uint8Array, file: string): Picture {
  const kind = 'a PGM picture (P5 or P2)';
  refuseEmptyAndHtml(bytes, file, kind);
  const format = opening(bytes, 2);
  if (format !== 'P5' && format !== 'P2')
    throw new FormatError(`${file}: expected ${kind}, got bytes ${hex(bytes.subarray(0, 2))}.`, file, 0);
  let at = 2;
  const next = (what: string, least: number, most: number): number => {
    const token = numberAt(bytes, at);
    if (token && token.value >= least && token.value <= most) {
      at = token.end;
      return token.value;
    }
    const got = token ? token.value : JSON.stringify(opening(bytes.subarray(at), 12));
    throw new FormatError(
      `${file}: expected ${what} (${least} .. ${most}) at byte ${at}, got ${got}. The file is damaged.`,
      file,
      at,
    );
  };
  const [width, height] = [next('a width', 1, 65_535), next('a height', 1, 65_535)];
  const peak = next('a greatest grey value', 1, 65_535);
  const pixels = width * height;
  const depth = peak > 255 ? 2 : 1;
  // P2 needs a digit and a separator for each pixel but the last.
  const needs = format === 'P5' ? at + 1 + pixels * depth : at + 2 * pixels;
  if (bytes.length < needs)
    throw new FormatError(
      `${file}: expected at least ${needs} bytes for ${width} x ${height} pixels, got ${bytes.length}. The file is cut off.`,
      file,
      bytes.length,
    );
  const data = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let grey: number;
    if (format === 'P2') grey = next(`pixel ${i}`, 0, peak);
    else grey = depth === 1 ? bytes[at + 1 + i]! : 256 * bytes[at + 1 + 2 * i]! + bytes[at + 2 + 2 * i]!;
    if (grey > peak)
      throw new FormatError(`${file}: expected grey values up to ${peak}, got ${grey} at pixel ${i}.`, file);
    data[i] = peak === 255 ? grey : Math.round((grey * 255) / peak);
  }
  return { width, height, channels: 1, data };
}

/** 8-bit and deeper PNGs, grey, colour or with a palette. */
export function readPng(bytes: Uint8Array, file: string): Picture {
  const kind = 'a PNG picture';
  expectMagic(bytes, PNG, file, kind);
  if (bytes.length < 33)
    throw new FormatError(
      `${file}: expected a header of 33 bytes, got ${bytes.length}. The file is cut off.`,
      file,
      bytes.length,
    );
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  believable(header.getUint32(16), header.getUint32(20), bytes, file);
  // fast-png 8.0.0 takes whole bytes per pixel when it undoes interlacing.
  if (bytes[24]! < 8 && bytes[28] === 1) {
    throw new FormatError(
      `${file}: expected at least 8 bits per channel in an interlaced PNG, got ${bytes[24]}. Save it without interlacing.`,
      file,
      24,
    );
  }
  return guarded(file, kind, () => {
    const png = decodePng(bytes, { checkCrc: true });
    const { width, height, depth } = png;
    if (png.palette) {
      const rgb = convertIndexedToRgb(png);
      return whole({ width, height, channels: 3, data: keepChannels(rgb, rgb.length / (width * height), 3, 8) }, file);
    }
    const data = depth < 8 ? unpackBits(png.data, width, height, depth) : png.data;
    const channels = png.channels < 3 ? 1 : 3;
    return whole({ width, height, channels, data: keepChannels(data, png.channels, channels, depth) }, file);
  });
}

/** Baseline and progressive JPEGs; grey ones come with one channel. */
export function readJpeg(bytes: Uint8Array, file: string): Picture {
  const kind = 'a JPEG picture';
  expectMagic(bytes, [0xff, 0xd8, 0xff], file, kind);
  const frame = jpegFrame(bytes);
  if (!frame)
    throw new FormatError(`${file}: expected ${kind}, found no frame header. The file is cut off or damaged.`, file);
  believable(frame.width, frame.height, bytes, file);
  return guarded(file, kind, () => {
    const { width, height, data } = decodeJpeg(bytes, {
      useTArray: true,
      formatAsRGBA: true,
      tolerantDecoding: false,
      maxMemoryUsageInMB: 1024,
    });
    const channels = frame.components === 1 ? 1 : 3;
    return whole({ width, height, channels, data: keepChannels(data, 4, channels, 8) }, file);
  });
}

// Deflate and Huffman codes both need at least about a bit per 8 x 8 block or per 1,032 bytes.
function believable(width: number, height: number, bytes: Uint8Array, file: string): void {
  const pixels = width * height;
  if (pixels > 0 && pixels <= MAX_PIXELS && pixels <= bytes.length * 1032 * 8) return;
  throw new FormatError(
    `${file}: expected a picture of at most ${MAX_PIXELS} pixels, and as many as ${bytes.length} bytes can hold; the header announces ${width} x ${height}. The file is damaged.`,
    file,
  );
}

// The libraries may give less than the header announces when a file is damaged.
function whole(picture: Picture, file: string): Picture {
  const expected = picture.width * picture.height * picture.channels;
  if (picture.data.length === expected) return picture;
  throw new FormatError(`${file}: expected ${expected} pixel values, got ${picture.data.length}. It is damaged.`, file);
}

/** The first start-of-frame segment: its size and number of components. */
function jpegFrame(bytes: Uint8Array): { width: number; height: number; components: number } | null {
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    const u16 = (i: number) => 256 * bytes[i]! + bytes[i + 1]!;
    if (isFrame) return { height: u16(at + 5), width: u16(at + 7), components: bytes[at + 9]! };
    at += 2 + u16(at + 2);
  }
  return null;
}

/** Takes the first `keep` of `channels` channels and brings `depth` bits to 8. */
function keepChannels(data: ArrayLike<number>, channels: number, keep: number, depth: number): Uint8Array {
  const pixels = Math.floor(data.length / channels);
  const peak = 2 ** depth - 1;
  const kept = new Uint8Array(pixels * keep);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < keep; c++) {
      const value = data[i * channels + c]!;
      kept[i * keep + c] = peak === 255 ? value : Math.round((value * 255) / peak);
    }
  }
  return kept;
}

/** Rows of 1-, 2- or 4-bit greys, each row beginning on a byte. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const greys = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const shift = 8 - depth - (bit % 8);
      greys[y * width + x] = (packed[y * rowBytes + (bit >> 3)]! >> shift) & (2 ** depth - 1);
    }
  }
  return greys;
}

/** The unsigned decimal number at or after `at`, past white space and comments; null when there is none. */
function numberAt(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  for (;;) {
    const byte = bytes[at];
    if (byte === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at++;
    else if (byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)) at++;
    else break;
  }
  let value = 0;
  let end = at;
  for (; end < bytes.length && end - at < 6; end++) {
    const digit = bytes[end]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = 10 * value + digit;
  }
  return end === at ? null : { value, end };
}
