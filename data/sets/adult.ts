/** UCI Adult (census income, 1994): 32,561 + 16,281 persons, 14 attributes, whether the income is above 50,000 dollars. */
import { makeDataset } from '../dataset.ts';
import { type CsvTable, encodeTable, readCsv } from '../formats/index.ts';
import { readContents } from '../source.ts';
import { defineSet, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

const COLUMNS = [
  'age',
  'workclass',
  'fnlwgt',
  'education',
  'education-num',
  'marital-status',
  'occupation',
  'relationship',
  'race',
  'sex',
  'capital-gain',
  'capital-loss',
  'hours-per-week',
  'native-country',
  'income',
];

export const adult = defineSet({
  name: 'adult',
  title: 'Adult (census income)',
  licence: 'CC BY 4.0',
  citation: 'B. Becker, R. Kohavi (1996). Adult. UCI Machine Learning Repository, doi:10.24432/C5XW20',
  home: 'https://archive.ics.uci.edu/dataset/2/adult',
  kind: 'files',
  files: SET_FILES.adult,
  options: noOptions,
  async load({ source, verify, about }) {
    const tables: CsvTable[] = [];
    for await (const { content, bytes } of readContents(about.name, SET_FILES.adult, source, { verify })) {
      // adult.test opens with the line `|1x3 Cross validator`, and its labels end in a full stop.
      const isTest = content.name === 'adult.test';
      const table = readCsv(bytes, content.name, { header: false, separator: ',', skipLines: isTest ? 1 : 0 });
      const rows = isTest ? table.rows.map((row) => row.with(-1, row.at(-1)!.replace(/\.$/, ''))) : table.rows;
      tables.push({ ...table, names: COLUMNS, rows });
    }
    const { rowsOf, ...encoded } = encodeTable(tables, {
      label: 'income',
      immutable: ['age', 'race', 'sex', 'native-country'],
    });
    return makeDataset({ ...about, ...encoded, split: { train: rowsOf[0]! } });
  },
});
