/** keyhole attack and keyhole evaluate robustness: a saved model, an ONNX file, and what can be wrong. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heldOut } from '../../cli/model-origin.ts';
import { Interrupted } from '../../cli/terminal.ts';
import { loadTrainedModel } from '../../cli/trained-model.ts';
import { trainingParts } from '../../cli/training.ts';
import { loadSet, readNpz, take } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { onnxOf } from '../support/onnx.ts';
import { throwsError } from '../support/throws.ts';
import { writeCsv } from './csv.ts';
import { members, model as small, write } from './foreign.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const home = mkdtempSync(join(tmpdir(), 'keyhole-robust-'));
atEnd(() => rmSync(home, { recursive: true, force: true }));
const trained = await inProcess(['train', '--quiet', '--epochs', '6', '--seed', '3', '--out', home]);
assert.is(trained.code, 0, trained.stderr);
const MODEL = ['--model', join(home, 'model.safetensors'), '--data', 'digits'];
const QUICK = ['--rows', '60', '--quiet'];
const LONG = { timeout: 60_000 };

const attack = suite('keyhole attack');

attack(
  'a record, a report, and the changed rows, inside the ball, of the test part of the training',
  () =>
    inFolder(async (folder) => {
      const args = ['attack', 'pgd', ...MODEL, ...QUICK, '--epsilon', '0.1,51/255', '--option', 'steps=10'];
      const finished = await inProcess([...args, '--out', folder, '--json']);
      assert.is(finished.code, 0, finished.stderr);
      const record = validJson(finished, 'keyhole.robustness/1');
      assert.equal(readdirSync(folder).sort(), ['adversarial.npz', 'report.html', 'robustness.json']);
      assert.equal(record.epsilons, [0.1, 0.2]);
      assert.equal(
        record.attacks.map(({ name, options }) => [name, options['steps']]),
        [['pgd', 10]],
      );
      assert.ok(record.worst[1]!.robust.value! < record.worst[0]!.robust.value!);
      assert.match(
        record.command!,
        /^keyhole attack pgd --model \S+ --epsilon 0\.1,0\.2 --rows 60 --option steps=10 --data digits$/,
      );
      assert.is(record.masking, 'none seen');

      const arrays = readNpz(new Uint8Array(readFileSync(join(folder, 'adversarial.npz'))), 'adversarial.npz');
      const digits = await loadSet('digits');
      const { test } = trainingParts(digits, {}, Rng.from(3).split('train').split('split'));
      const rows = Int32Array.from(arrays.get('rows')!.data as Int32Array);
      assert.equal(rows, test.slice(0, 60));
      const { x } = take(digits, rows);
      for (const { epsilon, success } of record.worst) {
        const { shape, data } = arrays.get(`fooled_${epsilon}`)!;
        const marks = Array.from(data as Uint8Array);
        assert.equal(shape, [60]);
        assert.ok(marks.every((mark) => mark === 0 || mark === 1));
        assert.is(marks.filter((mark) => mark === 1).length, Math.round(success.value! * success.n));
      }
      const changed = arrays.get('x_0.2')!;
      assert.equal(changed.shape, [60, 8, 8, 1]);
      assert.ok(
        Array.from(changed.data as Float32Array).every(
          (value, i) => Math.abs(value - x[i]!) <= 0.2 && value >= 0 && value <= 1,
        ),
      );
    }),
  LONG,
);

attack('text for people; the same seed, the same figures', async () => {
  const args = ['attack', 'fgsm', ...MODEL, ...QUICK, '--epsilon', '0.2', '--target-class', 'next'];
  const [one, two] = [await inProcess(args), await inProcess(args)];
  assert.is(one.code, 0, one.stderr);
  assert.is(one.stdout, two.stdout);
  assert.match(one.stdout.replaceAll(/\s+/g, ' '), /do not become the class after their own/);
});

attack(
  'a table keeps the scale that its model was trained with',
  () =>
    inFolder(async (folder) => {
      const rng = Rng.from(1);
      const rows = Array.from({ length: 200 }, (_, i) => [100 + 50 * rng.normal() + 80 * (i % 2), rng.normal(), i % 2]);
      const data = writeCsv(
        folder,
        'scaled.csv',
        rows.map((row) => row.map(String)),
        ['a', 'b', 'label'],
      );
      const out = join(folder, 'm');
      const { code, stderr } = await inProcess(['train', '--quiet', '--data', data, '--epochs', '20', '--out', out]);
      assert.is(code, 0, stderr);
      const args = ['attack', 'pgd', '--model', join(out, 'model.safetensors'), '--data', data, '--quiet', '--json'];
      const record = validJson(await inProcess([...args, '--epsilon', '0.3', '--norm', 'l2']), 'keyhole.robustness/1');
      assert.ok(record.clean.value! > 0.7, `${record.clean.value}`);
      assert.equal(record.examples, []);
    }),
  LONG,
);

const evaluate = suite('keyhole evaluate robustness');

evaluate(
  'several attacks by default, the worst case over them, checks that were asked',
  async () => {
    const args = ['evaluate', 'robustness', ...MODEL, '--rows', '12', '--quiet', '--epsilon', '0.2,0.3', '--json'];
    const record = validJson(await inProcess(args), 'keyhole.robustness/1');
    const names = record.attacks.map(({ name }) => name);
    assert.ok(names.includes('fgsm') && names.includes('pgd'), names.join());
    for (const [k, { robust }] of record.worst.entries())
      for (const { curve } of record.attacks) assert.ok(robust.value! <= curve[k]!.robust.value!);
    assert.ok(record.flags.filter(({ flag }) => flag !== null).length >= 10);
    assert.match(record.command!, /^keyhole evaluate robustness --model/);
    const chosen = [...args, '--attacks', 'fgsm,bim', '--option', 'bim.steps=5', '--no-controls'];
    const own = validJson(await inProcess(chosen), 'keyhole.robustness/1');
    assert.equal(
      own.attacks.map(({ name, options }) => [name, options['steps']]),
      [
        ['fgsm', undefined],
        ['bim', 5],
      ],
    );
    assert.is(own.controls.noise, null);
  },
  LONG,
);

evaluate(
  'an ONNX file is attacked by its answers',
  () =>
    inFolder(async (folder) => {
      const file = join(folder, 'm.onnx');
      writeFileSync(file, onnxOf(small));
      const args = ['--model', file, '--data', write(folder, 'rows.npz', members), '--rows', '20', '--epsilon', '0.5'];
      const few = ['--attacks', 'square-probabilities', '--option', 'square-probabilities.queries=30'];
      const finished = await inProcess(['evaluate', 'robustness', ...args, ...few, '--json']);
      assert.is(finished.code, 0, finished.stderr);
      const record = validJson(finished, 'keyhole.robustness/1');
      assert.equal(
        [record.model.name, record.model.parameters, record.model.access],
        ['m.onnx', null, 'probabilities'],
      );
      assert.ok(record.attacks[0]!.queries > 20 && record.worst[0]!.robust.value! < record.clean.value!);
      assert.match(finished.stderr, /Nothing says which rows the model was trained on/);
      const spent = await inProcess(['evaluate', 'robustness', ...args, ...few, '--json', '--query-budget', '60']);
      assert.ok(validJson(spent, 'keyhole.robustness/1').attacks[0]!.stopped, spent.stderr);
    }),
  LONG,
);

evaluate('stopped by the user: the exit code says so, and nothing is left behind', () =>
  inFolder(async (folder) => {
    const stop = new AbortController();
    const args = [
      'evaluate',
      'robustness',
      ...MODEL,
      '--epsilon',
      '0.1',
      '--attacks',
      'pgd',
      '--option',
      'pgd.steps=20000',
    ];
    setTimeout(() => stop.abort(new Interrupted(130)), 300);
    const { code, stdout } = await inProcess([...args, '--out', join(folder, 'new')], { signal: stop.signal });
    assert.equal([code, stdout], [130, '']);
    assert.equal(readdirSync(folder), []);
  }),
);

const defended = suite('keyhole attack, with a defence before the model');
const SQUEEZED = ['--defence', 'feature-squeezing', '--defence-option', 'bits=3', '--defence-option', 'median=0'];

defended(
  'who knows a transform leaves less right than who hands over what fools the bare model; record, text and report say which',
  () =>
    inFolder(async (folder) => {
      const args = ['attack', 'pgd', ...MODEL, ...QUICK, '--rows', '120', '--epsilon', '0.15', '--no-controls'];
      const run = async (more: readonly string[]) =>
        validJson(await inProcess([...args, ...more, '--json']), 'keyhole.robustness/1');
      const bare = await run([]);
      const knowing = await run([...SQUEEZED, '--out', folder]);
      const unknowing = await run([...SQUEEZED, '--attacker', 'unaware']);
      assert.is(bare.defence, undefined);
      assert.equal(knowing.defence, {
        name: 'feature-squeezing',
        title: 'Inputs squeezed: fewer levels, medians of neighbours',
        options: { bits: 3, median: 0 },
        attacker: 'adaptive',
      });
      assert.equal([unknowing.defence!.attacker, unknowing.model.access], ['unaware', 'white-box']);
      // rows that stop at the boundary of the bare model are no good where something stands before it: handed over are those that do not
      const timid = await run([...SQUEEZED, '--attacker', 'unaware', '--option', 'full=0']);
      assert.equal(
        [knowing, unknowing, timid].map(({ attacks }) => attacks[0]!.options['full']),
        [0, 1, 0],
      );
      const [known, handed, stopped] = [knowing, unknowing, timid].map(({ worst }) => worst[0]!.robust);
      const said = JSON.stringify([bare.worst[0]!.robust, known, handed, stopped]);
      assert.ok(known!.value! <= handed!.value! && known!.high < stopped!.low, said);
      assert.match(
        knowing.command!,
        /--defence feature-squeezing --defence-option bits=3 --defence-option median=0 --no-controls --data digits$/,
      );
      const report = readFileSync(join(folder, 'report.html'), 'utf8');
      assert.match(report, /Before the model stands feature-squeezing \(bits 3, median 0\)\. The attacker knows it/);
      const text = await inProcess([...args, ...SQUEEZED, '--attacker', 'unaware']);
      assert.match(text.stdout.replaceAll(/\s+/g, ' '), /The attacker does not know it: what fools the model alone/);
    }),
  LONG,
);

defended(
  'a defence that grants no gradients is attacked by its answers; one that was fitted gets the rows that the model was trained on',
  async () => {
    const args = [
      'attack',
      'square',
      ...MODEL,
      '--rows',
      '20',
      '--quiet',
      '--epsilon',
      '0.2',
      '--option',
      'queries=50',
    ];
    const asked = await inProcess([...args, ...SQUEEZED, '--attacker', 'answers', '--json', '--no-controls']);
    const record = validJson(asked, 'keyhole.robustness/1');
    assert.equal([record.defence!.attacker, record.model.access], ['answers', 'logits']);
    const labels = [...MODEL, '--rows', '5', '--quiet', '--epsilon', '0.3', '--no-controls', '--json'];
    const few = ['--attacks', 'hopskipjump', '--option', 'hopskipjump.queries=200'];
    const labelled = validJson(
      await inProcess([
        'evaluate',
        'robustness',
        ...labels,
        '--defence',
        'label-only',
        '--attacker',
        'answers',
        ...few,
      ]),
      'keyhole.robustness/1',
    );
    assert.is(labelled.model.access, 'label-only');
    const fitted = await inProcess([
      ...['attack', 'fgsm', ...MODEL, '--rows', '20', '--quiet', '--epsilon', '0.2', '--no-controls', '--json'],
      ...['--defence', 'memguard', '--defence-option', 'epochs=2', '--attacker', 'unaware'],
    ]);
    const behind = validJson(fitted, 'keyhole.robustness/1');
    assert.is(behind.defence!.options['epochs'], 2);
    const plain = await inProcess([...args.slice(0, 1), 'fgsm', ...args.slice(2, -2), '--no-controls', '--json']);
    assert.equal(behind.worst, validJson(plain, 'keyhole.robustness/1').worst, 'labels stay as they are');
  },
  LONG,
);

const wrong = suite('keyhole attack, used wrongly');

wrong('defences and attackers that make no sense: exit code 2, and what to do', () =>
  inFolder(async (folder) => {
    const fails = async (args: readonly string[], message: RegExp) =>
      refused(await inProcess(['attack', 'pgd', '--epsilon', '0.1', '--quiet', '--rows', '20', ...args]), 2, message);
    const own = (...args: string[]) => [...MODEL, ...args];
    await fails(
      own('--defence', 'trades'),
      /got one that changes training\. Train with it: keyhole run adversarial-training/,
    );
    await fails(own('--defence', 'jpegs'), /--defence jpegs: expected one of .*Did you mean 'jpeg'/);
    await fails(own('--attacker', 'unaware'), /--attacker: expected --defence as well/);
    await fails(own('--defence-option', 'bits=1'), /--defence-option: expected --defence as well/);
    await fails(own('--defence', 'jpeg', '--attacker', 'all'), /Expected one of adaptive, unaware, answers/);
    await fails(
      own('--defence', 'jpeg', '--defence-option', 'bits=3'),
      /jpeg: expected an option among quality, got 'bits'/,
    );
    await fails(own('--defence', 'jpeg', '--defence-option', 'quality'), /expected NAME=NUMBER, such as bits=3/);
    await fails(
      own('--defence', 'jpeg', '--defence-option', 'quality=0'),
      /jpeg\.quality: expected a whole number from 1 to 100/,
    );
    await fails(
      own('--defence', 'jpeg', '--attacker', 'answers'),
      /pgd: expected a target with access 'gradients', got one behind jpeg, which grants 'logits' .* square, .*--attacker adaptive.*--attacker unaware/,
    );
    await fails(
      own('--defence', 'rounding', '--attacker', 'answers'),
      /behind rounding, which grants 'logits' to this attacker.*--attacker adaptive.*--attacker unaware/,
    );
    await fails(
      own('--defence', 'memguard', '--rows', '1000', '--attacker', 'unaware'),
      /all \d+ are attacked\. Ask for fewer --rows/,
    );
    const file = join(folder, 'm.onnx');
    writeFileSync(file, onnxOf(small));
    const foreign = ['--model', file, '--data', write(folder, 'rows.npz', members), '--defence', 'jpeg'];
    await fails(foreign, /--defence: expected a saved model.*known by its answers/);
    await fails(['--model', 'mlp', '--defence', 'trades'], /keyhole run adversarial-training/);
  }),
);

wrong('options about how to ask, of a model that is not asked so; access that was taken away', async () => {
  const fails = async (args: readonly string[], message: RegExp) =>
    refused(await inProcess(['attack', ...args, ...MODEL, '--quiet', '--rows', '20', '--epsilon', '0.1']), 2, message);
  await fails(['pgd', '--header', 'a:b'], /--header: expected an address as --model, .*Leave it out/);
  await fails(['pgd', '--rate', '3'], /--rate: expected an address/);
  await fails(['pgd', '--layout', 'nchw'], /--layout: expected an ONNX file/);
  await fails(['pgd', '--batch', '2'], /--batch: expected a file or an address/);
  await fails(
    ['pgd', '--outputs', 'labels'],
    /pgd: expected a target with access 'gradients', got one with 'label-only'/,
  );
  await fails(['square', '--outputs', 'logits', ...SQUEEZED], /--outputs: expected no --defence beside it/);
});

wrong('epsilons, classes, options and names that make no sense: exit code 2, and what to do', async () => {
  const fails = async (args: readonly string[], message: RegExp) =>
    refused(await inProcess(['attack', ...args, '--quiet', '--rows', '20']), 2, message);
  await fails(['pgd', ...MODEL, '--epsilon', '1.5'], /--epsilon: expected numbers above 0 and at most 1, .* got 1\.5/);
  for (const epsilon of ['0', '-1', 'x', '8/0', '1/2/3', '', '0.1,,0.2', 'Infinity'])
    await fails(['pgd', ...MODEL, '--epsilon', epsilon], /Expected numbers above 0 such as 0\.1 or 8\/255/);
  await fails(['pgd', ...MODEL], /required option '--epsilon <list>'/);
  await fails(['pdg', ...MODEL, '--epsilon', '0.1'], /Did you mean 'pgd'/);
  await fails(
    ['pgd', ...MODEL, '--epsilon', '0.1', '--target-class', '10'],
    /--target-class: expected a class from 0 to 9, or 'next', got 10/,
  );
  await fails(
    ['pgd', ...MODEL, '--epsilon', '0.1', '--target-class', 'one'],
    /Expected a class, counted from 0, or 'next'/,
  );
  await fails(
    ['pgd', ...MODEL, '--epsilon', '0.1', '--option', 'stpes=3'],
    /expected an option among steps, .* got 'stpes'/,
  );
  await fails(
    ['pgd', ...MODEL, '--epsilon', '0.1', '--option', 'steps'],
    /--option steps: expected NAME=NUMBER, such as pgd\.steps=100/,
  );
  await fails(
    ['pgd', ...MODEL, '--epsilon', '0.1', '--option', 'steps=2.5'],
    /pgd\.steps: expected a whole number from 1 to 100000, got 2\.5/,
  );
  await fails(['pgd', ...MODEL, '--epsilon', '0.1', '--option', 'bim.steps=3'], /of an attack that is run \(pgd\)/);
  await fails(['pgd', ...MODEL, '--epsilon', '1', '--norm', 'l0'], /pgd: expected a norm among linf, l2, l1, got 'l0'/);
  await fails(['pgd', '--model', 'mlp', '--epsilon', '0.1'], /Train it first: keyhole train --model mlp --out FOLDER/);
  const both = ['evaluate', 'robustness', ...MODEL, '--epsilon', '0.1', '--option', 'pgd.steps=3'];
  refused(await inProcess(both), 2, /--option: expected --attacks as well/);
});

wrong('gradients asked of a model that is known by its answers: attacks that work are named', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'm.onnx');
    writeFileSync(file, onnxOf(small));
    const args = ['--model', file, '--data', write(folder, 'rows.npz', members), '--epsilon', '0.1', '--quiet'];
    const message =
      /pgd: expected a target with access 'gradients', got one with 'probabilities'\. (Attacks that work here: |No attack)/;
    refused(await inProcess(['attack', 'pgd', ...args]), 2, message);
  }),
);

wrong('a file that is no model, and rows that a file says nothing about', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'x.safetensors');
    writeFileSync(file, 'nothing');
    const { code, stderr } = await inProcess(['attack', 'pgd', '--model', file, '--epsilon', '0.1']);
    assert.is(code, 1);
    assert.match(stderr, /x\.safetensors/);
    const { classifier, metadata } = await loadTrainedModel(await testEngine(), MODEL[1]!);
    const digits = await loadSet('digits');
    assert.is(heldOut(digits, classifier.model, metadata).doubt, null);
    const unknown = heldOut(digits, classifier.model, {});
    assert.match(unknown.doubt ?? '', /may hold some that it knows/);
    assert.is(unknown.rows.length, digits.size);
    throwsError(
      () => heldOut(digits, small.model),
      ConfigError,
      /expected rows of \[3, 4, 1\] in 4 classes.*got \[8, 8, 1\] in 10/,
    );
    classifier.dispose();
  }),
);
