/**
 * One table: where the public sets are published, and the SHA-256 of what their files hold. The sums are over unpacked
 * bytes (`gunzip -c FILE | sha256sum`), because packings of the same content differ from mirror to mirror.
 */
import type { Content, SetFile } from '../source.ts';

type SetName = 'mnist' | 'fashion-mnist' | 'cifar10' | 'adult' | 'location30' | 'att-faces' | 'iris';

const MNIST_HOMES = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
];
const FASHION_HOMES = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
];
const ADULT_HOMES = ['https://archive.ics.uci.edu/ml/machine-learning-databases/adult/'];

const IDX_BYTES: Readonly<Record<string, number>> = {
  'train-images-idx3-ubyte': 47_040_016,
  'train-labels-idx1-ubyte': 60_008,
  't10k-images-idx3-ubyte': 7_840_016,
  't10k-labels-idx1-ubyte': 10_008,
};

export const SET_FILES: Readonly<Record<SetName, readonly SetFile[]>> = {
  mnist: idxFiles(MNIST_HOMES, {
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  }),
  'fashion-mnist': idxFiles(FASHION_HOMES, {
    'train-images-idx3-ubyte': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'train-labels-idx1-ubyte': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    't10k-images-idx3-ubyte': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    't10k-labels-idx1-ubyte': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  }),
  cifar10: [
    {
      name: 'cifar-10-binary.tar.gz',
      urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
      holds: [
        cifarBatch('data_batch_1.bin', 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5'),
        cifarBatch('data_batch_2.bin', 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed'),
        cifarBatch('data_batch_3.bin', 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67'),
        cifarBatch('data_batch_4.bin', '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48'),
        cifarBatch('data_batch_5.bin', '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add'),
        cifarBatch('test_batch.bin', '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b'),
      ],
    },
  ],
  adult: [
    plainFile(ADULT_HOMES, 'adult.data', 3_974_305, '5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d'),
    plainFile(ADULT_HOMES, 'adult.test', 2_003_153, 'a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05'),
  ],
  location30: [
    {
      name: 'dataset_location.tgz',
      urls: ['https://raw.githubusercontent.com/privacytrustlab/datasets/master/dataset_location.tgz'],
      holds: [
        {
          name: 'bangkok',
          bytes: 4_492_469,
          sha256: '2ca8f7fc231251e089823e44d39f2d1eed124574cc351c7f80368cfe631dd718',
        },
      ],
    },
  ],
  // Copies in use differ in their PGM headers: the set itself checks the pixels.
  'att-faces': [
    {
      name: 'att_faces.zip',
      urls: [
        'https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip',
        'http://datasets.openimaj.org/att_faces.zip',
      ],
      holds: Array.from({ length: 400 }, (_, i) => ({
        name: `s${1 + Math.floor(i / 10)}/${1 + (i % 10)}.pgm`,
        bytes: 10_318,
      })),
    },
  ],
  iris: [
    plainFile(
      ['https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.2.1/sklearn/datasets/data/'],
      'iris.csv',
      2_734,
      'f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449',
    ),
  ],
};

function idxFiles(homes: readonly string[], sums: Readonly<Record<string, string>>): SetFile[] {
  return Object.entries(sums).map(([name, sha256]) => ({
    name: `${name}.gz`,
    urls: homes.map((home) => `${home}${name}.gz`),
    holds: [{ name, bytes: IDX_BYTES[name]!, sha256 }],
  }));
}

function cifarBatch(name: string, sha256: string): Content {
  return { name, bytes: 30_730_000, sha256 };
}

function plainFile(homes: readonly string[], name: string, bytes: number, sha256: string): SetFile {
  return { name, urls: homes.map((home) => home + name), holds: [{ name, bytes, sha256 }] };
}
