import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const test = suite('command line: wrong experiments');

const cases: readonly [args: string, message: RegExp][] = [
  ['run', /expected the name of an experiment or a file/],
  ['run overfiting', /overfiting: expected an experiment \(.*overfitting.*Did you mean 'overfitting'\?/],
  ['run overfitting --profile fast', /--profile fast: expected one of quick, paper, the profiles of overfitting/],
  ['run overfitting --workers 0', /Expected a whole number from 1 to 256/],
  ['run overfitting --set epochs', /Expected PATH=VALUE/],
  [
    'run overfitting --set epoch=3',
    /--set epoch=3: expected a setting among data, .*, got 'epoch'\. Did you mean 'epochs'\?/,
  ],
  ['run overfitting --set epochs=3', /overfitting: epochs: expected a list, got 3/],
  ['run overfitting --set epochs=[3,0]', /overfitting: epochs\.1: expected a whole number of at least 1, got 0/],
  ['run overfitting --set epochs=[]', /overfitting: epochs: expected a list of at least one/],
  ['run overfitting --set epochs=[3', /--set epochs=\[3: expected JSON or a word/],
  ['run overfitting --set epochs.1=0', /overfitting: epochs\.1: expected a whole number of at least 1, got 0/],
  [
    'run overfitting --set model=mpl',
    /overfitting: model: expected one of softmax, mlp, .*, got "mpl"\. Did you mean 'mlp'\?/,
  ],
  [
    'run overfitting --set optimizer.rate=1',
    /--set optimizer\.rate=1: expected a setting among data, .*, got 'optimizer\.rate'/,
  ],
  ['run overfitting --set learningRate=fast', /overfitting: learningRate: expected a number, got "fast"/],
  ['run missing.json', /missing\.json: expected a spec: it does not exist/],
  ['run missing.mjs', /missing\.mjs: expected a module with an experiment, it could not be found/],
  ['run --resume', /--resume: expected --out FOLDER with a run in it, got no folder/],
  ['report', /missing required argument 'folder'/],
  ['report . --format pdf', /Allowed choices are html, md/],
  ['report tests', /tests: expected the folder of a run, with .*spec\.json in it/],
];

for (const [line, message] of cases) {
  test(line, async () => refused(await inProcess(line.split(' ')), 2, message));
}

test(
  'wrong files, and settings that do not fit the data: refused before anything runs',
  () =>
    inFolder(async (folder) => {
      const out = join(folder, 'out');
      const spec = (text: string) => {
        writeFileSync(join(folder, 's.json'), text);
        return inProcess(['run', join(folder, 's.json'), '--out', out]);
      };
      refused(await spec('{'), 2, /s\.json: expected JSON/);
      refused(await spec('[]'), 2, /s\.json: experiment: expected a value, got nothing/);
      refused(await spec('{"experiment":"overfitting","setings":{}}'), 2, /got 'setings'\. Did you mean 'settings'\?/);
      refused(await spec('{"experiment":"overfitting","settings":{"epohs":[1]}}'), 2, /Did you mean 'epochs'\?/);
      writeFileSync(join(folder, 'none.mjs'), 'export const other = 1;');
      refused(await inProcess(['run', join(folder, 'none.mjs')]), 2, /expected it to export `experiment`/);
      assert.not.ok(existsSync(out));
      const large = ['run', 'overfitting', '--set', 'trainSizes=[1500]', '--out', out, '--workers', '1'];
      refused(
        await inProcess(large),
        2,
        /expected at most the 1797 rows of digits, got 1500 members and 400 non-members/,
      );
      const missing = ['run', 'overfitting', '--set', 'data=digts', '--out', out, '--workers', '1'];
      refused(await inProcess(missing), 2, /--data digts: expected the name of a set .* Did you mean 'digits'\?/);
      assert.not.ok(existsSync(out));
      mkdirSync(out);
      writeFileSync(join(out, 'spec.json'), '{"experiment":"overfitting"}');
      refused(
        await inProcess(['run', 'overfitting', '--out', out]),
        2,
        /spec\.json: expected the spec of a run, got one with parts missing/,
      );
    }),
  { timeout: 60_000 },
);

test('keyhole list experiments', async () => {
  const { items } = validJson(await inProcess(['list', 'experiments', '--json']), 'keyhole.list/1');
  const found = items.find(({ name }) => name === 'overfitting')!;
  assert.equal(
    found.options.find(({ name }) => name === 'epochs'),
    { name: 'epochs', type: 'list', default: '[1,5,20,80]' },
  );
});
