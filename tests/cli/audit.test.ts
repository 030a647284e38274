import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allMembershipAttacks } from '../../attacks/index.ts';
import { findSet } from '../../cli/files.ts';
import { writeNpz } from '../../data/index.ts';
import { Classifier, createEngine, readSafeTensors } from '../../engine/index.ts';
import { realEnv } from '../data/real.ts';
import { assert, suite } from '../harness.ts';
import { tableRows, writeCsv } from './csv.ts';
import { cleanEnv, type Finished, inFolder, inProcess, keyhole, validJson } from './support.ts';

const test = suite('keyhole audit');
/** attacks that run without being named */
const ordinary = allMembershipAttacks.filter(({ costly }) => !costly).length;
const FAST = ['--model', 'softmax', '--epochs', '2', '--quiet'];

function audited(finished: Finished) {
  assert.is(finished.code, 0, finished.stderr);
  assert.is(finished.stderr, '');
  return validJson(finished, 'keyhole.audit/1');
}

const audit = async (...args: string[]) => audited(await inProcess(['audit', '--json', ...FAST, ...args]));

test('as a process: a valid record on standard output, progress on standard error', () =>
  inFolder(async (folder) => {
    const finished = await keyhole(['audit', '--data', 'digits', '--json', '--epochs', '3'], { env: cleanEnv(folder) });
    assert.is(finished.code, 0, finished.stderr);
    const record = validJson(finished, 'keyhole.audit/1');
    assert.equal(record.dataset, { ...record.dataset, name: 'digits', members: 449, nonMembers: 449, classes: 10 });
    assert.is(record.model.name, 'mlp');
    assert.is(record.attacks.length + record.warnings.length, ordinary, 'each ran, or says why not');
    assert.is(record.command, 'keyhole audit --data digits --epochs 3');
    assert.is(record.build, 'base');
    assert.match(finished.stderr, /^target model: 100 %, epoch 3\/3/m);
    assert.match(finished.stderr, /^shadow model: 100 %/m);
    assert.match(finished.stderr, /--out FOLDER keeps the model/);
    assert.not.ok(finished.stderr.includes('\x1b'));
  }));

test('--out: the numbers, the report and the model, no checkpoints; the text names the report', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'deep', 'report');
    const { code, stdout } = await inProcess(['audit', ...FAST, '--out', out]);
    assert.is(code, 0);
    assert.equal(readdirSync(out).sort(), ['audit.json', 'model.safetensors', 'report.html']);
    assert.ok(stdout.endsWith(`\nReport: ${join(out, 'report.html')}\n`));
    const record = validJson({ stdout: readFileSync(join(out, 'audit.json'), 'utf8') }, 'keyhole.audit/1');
    assert.is(record.train.epochs, 2);
    assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /^<!doctype html>/i);
    const engine = await createEngine();
    const model = Classifier.load(engine, readFileSync(join(out, 'model.safetensors')));
    assert.is(model.parameters, record.model.parameters);
    model.dispose();
  }));

test('the same seed gives the same numbers, another seed others', async () => {
  const numbers = ({ attacks, train }: Awaited<ReturnType<typeof audit>>) => ({
    accuracy: [train.accuracy, train.testAccuracy],
    attacks: attacks.map(({ seconds: _, ...rest }) => rest),
  });
  const [a, b, c] = [await audit('--seed', '5'), await audit('--seed', '5'), await audit('--seed', '6')];
  assert.equal(numbers(a), numbers(b));
  assert.not.equal(numbers(a), numbers(c));
  assert.is(a.seed, 5);
});

test('options take effect', async () => {
  const sized = await audit('--train-size', '300', '--out-size', '120', '--attacks', 'loss,gap', '--confidence', '0.9');
  assert.equal([sized.dataset.members, sized.dataset.nonMembers], [300, 120]);
  assert.equal(
    sized.attacks.map((attack) => attack.name),
    ['loss', 'gap'],
  );
  assert.is(sized.attacks[0]!.auc.confidence, 0.9);
  assert.is((await audit('--relaxed')).build, 'relaxed');
  assert.is((await audit('--backend', 'reference', '--attacks', 'gap')).build, 'reference');
  const plain = await audit('--attacks', 'gap');
  for (const args of [
    ['--batch-size', '16'],
    ['--optimizer', 'sgd'],
    ['--optimizer', 'sgd', '--momentum', '0.5'],
    ['--learning-rate', '0.01'],
    ['--weight-decay', '1'],
    ['--epochs', '3'],
  ]) {
    const changed = await audit('--attacks', 'gap', ...args);
    assert.not.equal(changed.train.accuracy, plain.train.accuracy, args.join(' '));
  }
});

test('--slice: the strongest attack for each part of a column, and a word where there is no such column', () =>
  inFolder(async (folder) => {
    const csv = writeCsv(folder, 'own.csv', tableRows(200));
    const record = await audit('--data', csv, '--attacks', 'loss,gap', '--slice', 'a', '--slice', 'c');
    assert.equal(
      record.slices!.map(({ by }) => by),
      ['class', 'prediction', 'a', 'c'],
    );
    assert.is(record.slices![2]!.slices.length, 4);
    const { code, stderr } = await inProcess(['audit', ...FAST, '--data', csv, '--slice', 'height']);
    assert.is(code, 2);
    assert.match(stderr, /column 'height': expected one of a, b, c, d/);
  }));

test('every model by name', async () => {
  for (const model of ['softmax', 'mlp', 'mnist', 'mnist-tanh', 'mnist-strided', 'cifar']) {
    const record = await audit('--model', model, '--epochs', '1', '--train-size', '60', '--attacks', 'gap');
    assert.is(record.model.name, model);
    assert.ok(record.model.parameters! > 0);
  }
});

test('own files: CSV and NumPy, by their names alone or by --path', () =>
  inFolder(async (folder) => {
    const csv = writeCsv(folder, 'own.csv', tableRows(150));
    for (const choice of [[csv], ['csv', '--path', csv], ['csv', '--path', csv, '--label', 'label']]) {
      const record = await audit('--data', ...choice);
      assert.equal([record.dataset.name, record.dataset.classes, record.dataset.members], ['csv', 3, 37]);
    }
    const y = Int32Array.from({ length: 200 }, (_, i) => i % 4);
    const x = Uint8Array.from({ length: 200 * 64 }, (_, i) => (i * 37) % 251);
    const npz = join(folder, 'own.npz');
    writeFileSync(npz, writeNpz({ x: { shape: [200, 8, 8], data: x }, y: { shape: [200], data: y } }));
    const record = await audit('--data', npz, '--model', 'cifar', '--epochs', '1', '--attacks', 'gap');
    assert.equal([record.dataset.name, record.dataset.classes], ['npz', 4]);
    const made = await audit('--data', 'synthetic-blobs', '--data-option', 'rows=400', '--data-option', 'classes=5');
    assert.equal([made.dataset.members, made.dataset.classes], [100, 5]);
  }));

test('a set under KEYHOLE_DATA is found by its name', async ({ skip }) => {
  if (!(await findSet('iris', { env: realEnv }))) skip('data set iris not found: set KEYHOLE_DATA');
  const env = Object.fromEntries(
    Object.entries(realEnv).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const record = audited(await inProcess(['audit', '--data', 'iris', '--json', ...FAST], { env }));
  assert.equal([record.dataset.name, record.dataset.classes], ['iris', 3]);
});

test('an attack that has too few rows is left out with a word, the others run', () =>
  inFolder(async (folder) => {
    const record = await audit('--data', writeCsv(folder, 'few.csv', tableRows(60)));
    assert.is(record.attacks.length + record.warnings.length, ordinary, 'each ran, or says why not');
    assert.ok(
      record.warnings.some((w) => w.code === 'skipped' && w.message.startsWith('shadow-logistic was left out')),
    );
  }));

test('the model file says what it is', () =>
  inFolder(async (folder) => {
    await inProcess(['audit', ...FAST, '--out', folder]);
    const { metadata } = readSafeTensors(readFileSync(join(folder, 'model.safetensors')));
    assert.is(metadata['model'], 'softmax');
    assert.not.ok(existsSync(join(folder, 'target.checkpoint')));
  }));
