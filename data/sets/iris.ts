/** Fisher's irises, as scikit-learn ships them: the smallest table that is worth a test. */
import { makeDataset } from '../dataset.ts';
import { encodeTable, readCsv } from '../formats/index.ts';
import { readContent } from '../source.ts';
import { defineSet, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

export const iris = defineSet({
  name: 'iris',
  title: 'Iris',
  licence: 'CC BY 4.0',
  citation: 'R. A. Fisher (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7(2)',
  home: 'https://archive.ics.uci.edu/dataset/53/iris',
  kind: 'files',
  folders: ['uci-small'],
  files: SET_FILES.iris,
  options: noOptions,
  async load({ source, verify, about }) {
    const { content, bytes } = await readContent(about.name, SET_FILES.iris, source, { verify });
    // The first line is `rows,features,class names`, no header of columns.
    const table = readCsv(bytes, content.name, { header: false, separator: ',', skipLines: 1 });
    const names = ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'];
    const { rowsOf: _, ...encoded } = encodeTable([{ ...table, names }], { label: 'species' });
    return makeDataset({ ...about, ...encoded, classNames: ['setosa', 'versicolor', 'virginica'] });
  },
});
