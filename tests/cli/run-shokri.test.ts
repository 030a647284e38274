import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpz } from '../../data/index.ts';
import { assert, suite, type TestFunction } from '../harness.ts';
import { tableRows, writeCsv } from './csv.ts';
import { jobsOf, recordsIn } from './grid.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const named = suite("command line: the shadow-model experiment on data of one's own");
const test = (name: string, fn: TestFunction) => named(name, fn, { timeout: 120_000 });

const small = (data: string, ...more: string[]) => [
  ...['run', 'shokri', '--workers', '1', '--json', '--set', `data=${data}`],
  ...['sizes=[40]', 'shadows=2', 'attacks=["logistic"]', 'recipe.epochs=3', ...more].flatMap((s) => ['--set', s]),
];

test('a CSV file by its label column: classes come from the file, and the run goes on from what it kept', () =>
  inFolder(async (folder) => {
    const out = ['--out', join(folder, 'out')];
    // a label that is not the last column, so that only its name finds it
    const rows = tableRows(240).map(([a, b, c, d, label]) => [a!, label!, b!, c!, d!]);
    const csv = writeCsv(folder, 'my.csv', rows, ['a', 'target', 'b', 'c', 'd']);
    const first = await inProcess([...small(csv, 'label=target'), ...out]);
    assert.is(first.code, 0, first.stderr);
    // 3 models, their outputs, 3 classes and all of them, the verdict
    assert.equal(jobsOf(first), { total: 11, done: 11, before: 0, reused: 0, failed: 0, notStarted: 0 });
    const { settings, data } = JSON.parse(readFileSync(join(folder, 'out', 'spec.json'), 'utf8')) as {
      settings: { classes: null };
      data: { ref: object; facts: { classes: number } }[];
    };
    assert.is(settings.classes, null);
    assert.equal([data[0]!.ref, data[0]!.facts.classes], [{ data: csv, label: 'target' }, 3]);
    const kinds = recordsIn(join(folder, 'out')).map(({ kind }) => kind);
    assert.is(kinds.filter((kind) => kind === 'attack-model').length, 4);

    const report = readFileSync(join(folder, 'out', 'report.html'), 'utf8');
    assert.match(report, /classes&quot;:3|"classes":3/);
    const resumed = await inProcess(['run', '--resume', '--json', ...out]);
    assert.is(jobsOf(resumed).before, 11, resumed.stderr);
    // the number that the data give, given by hand, is the same run
    const byHand = await inProcess([...small(csv, 'label=target', 'classes=3'), ...out]);
    assert.is(jobsOf(byHand).before, 11, byHand.stderr);
    assert.not.match(validJson(byHand, 'keyhole.run/1').command, /classes/);
    refused(
      await inProcess([...small(csv, 'label=target', 'classes=4'), ...out]),
      2,
      /expected the 3 of csv, got 4\. Leave classes out/,
    );
    refused(await inProcess([...small(csv, 'label=traget'), '--out', join(folder, 'b')]), 2, /Did you mean 'target'\?/);
    // another column is another set of rows, and another run
    refused(
      await inProcess([...small(csv, 'label=a'), ...out]),
      2,
      /got that of another: settings\.label "target" there, "a" here/,
    );
  }));

test('a NumPy archive', () =>
  inFolder(async (folder) => {
    const rows = tableRows(240);
    const x = Float32Array.from(rows.flatMap((row) => row.slice(0, 4).map(Number)));
    const y = Int32Array.from(rows, (_, i) => i % 3);
    const file = join(folder, 'my.npz');
    writeFileSync(file, writeNpz({ x: { shape: [240, 4], data: x }, y: { shape: [240], data: y } }));
    const finished = await inProcess([...small(file), '--out', join(folder, 'out')]);
    assert.is(finished.code, 0, finished.stderr);
    assert.is(jobsOf(finished).done, 11);
  }));

test("profiles of the experiment's own, and those of no other", async () => {
  refused(
    await inProcess(['run', 'shokri', '--profile', 'location']),
    2,
    /expected one of quick, paper, seven, location30, .* Did you mean 'location30'\?/,
  );
  refused(
    await inProcess(['run', 'lira', '--profile', 'seven']),
    2,
    /--profile seven: expected one of quick, paper, the profiles of lira/,
  );
  const { items } = validJson(await inProcess(['list', 'experiments', '--json']), 'keyhole.list/1');
  const { profiles } = items.find(({ name }) => name === 'shokri')!;
  assert.equal(profiles?.slice(0, 3), [
    { name: 'quick', about: 'a minute or two on a laptop' },
    { name: 'paper', about: 'as the paper did it' },
    { name: 'seven', about: 'paper, with seven shadow models' },
  ]);
});
