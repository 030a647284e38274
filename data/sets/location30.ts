/** Location-30: which of 446 places each of 5,010 people checked in at, in 30 clusters (Shokri et al. 2017). */
import { makeDataset } from '../dataset.ts';
import { encodeTable, readCsv } from '../formats/index.ts';
import { readContent } from '../source.ts';
import { defineSet, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

export const location30 = defineSet({
  name: 'location30',
  title: 'Location-30 (Foursquare check-ins in Bangkok)',
  licence: 'none stated; research use',
  citation:
    'R. Shokri, M. Stronati, C. Song, V. Shmatikov (2017). Membership Inference Attacks against Machine Learning Models. IEEE S&P',
  home: 'https://github.com/privacytrustlab/datasets',
  kind: 'files',
  folders: ['location'],
  files: SET_FILES.location30,
  options: noOptions,
  async load({ source, verify, about }) {
    const { content, bytes } = await readContent(about.name, SET_FILES.location30, source, { verify });
    const table = readCsv(bytes, content.name, { header: false, separator: ',' });
    const names = ['cluster', ...Array.from({ length: table.rows[0]!.length - 1 }, (_, i) => `place ${i + 1}`)];
    const { rowsOf: _, ...encoded } = encodeTable([{ ...table, names }], { label: 'cluster' });
    return makeDataset({ ...about, ...encoded });
  },
});
