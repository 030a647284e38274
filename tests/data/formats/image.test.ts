import { encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { readJpeg, readPgm, readPicture, readPng } from '../../../data/index.ts';
import { assert, suite } from '../../harness.ts';
import { refuses } from '../throws.ts';

const test = suite('pictures');

const ascii = (text: string, ...bytes: number[]) => Uint8Array.of(...new TextEncoder().encode(text), ...bytes);

test('PGM, binary and plain, with comments', () => {
  const picture = { width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 1, 254, 255) };
  assert.equal(readPgm(ascii('P5\n2 2\n255\n', 0, 1, 254, 255), 'f'), picture);
  assert.equal(readPgm(ascii('P5 # grey\n#size\n2 2 255\n', 0, 1, 254, 255), 'f'), picture);
  assert.equal(readPgm(ascii('P2\n2 2\n255\n0 1 # row\n254 255\n'), 'f'), picture);
});

test('PGM of other depths is brought to 8 bits', () => {
  assert.equal(readPgm(ascii('P2 2 1 15 0 15'), 'f').data, Uint8Array.of(0, 255));
  assert.equal(readPgm(ascii('P5 2 1 65535\n', 0x80, 0x80, 0xff, 0xff), 'f').data, Uint8Array.of(128, 255));
});

test('PGM faults', async () => {
  await refuses(
    () => readPgm(ascii('P5 2 2 255\n', 1, 2, 3), 'f.pgm'),
    'f.pgm: expected at least 15 bytes for 2 x 2 pixels, got 14. The file is cut off.',
  );
  await refuses(() => readPgm(ascii('P5 0 2 255\n'), 'f.pgm'), /expected a width \(1 .. 65535\) at byte 2, got 0/);
  await refuses(() => readPgm(ascii('P5 x'), 'f.pgm'), /expected a width .* got " x"/);
  await refuses(
    () => readPgm(ascii('P5 2 1 7\n', 3, 8), 'f.pgm'),
    'f.pgm: expected grey values up to 7, got 8 at pixel 1.',
  );
  await refuses(() => readPgm(ascii('P2 2 1 7 3 8'), 'f.pgm'), /expected pixel 1 \(0 .. 7\)/);
  await refuses(() => readPgm(ascii('P6 1 1 255\n'), 'f.pgm'), /expected a PGM picture \(P5 or P2\), got bytes 50 36/);
  await refuses(() => readPgm(ascii('P5 65535 65535 65535\n'), 'f.pgm'), /expected at least 8589672471 bytes/);
});

test('PNG: grey, colour, with alpha (left out), 16 bits', () => {
  const grey = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 250) };
  assert.equal(readPng(encodePng({ ...grey, depth: 8 }), 'f'), grey);
  const rgb = { width: 1, height: 2, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  assert.equal(readPng(encodePng({ ...rgb, depth: 8 }), 'f'), rgb);
  assert.equal(
    readPng(
      encodePng({ width: 1, height: 2, channels: 4, depth: 8, data: Uint8Array.of(1, 2, 3, 99, 4, 5, 6, 0) }),
      'f',
    ),
    rgb,
  );
  assert.equal(
    readPng(encodePng({ width: 2, height: 1, channels: 2, depth: 8, data: Uint8Array.of(7, 1, 250, 2) }), 'f'),
    grey,
  );
  assert.equal(
    readPng(encodePng({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(7 * 257, 250 * 257) }), 'f'),
    grey,
  );
});

test('PNG: a palette, and one bit per pixel', () => {
  const bits = encodePng({ width: 9, height: 1, channels: 1, depth: 1, data: Uint8Array.of(0b10101010, 0b10000000) });
  assert.equal(readPng(bits, 'f').data, Uint8Array.of(255, 0, 255, 0, 255, 0, 255, 0, 255));
  const palette = [
    [10, 20, 30],
    [40, 50, 60],
  ];
  const indexed = encodePng({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1, 0), palette });
  assert.equal(readPng(indexed, 'f'), {
    width: 2,
    height: 1,
    channels: 3,
    data: Uint8Array.of(40, 50, 60, 10, 20, 30),
  });
});

test('PNG: interlaced', async () => {
  const rgb = { width: 5, height: 3, channels: 3, data: Uint8Array.from({ length: 45 }, (_, i) => 5 * i) };
  assert.equal(readPng(encodePng({ ...rgb, depth: 8 }, { interlace: 'Adam7' }), 'f'), rgb);
  const bits = encodePng({ width: 9, height: 1, channels: 1, depth: 1, data: Uint8Array.of(1, 2) });
  bits[28] = 1;
  await refuses(
    () => readPng(bits, 'f.png'),
    'f.png: expected at least 8 bits per channel in an interlaced PNG, got 1. Save it without interlacing.',
  );
});

test('a grey JPEG, byte by byte', () => {
  const file = Uint8Array.of(
    ...[0xff, 0xd8], // start
    ...[0xff, 0xdb, 0, 67, 0, ...Array(64).fill(8)], // quantisation: all 8
    ...[0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0], // baseline, 8 x 8, one component
    ...[0xff, 0xc4, 0, 20, 0x00, 1, ...Array(15).fill(0), 6], // DC table: code 0 = a difference of 6 bits
    ...[0xff, 0xc4, 0, 20, 0x10, 1, ...Array(15).fill(0), 0], // AC table: code 0 = end of block
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0], // scan
    ...[0b01000000, 0b11111111, 0x00], // 0, 100000 (= 32), 0, padding
    ...[0xff, 0xd9], // end
  );
  // 32 x 8 / 8 above the middle grey, 128
  assert.equal(readJpeg(file, 'f'), { width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill(160) });
});

test('JPEG of one colour', () => {
  const data = new Uint8Array(16 * 16 * 4).fill(200);
  const picture = readJpeg(new Uint8Array(jpeg.encode({ width: 16, height: 16, data }, 95).data), 'f');
  assert.equal([picture.width, picture.height, picture.channels], [16, 16, 3]);
  assert.ok(picture.data.every((value) => Math.abs(value - 200) <= 2));
});

test('the kind is told by the first bytes', async () => {
  assert.is(readPicture(ascii('P2 1 1 255 9'), 'f').data[0], 9);
  assert.is(readPicture(encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(9) }), 'f').data[0], 9);
  await refuses(
    () => readPicture(ascii('GIF89a'), 'f.gif'),
    'f.gif: expected a PNG, JPEG or PGM picture, got bytes 47 49 46 38. Convert it to PNG.',
  );
});

test('damaged and unbelievable pictures', async () => {
  const png = encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) });
  await refuses(
    () => readPng(png.slice(0, 45), 'f.png'),
    /^f.png: expected a PNG picture, got a damaged or cut-off one/,
  );
  const lies = png.slice();
  lies.fill(0x7f, 16, 24);
  await refuses(() => readPng(lies, 'f.png'), /the header announces 2139062143 x 2139062143/);
  await refuses(() => readJpeg(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), 'f.jpg'), /found no frame header/);
});
