import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wantedRun } from '../../cli/runs/index.ts';
import { writeNpz } from '../../data/index.ts';
import { shokriAttack } from '../../experiments/membership/index.ts';
import { assert, suite, type TestFunction } from '../harness.ts';
import { tableRows, writeCsv } from './csv.ts';
import { jobsOf, recordsIn } from './grid.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const named = suite("command line: the shadow-model experiment on data of one's own");
const test = (name: string, fn: TestFunction) => named(name, fn, { timeout: 120_000 });

const small = (data: string, ...more: string[]) => [
  ...['run', 'shokri', '--workers', '1', '--json', '--set', `data=${data}`],
  ...['sizes=[40]', 'shadows=2', 'attacks=["logistic"]', 'recipe.epochs=3', 'mitigation=null', ...more].flatMap((s) => [
    '--set',
    s,
  ]),
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
    { name: 'quick', about: 'digits and six defences, a minute or two on a laptop' },
    {
      name: 'paper',
      about:
        'CIFAR-10, four sizes, 10 shadow models (the paper: 100), 22 defences at the least size; two hours of two cores',
    },
    { name: 'seven', about: 'paper, with seven shadow models and without the mitigation stage' },
  ]);
});

test("the spec of a run that is older than a setting takes the setting's default, and not the quick profile's", () =>
  inFolder(async (folder) => {
    const file = join(folder, 'spec.json');
    const complete = (await wantedRun('shokri', { profile: 'seven' })).settings as Record<string, unknown>;
    const { mitigation: _, knowledge: __, ...older } = complete;
    const spec = { schema: 'keyhole.spec/1', experiment: 'shokri', settings: older, build: 'base', version: '0.1.0' };
    writeFileSync(file, JSON.stringify({ ...spec, data: [] }));
    assert.equal((await wantedRun(file, {})).settings, complete);
    // what somebody wrote by hand is short for the quick profile
    writeFileSync(file, JSON.stringify({ experiment: 'shokri', settings: older }));
    const { settings } = await wantedRun(file, {});
    assert.is.not((settings as { mitigation: unknown }).mitigation, null);
  }));

test('options of attack models are looked at before anything is trained', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const set = (pair: string) => inProcess([...small('digits', pair), '--out', out]);
    refused(await set('options.svn.c=1'), 2, /a setting among svm, .*got 'options\.svn\.c'\. Did you mean 'svm'/);
    refused(await set('options={"svn":{"c":1}}'), 2, /among svm, network, .*, got 'options\.svn'\. Did you mean 'svm'/);
    refused(await set('options.logistic.see=1'), 2, /shokri-logistic: expected an option among .*got 'see'/);
    refused(await set('options.logistic.minRows=20'), 2, /Set minRows itself/);
    assert.not.ok(existsSync(out));
  }));

/** The rows of the table under a title, cells without their intervals' markup. */
function rowsUnder(page: string, title: string): string[][] {
  const part = page.slice(page.indexOf(`## ${title}`)).split('\n## ')[0]!;
  const lines = part.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

test('the report of a finished run has every section, and the numbers of the records', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const rows = tableRows(400);
    const csv = writeCsv(folder, 'my.csv', rows);
    const set = ['label=label', 'attacks=["svm","logistic"]', 'sizes=[60]', 'recipe.epochs=60', 'minRows=5'];
    const finished = await inProcess([...small(csv, ...set), '--out', out]);
    assert.is(finished.code, 0, finished.stderr);
    await inProcess(['report', out, '--format', 'md']);
    const page = readFileSync(join(out, 'report.md'), 'utf8');
    const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    const own = [
      'Precision by size',
      'All sizes and attack models',
      'Against guessing',
      'What the attack models chose',
    ];
    assert.equal(titles.slice(0, 5), [...own, 'Each class, 60 records']);

    const records = recordsIn(out);
    const verdicts = records
      .filter(({ kind }) => kind === 'shokri-attack')
      .map(({ settings, result }) => ({ ...(settings as { attack: string }), ...shokriAttack.parseResult(result) }));
    const svm = verdicts.find(({ attack }) => attack === 'svm')!;
    const percent = (value: number | null) => (value === null ? 'none' : `${(100 * value).toFixed(1)} %`);
    type Share = typeof svm.auc;
    const cell = (share: Share | null) =>
      share === null || share.value === null
        ? 'not resolved'
        : `${percent(share.value)} [${percent(share.low)}, ${percent(share.high)}]`;
    const middle = (what: 'precision' | 'recall') => {
      const values = svm.perClass.flatMap((own) => own[what].value ?? []).sort((a, b) => a - b);
      assert.is(values.length, 3);
      return new RegExp(`^${percent(values[1]!)} \\[.*\\], classes ${percent(values[0]!)} to ${percent(values[2]!)}$`);
    };
    const target = records.find(({ kind, settings }) => {
      return kind === 'membership-model' && (settings as { which: unknown }).which === 'target';
    })!.result as { train: { accuracy: Share }; out: { accuracy: Share } };
    const [row] = rowsUnder(page, 'All sizes and attack models');
    assert.match(row![3]!, middle('precision'));
    assert.match(row![4]!, middle('recall'));
    assert.equal(row!.toSpliced(3, 2), [
      '60, svm',
      percent(target.train.accuracy.value),
      percent(target.out.accuracy.value),
      ...[svm.precision, svm.recall, svm.auc, svm.tprAtFpr['0.01']].map(cell),
    ]);
    assert.match(
      page,
      new RegExp(
        `a median of ${row![3]!.split(',')[0]!.split(' [')[0]} \\[.*\\] of the records of a class that the svm`,
      ),
    );
    const classes = rowsUnder(page, 'Each class, 60 records');
    assert.equal(
      classes.map((line) => line.slice(0, 5)),
      svm.perClass.map((own) =>
        [own.label, own.members, own.nonMembers].map(String).concat([cell(own.precision), cell(own.recall)]),
      ),
    );
    assert.match(page, /Classes 0, 1, 2: fewer than 30 members or non-members \(the least: 20\)/);
    // C and gamma of the three classes, not of the attack model of all
    const chosen = records.flatMap(({ kind, settings, result }) => {
      const { attack, label } = settings as { attack: string; label: number | null };
      return kind === 'attack-model' && attack === 'svm' && label !== null
        ? [(result as { chosen: { c: number } }).chosen.c]
        : [];
    });
    assert.is(chosen.length, 3);
    const [table] = rowsUnder(page, 'What the attack models chose');
    const counted = table![1]!.split(', ').flatMap((part) => {
      const [value, times] = part.split(': ');
      return new Array<number>(Number(times)).fill(Number(value));
    });
    assert.equal(
      counted,
      chosen.sort((a, b) => a - b),
    );
  }));
