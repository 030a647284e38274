/** The AT&T (ORL) faces: 40 people, 10 pictures each, 112 x 92 grey. */
import { FormatError } from '../../engine/index.ts';
import { makeDataset } from '../dataset.ts';
import { sha256 } from '../digest.ts';
import { readPgm } from '../formats/index.ts';
import { readContents } from '../source.ts';
import { defineSet, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

const [HEIGHT, WIDTH, PERSONS, EACH] = [112, 92, 40, 10];
/** over all pixel bytes, in the order s1/1, s1/2, ... s40/10: headers differ between copies, pixels do not */
const PIXELS_SHA256 = '2e4844a9f4fa4397058f69d6208047170f2e9d399cda18b55c1e8d28f0a83431';

export const attFaces = defineSet({
  name: 'att-faces',
  title: 'AT&T (ORL) database of faces',
  licence: 'none formal; credit AT&T Laboratories Cambridge. Pictures of identifiable persons: research use only',
  citation:
    'F. Samaria, A. Harter (1994). Parameterisation of a stochastic model for human face identification. IEEE Workshop on Applications of Computer Vision',
  home: 'https://cam-orl.co.uk/facedatabase.html',
  kind: 'files',
  folders: ['att_faces', 'orl_faces'],
  files: SET_FILES['att-faces'],
  options: noOptions,
  async load({ source, verify, about }) {
    const pixels = HEIGHT * WIDTH;
    const x = new Uint8Array(PERSONS * EACH * pixels);
    const order = new Map(SET_FILES['att-faces'][0]!.holds.map(({ name }, i) => [name, i]));
    for await (const { content, bytes } of readContents(about.name, SET_FILES['att-faces'], source, { verify })) {
      const { width, height, data } = readPgm(bytes, content.name);
      if (width !== WIDTH || height !== HEIGHT)
        throw new FormatError(
          `${content.name}: expected ${WIDTH} x ${HEIGHT} pixels, got ${width} x ${height}. Is it the AT&T set?`,
          content.name,
        );
      x.set(data, order.get(content.name)! * pixels);
    }
    if (verify && (await sha256(x)) !== PIXELS_SHA256)
      throw new FormatError(
        `${about.name}: expected pixels with SHA-256 ${PIXELS_SHA256}, got others. Some pictures were replaced: fetch the set again.`,
        about.name,
      );
    return makeDataset({
      ...about,
      inputShape: [HEIGHT, WIDTH, 1],
      classNames: Array.from({ length: PERSONS }, (_, person) => `s${person + 1}`),
      schema: { kind: 'image', channels: ['grey'], range: [0, 255] },
      x,
      y: Int32Array.from({ length: PERSONS * EACH }, (_, i) => Math.floor(i / EACH)),
    });
  },
});
