/** MNIST and Fashion-MNIST: four IDX files, 60,000 + 10,000 grey images of 28 x 28. */
import { FormatError } from '../../engine/index.ts';
import { type Dataset, makeDataset } from '../dataset.ts';
import { readIdx } from '../formats/index.ts';
import { readContents } from '../source.ts';
import { defineSet, type LoadContext, noOptions } from './define.ts';
import { SET_FILES } from './files.ts';

export const mnist = defineSet({
  name: 'mnist',
  title: 'MNIST handwritten digits',
  licence: 'CC BY-SA 3.0 (as commonly stated; Y. LeCun and C. Cortes hold the copyright)',
  citation:
    'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document recognition. Proceedings of the IEEE 86(11)',
  home: 'http://yann.lecun.com/exdb/mnist/',
  kind: 'files',
  files: SET_FILES.mnist,
  options: noOptions,
  load: (context) =>
    loadIdxSet(
      context,
      Array.from({ length: 10 }, (_, digit) => String(digit)),
    ),
});

export const fashionMnist = defineSet({
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  licence: 'MIT',
  citation:
    'H. Xiao, K. Rasul, R. Vollgraf (2017). Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms. arXiv:1708.07747',
  home: 'https://github.com/zalandoresearch/fashion-mnist',
  kind: 'files',
  folders: ['fashion_mnist', 'FashionMNIST'],
  files: SET_FILES['fashion-mnist'],
  options: noOptions,
  load: (context) =>
    loadIdxSet(context, [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ]),
});

async function loadIdxSet(
  { source, verify, about }: LoadContext<unknown>,
  classNames: readonly string[],
): Promise<Dataset> {
  const files = SET_FILES[about.name as 'mnist' | 'fashion-mnist'];
  const parts = new Map<string, { shape: readonly number[]; data: Uint8Array }>();
  for await (const { content, bytes } of readContents(about.name, files, source, { verify })) {
    const { shape, data } = readIdx(bytes, content.name);
    const rank = content.name.includes('images') ? 3 : 1;
    if (!(data instanceof Uint8Array) || shape.length !== rank)
      throw new FormatError(
        `${content.name}: expected bytes of ${rank} dimensions, got [${shape}]. Is it the right file?`,
        content.name,
      );
    parts.set(content.name, { shape, data });
  }
  const [trainX, trainY, testX, testY] = [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ].map((name) => parts.get(name)!);
  const [height, width] = trainX!.shape.slice(1);
  const x = new Uint8Array(trainX!.data.length + testX!.data.length);
  x.set(trainX!.data);
  x.set(testX!.data, trainX!.data.length);
  return makeDataset({
    ...about,
    inputShape: [height!, width!, 1],
    classNames,
    schema: { kind: 'image', channels: ['grey'], range: [0, 255] },
    x,
    y: Int32Array.from([...trainY!.data, ...testY!.data]),
    split: { train: trainY!.data.length },
  });
}
