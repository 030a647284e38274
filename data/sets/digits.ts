/** The UCI handwritten digits, 8 x 8: small enough to ship, large enough to attack. */
import { readAsset } from '#platform';
import { FormatError } from '../../engine/index.ts';
import { makeDataset } from '../dataset.ts';
import { sha256 } from '../digest.ts';
import { maybeGunzip, readCsv } from '../formats/index.ts';
import { defineSet, noOptions } from './define.ts';

const SHA256 = '6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8';

export const digits = defineSet({
  name: 'digits',
  title: 'Optical Recognition of Handwritten Digits (test part)',
  licence: 'CC BY 4.0',
  citation:
    'E. Alpaydin, C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository, doi:10.24432/C50P49',
  home: 'https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits',
  kind: 'embedded',
  options: noOptions,
  async load({ about, verify }) {
    const file = 'digits.csv.gz';
    // Some servers send .gz files as compressed text, and the browser unpacks them on the way.
    const bytes = await maybeGunzip(await readAsset(new URL('../embedded/digits.csv.gz', import.meta.url)), file);
    if (verify && (await sha256(bytes)) !== SHA256)
      throw new FormatError(
        `${file}: expected the file that ships with keyhole, got another one. Install the package again.`,
        file,
      );
    const { rows } = readCsv(bytes, file, { header: false, separator: ',' });
    const x = new Uint8Array(rows.length * 64);
    for (const [i, row] of rows.entries()) x.set(row.slice(0, 64).map(Number), i * 64);
    return makeDataset({
      ...about,
      inputShape: [8, 8, 1],
      classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
      schema: { kind: 'image', channels: ['grey'], range: [0, 16] },
      x,
      y: Int32Array.from(rows, (row) => Number(row[64])),
    });
  },
});
