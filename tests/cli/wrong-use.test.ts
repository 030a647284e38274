import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { cleanEnv, inFolder, inProcess, keyhole, refused } from './support.ts';

const test = suite('command line: wrong use');

const cases: readonly [args: string, message: RegExp][] = [
  ['audot', /unknown command 'audot'\n\(Did you mean audit\?\)/],
  ['data chek digits', /unknown command 'chek'\n\(Did you mean check\?\)/],
  ['audit --modle mlp', /unknown option '--modle'\n\(Did you mean --model\?\)/],
  [
    'audit --model cifr',
    /Expected one of softmax, mlp, mnist, mnist-tanh, mnist-strided, cifar\. Did you mean 'cifar'\?/,
  ],
  ['audit --data digts', /--data digts: expected the name of a set \(digits, .* Did you mean 'digits'\?/],
  ['audit --attacks loss,shadow', /Expected one of loss, .* Did you mean 'shadow-logistic'\?/],
  ['audit --optimizer adm', /Expected one of adam, adamw, sgd\. Did you mean 'adam'\?/],
  ['audit --backend wams', /Expected one of wasm, reference\. Did you mean 'wasm'\?/],
  ['audit --epochs many', /option '--epochs <n>' argument 'many' is invalid\. Expected a whole number of at least 1/],
  ['audit --epochs 1.5', /Expected a whole number/],
  ['audit --learning-rate 0', /Expected a number above 0/],
  ['audit --momentum 1', /Expected a number from 0, below 1/],
  ['audit --confidence 95', /Expected a number between 0 and 1/],
  ['audit --seed -1', /Expected a whole number of at least 0/],
  ['audit --train-size 5000', /--train-size 5000: expected at most 1795 of the 1797 rows of digits/],
  ['audit --train-size 1000 --out-size 900', /at most 1797 rows in all, got 1000 members and 900 non-members/],
  ['audit --data digits --path .', /--path \.: expected none, since digits ships with keyhole/],
  ['audit --data csv', /--data csv: expected a CSV file, got no path/],
  ['audit --data-option rows=3', /--data-option rows=3: expected no options: digits has none/],
  ['audit --data synthetic-blobs --data-option row=3', /one of synthetic-blobs's options .* Did you mean 'rows'\?/],
  ['audit --data synthetic-blobs --data-option rows=x', /--data-option rows=x: expected a number/],
  ['audit --data synthetic-blobs --data-option rows=-3', /option 'rows': expected >=1, got -3/],
  ['audit --data synthetic-blobs --data-option rows', /--data-option rows: expected NAME=VALUE/],
  ['audit extra', /too many arguments/],
  ['train --early-stopping 3', /--early-stopping: expected validation rows as well\. Add --validation 0\.1/],
  ['train --augment flp', /--augment flp: expected one of flip, shift, crop, rotate\. Did you mean 'flip'\?/],
  ['train --augment shift=far', /--augment shift=far: expected shift=NUMBER/],
  ['train --data synthetic-blobs --augment flip', /--augment: expected images, got rows of shape \[10\]/],
  ['train --schedule cosin', /Expected one of constant, cosine, .* Did you mean 'cosine'\?/],
  ['train --model cifar --data synthetic-blobs', /expected images \[h, w, channels\].* Use softmax or mlp for tables/],
  ['train --train-size 1700', /there are 1438 beside the 359 test rows\. Use a smaller --train-size/],
  ['list attaks', /Did you mean 'attacks'\?/],
  ['list', /missing required argument 'kind'/],
  ['data check digts', /Did you mean 'digits'\?/],
  ['data get digits', /digits: expected a set that is published somewhere, but it is embedded/],
  ['data get minst', /Did you mean 'mnist'\?/],
];

for (const [line, message] of cases) {
  test(line, async () => refused(await inProcess(line.split(' ')), 2, message));
}

test('no command at all: the help on standard error', async () => {
  const { code, stdout, stderr } = await inProcess([]);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /^Usage: keyhole/);
});

test('wrong use leaves no output folder behind', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'report');
    refused(await inProcess(['audit', '--train-size', '5000', '--out', out]), 2, /expected at most 1795 of/);
    assert.not.ok(existsSync(out));
  });
});

test('as a process: exit codes 2 and 1, and a stack only with --debug', async () => {
  await inFolder(async (folder) => {
    const env = cleanEnv(folder);
    const [wrong, failed, debug] = await Promise.all([
      keyhole(['audit', '--model', 'cifr'], { env }),
      keyhole(['audit', '--data', 'mnist', '--json'], { env }),
      keyhole(['audit', '--data', 'mnist', '--json', '--debug'], { env }),
    ]);
    refused(wrong, 2, /Did you mean 'cifar'/);
    refused(failed, 1, /Fetch them with `keyhole data get mnist`/);
    assert.is(debug.code, 1);
    assert.match(debug.stderr, /\n\s+at .*datasets/);
  });
});
