/** CIFAR-10: 50,000 + 10,000 colour images of 32 x 32, from the official binary files. */
import { makeDataset } from '../dataset.ts';
import { CIFAR_IMAGE, readCifarInto } from '../formats/index.ts';
import { readContents } from '../source.ts';
import { defineSet, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

const PER_FILE = 10_000;
const ORDER = [
  'data_batch_1.bin',
  'data_batch_2.bin',
  'data_batch_3.bin',
  'data_batch_4.bin',
  'data_batch_5.bin',
  'test_batch.bin',
];

export const cifar10 = defineSet({
  name: 'cifar10',
  title: 'CIFAR-10',
  licence: 'none stated by the authors; commonly used for research',
  citation:
    'A. Krizhevsky (2009). Learning Multiple Layers of Features from Tiny Images. Technical report, University of Toronto',
  home: 'https://www.cs.toronto.edu/~kriz/cifar.html',
  kind: 'files',
  folders: ['cifar-10', 'cifar-10-batches-bin'],
  files: SET_FILES.cifar10,
  options: noOptions,
  async load({ source, verify, about }) {
    // Each file goes straight to its rows, so that no second copy of the images is held.
    const x = new Uint8Array(ORDER.length * PER_FILE * CIFAR_IMAGE);
    const y = new Int32Array(ORDER.length * PER_FILE);
    for await (const { content, bytes } of readContents(about.name, SET_FILES.cifar10, source, { verify })) {
      readCifarInto(bytes, content.name, x, y, ORDER.indexOf(content.name) * PER_FILE);
    }
    return makeDataset({
      ...about,
      inputShape: [32, 32, 3],
      classNames: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
      schema: { kind: 'image', channels: ['red', 'green', 'blue'], range: [0, 255] },
      x,
      y,
      split: { train: 5 * PER_FILE },
    });
  },
});
