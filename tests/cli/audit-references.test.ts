/** keyhole audit --references, --population, --repeats: models trained here, ONNX files and services. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { files, audit as foreignAudit, members, population, write } from './foreign.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const test = suite('keyhole audit --references, --population, --repeats');
const FAST = ['audit', '--json', '--quiet', '--model', 'softmax', '--epochs', '2', '--train-size', '300'];

async function audit(...args: string[]) {
  const finished = await inProcess([...FAST, ...args]);
  assert.is(finished.code, 0, finished.stderr);
  return validJson(finished, 'keyhole.audit/1');
}

test('attacks that need them run, the record and the report say that data overlap, no checkpoints are left', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const attacks = ['--attacks', 'lira-online,rmia-online,attack-p,loss'];
    const record = await audit('--references', '4', '--population', '200', ...attacks, '--out', out);
    assert.equal(
      record.attacks.map(({ name, shadowData }) => [name, shadowData]),
      [
        ['lira-online', 'overlapping'],
        ['rmia-online', 'overlapping'],
        ['attack-p', 'none'],
        ['loss', 'none'],
      ],
    );
    assert.equal([record.shadows, record.references, record.population], [0, 4, 200]);
    assert.match(record.command ?? '', / --references 4 --population 200 /);
    assert.equal(readdirSync(out).sort(), ['audit.json', 'model.safetensors', 'report.html']);
    assert.match(
      readFileSync(join(out, 'report.html'), 'utf8'),
      /4 reference models were each trained on a random half/,
    );
  }));

test('the same numbers for one thread and two', async () => {
  const args = ['--references', '3', '--attacks', 'lira-online'];
  const numbers = ({ attacks }: Awaited<ReturnType<typeof audit>>) => attacks.map(({ seconds: _, ...rest }) => rest);
  const [one, two] = [await audit(...args, '--threads', '1'), await audit(...args, '--threads', '2')];
  assert.equal(numbers(one), numbers(two));
  assert.equal(two.threads, { how: 'models', count: 2 });
});

test('without them, what was left out is counted, and the record has the option', async () => {
  const few = ['--train-size', '80'];
  const { code, stderr } = await inProcess([...FAST.filter((arg) => arg !== '--json' && arg !== '--quiet'), ...few]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /\d attacks were left out; the report says why, and what each would need/);
  const { warnings } = await audit(...few);
  const about = (name: string) =>
    warnings.find(({ message }) => message.startsWith(`${name} was left out`))?.message ?? '';
  assert.match(about('lira-online'), /Add --references 16\.$/);
  assert.match(about('attack-p'), /Add --population, 25 rows or more\.$/);
});

test('a run that was stopped goes on with the models it has; another number of rows is another run', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const controller = new AbortController();
    const long = ['--epochs', '12', '--references', '2', '--attacks', 'lira-online', '--threads', '1', '--out', out];
    const timer = setInterval(() => {
      if (existsSync(join(out, 'reference-2.checkpoint'))) controller.abort(new Error('enough'));
    }, 1);
    await inProcess([...FAST, ...long, '--checkpoint-every', '0'], { signal: controller.signal });
    clearInterval(timer);
    assert.equal(
      readdirSync(out).sort(),
      ['reference-1', 'reference-2', 'target'].map((part) => `${part}.checkpoint`),
    );
    refused(await inProcess([...FAST, ...long, '--out-size', '200']), 2, /checkpoint of this run.*out-size 300 there/);
    const resumed = await inProcess([...FAST.filter((arg) => arg !== '--quiet'), ...long]);
    assert.match(resumed.stderr, /going on from .*reference-1\.checkpoint/);
    const record = validJson(resumed, 'keyhole.audit/1');
    const [a, b] = [record, await audit(...long.slice(0, -2))].map(({ attacks }) => attacks[0]!.auc);
    assert.equal(a, b);
  }));

test('--repeats asks each question so often', async () => {
  const [once, often] = [await audit('--attacks', 'loss'), await audit('--attacks', 'loss', '--repeats', '5')];
  assert.equal([once.attacks[0]!.queries, often.attacks[0]!.queries], [600, 3000]);
  refused(await inProcess([...FAST, '--repeats', '0']), 2, /Expected a whole number from 1 to 1000000/);
});

const onnx = suite('keyhole audit --model FILE.onnx --references');
const recipe = ['--shadow-recipe', 'mlp', '--epochs', '40', '--batch-size', '20'];

onnx('a shadow recipe trains reference models on halves of members and non-members: LiRA online runs and wins', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const more = ['--references', '4', '--attacks', 'lira-online,lira-offline,attack-r', '--out', out];
    const record = await foreignAudit(...files(folder), ...recipe, ...more);
    assert.equal([record.shadows, record.references, record.target?.kind], [0, 4, 'onnx']);
    assert.is(record.attacks.length, 3);
    for (const { auc, shadowData, name } of record.attacks) {
      assert.ok(auc.low > 0.6, `${name} ${auc.value}`);
      assert.is(shadowData, 'overlapping');
    }
    assert.equal(readdirSync(out).sort(), ['answers.jsonl', 'audit.json', 'report.html']);
  }),
);

onnx('with a population as well, every attack that answers allow runs', () =>
  inFolder(async (folder) => {
    const pop = ['--population', write(folder, 'pop.npz', population), '--references', '2'];
    const record = await foreignAudit(...files(folder), ...recipe, ...pop);
    assert.equal([record.shadows, record.references, record.population], [1, 2, 40]);
    for (const name of ['lira-online', 'lira-offline', 'rmia-online', 'rmia-offline', 'attack-p', 'shokri-svm'])
      assert.ok(
        record.attacks.some((a) => a.name === name),
        name,
      );
    const lacking = record.warnings.filter(({ message }) => /--references|--shadow-recipe/.test(message));
    assert.equal(lacking, []);
  }),
);

onnx('training that was stopped goes on from its checkpoints, without a question asked twice', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const args = ['audit', '--json', ...files(folder), ...recipe, '--epochs', '12', '--references', '2'];
    const all = [...args, '--attacks', 'lira-online', '--threads', '1', '--out', out];
    const controller = new AbortController();
    const timer = setInterval(() => {
      if (existsSync(join(out, 'reference-2.checkpoint'))) controller.abort(new Error('enough'));
    }, 1);
    await inProcess([...all, '--checkpoint-every', '0'], { signal: controller.signal });
    clearInterval(timer);
    assert.ok(existsSync(join(out, 'reference-1.checkpoint')));
    const resumed = await inProcess(all);
    assert.match(resumed.stderr, /going on from .*reference-1\.checkpoint/);
    const record = validJson(resumed, 'keyhole.audit/1');
    assert.is(record.target?.ledger.remembered, 240);
    assert.not(readdirSync(out).some((name) => name.endsWith('.checkpoint')));
    const whole = await foreignAudit(...args.slice(2), '--attacks', 'lira-online');
    assert.equal(record.attacks[0]!.auc, whole.attacks[0]!.auc);
  }),
);

onnx('--repeats asks the model itself so often', () =>
  inFolder(async (folder) => {
    const record = await foreignAudit(...files(folder), '--attacks', 'loss', '--repeats', '3');
    assert.is(record.attacks[0]!.queries, 3 * 240);
    assert.ok(record.target!.ledger.queries >= 4 * 240);
  }),
);

const wrong = suite('keyhole audit --references, --population: wrong use');

const cases: readonly [args: string, message: RegExp][] = [
  ['--references 1', /references: expected 0, or a whole number from 2 to 1000, got 1\. One model/],
  ['--references 4 --attacks gap', /references: expected attacks that use reference models, .* got gap/],
  ['--attacks lira-online', /lira-online needs reference models, .* Add --references 16\./],
  ['--attacks attack-p', /attack-p needs a population .* Add --population, 25 rows or more\./],
  [
    '--population 2000',
    /a population of at most 1197 rows, since 300 of 1797 are members and 300 non-members, got 2000/,
  ],
  ['--population 10', /population: expected at least 25 rows, .* got 10/],
  ['--population pop.npz', /--population pop\.npz: expected how many rows of --data .* such as 300/],
  ['--shadows -1', /Expected a whole number from 0 to 1000/],
];
for (const [line, message] of cases)
  wrong(line, () =>
    inFolder(async (folder) => {
      const out = join(folder, 'out');
      refused(await inProcess([...FAST, ...line.split(' '), '--out', out]), 2, message);
      assert.not.ok(existsSync(out));
    }),
  );

wrong(
  "with somebody else's model: a number for a population, references without a recipe or without labels; with --dp",
  () =>
    inFolder(async (folder) => {
      const args = ['audit', ...files(folder)];
      refused(await inProcess([...args, '--population', '300']), 2, /--population: expected a file with rows/);
      refused(await inProcess([...args, '--references', '4']), 2, /--references: expected --shadow-recipe as well/);
      refused(
        await inProcess([...args, '--shadow-recipe', 'mlp']),
        2,
        /--shadow-recipe: expected --population as well, .* or --references/,
      );
      args[4] = write(folder, 'unlabelled.npz', members, false);
      refused(
        await inProcess([...args, '--shadow-recipe', 'mlp', '--references', '4', '--quiet']),
        2,
        /references: expected labels of members and non-members/,
      );
      for (const option of ['--references', '--population'])
        refused(
          await inProcess(['audit', '--dp', '--epsilon', '3', option, '30']),
          2,
          /expected no such option with --dp/,
        );
    }),
);
