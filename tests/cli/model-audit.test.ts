/** keyhole audit --model FILE.onnx: a real file, and what can be wrong with it and with the rows. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy, writeNpz } from '../../data/index.ts';
import { assert, suite } from '../harness.ts';
import { onnxOf } from '../support/onnx.ts';
import { writeCsv } from './csv.ts';
import {
  audit,
  audited,
  CLASSES,
  files,
  members,
  model,
  nonMembers,
  population,
  SHAPE,
  sets,
  write,
} from './foreign.ts';
import { inFolder, inProcess, keyhole, refused } from './support.ts';

const onnx = suite('keyhole audit --model FILE.onnx');

onnx(
  'as a process: a record on standard output, answers, numbers and a report in the folder',
  () =>
    inFolder(async (folder) => {
      const out = join(folder, 'out');
      const finished = await keyhole(['audit', '--json', ...files(folder), '--attacks', 'loss,gap', '--out', out]);
      const record = audited(finished);
      assert.equal([record.model.name, record.model.parameters, record.target?.kind], ['m.onnx', null, 'onnx']);
      assert.match(record.target?.sha256 ?? '', /^[0-9a-f]{64}$/);
      assert.equal([record.dataset.name, record.dataset.members, record.dataset.classes], ['in.npz', 120, CLASSES]);
      assert.ok(record.attacks[0]!.auc.low > 0.8 && record.train.accuracy! > 0.9);
      assert.equal(readdirSync(out).sort(), ['answers.jsonl', 'audit.json', 'report.html']);
      const report = readFileSync(join(out, 'report.html'), 'utf8');
      assert.match(report, /known by its answers only: probabilities/);
      assert.not.match(report, /null|NaN|undefined/);
      assert.match(finished.stderr, /^questions: 100 %/m);
    }),
  { timeout: 60_000 },
);

onnx('text for people: what was left out is counted, the report has the reasons', () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await inProcess(['audit', ...files(folder)]);
    assert.is(code, 0, stderr);
    assert.match(stdout, /m\.onnx on in\.npz: 120 members, 120 non-members; accuracy \d/);
    assert.match(stderr, /\d+ attacks were left out; the report says why/);
    assert.match(stderr, /--out FOLDER keeps the answers/);
  }),
);

onnx('a shadow recipe trains models on the population, and the rest runs', () =>
  inFolder(async (folder) => {
    const with3 = [...files(folder), '--population', write(folder, 'pop.npz', population)];
    const attacks = ['--attacks', 'shadow-logistic,attack-p,confidence'];
    const record = await audit(...with3, '--shadow-recipe', 'mlp', '--epochs', '20', '--shadows', '2', ...attacks);
    assert.is(record.shadows, 2);
    assert.equal(record.attacks.map(({ name }) => name).sort(), ['attack-p', 'confidence', 'shadow-logistic']);
    for (const { auc, name } of record.attacks) assert.ok(auc.low > 0.6, name);
    assert.is(record.target?.given.population, 120);
  }),
);

onnx('logits are named, and taken where they are declared', () =>
  inFolder(async (folder) => {
    const args = files(folder);
    writeFileSync(args[1]!, onnxOf(model, { softmax: false }));
    refused(
      await inProcess(['audit', ...args, '--quiet']),
      2,
      /these look like logits\. Apply softmax, or say so \(--outputs logits\)/,
    );
    const record = await audit(...args, '--outputs', 'logits', '--attacks', 'loss');
    assert.is(record.target?.outputs, 'logits');
  }),
);

onnx('rows as .npy pairs and as CSV', () =>
  inFolder(async (folder) => {
    const [, path] = files(folder);
    const npy = (name: string, shape: number[], data: Float32Array | Int32Array) => {
      writeFileSync(join(folder, name), writeNpy({ shape, data }));
      return join(folder, name);
    };
    const pair = (set: typeof members, name: string) =>
      [npy(`${name}.x.npy`, [120, ...SHAPE], set.x as Float32Array), npy(`${name}.y.npy`, [120], set.y)].join(',');
    const csv = (set: typeof members, name: string) =>
      writeCsv(
        folder,
        `${name}.csv`,
        Array.from(set.y, (label, i) => [...set.x.slice(12 * i, 12 * i + 12), label].map(String)),
        [...Array.from({ length: 12 }, (_, i) => `v${i}`), 'label'],
      );
    const [a, b, c] = [
      await audit('--model', path!, ...sets(folder), '--attacks', 'loss'),
      await audit(
        '--model',
        path!,
        '--members',
        pair(members, 'a'),
        '--non-members',
        pair(nonMembers, 'b'),
        '--attacks',
        'loss',
      ),
      await audit(
        '--model',
        path!,
        '--members',
        csv(members, 'a'),
        '--non-members',
        csv(nonMembers, 'b'),
        '--attacks',
        'loss',
      ),
    ];
    assert.equal(a.attacks[0]!.auc, b.attacks[0]!.auc);
    assert.equal(a.attacks[0]!.auc, c.attacks[0]!.auc);
  }),
);

onnx('without labels: what looks at them is left out by name', () =>
  inFolder(async (folder) => {
    const args = files(folder);
    args[3] = write(folder, 'unlabelled.npz', members, false);
    const record = await audit(...args, '--attacks', 'loss,entropy');
    assert.equal(
      record.attacks.map(({ name }) => name),
      ['entropy'],
    );
    assert.match(record.warnings[0]!.message, /loss was left out: it needs the true labels/);
    assert.is(record.train.accuracy, null);
  }),
);

const wrong = suite('keyhole audit --model: wrong use and bad files');

wrong('overlap and another shape or scale are refused; --force goes on', () =>
  inFolder(async (folder) => {
    const args = files(folder);
    const mixed = { x: nonMembers.x.slice(), y: nonMembers.y };
    mixed.x.set(members.x.subarray(0, 5 * 12));
    args[5] = write(folder, 'mixed.npz', mixed);
    refused(
      await inProcess(['audit', ...args, '--quiet']),
      2,
      /5 of 120 non-members have the input of a member.* use --force/,
    );
    const record = await audit(...args, '--force', '--attacks', 'gap');
    assert.ok(record.warnings.some(({ code }) => code === 'overlap'));
    writeFileSync(args[5]!, writeNpz({ x: { shape: [60, 24], data: new Float32Array(1440) } }));
    refused(
      await inProcess(['audit', ...args]),
      2,
      /mixed\.npz: expected rows of \[3, 4, 1\] as in in\.npz, got \[24\]/,
    );
    args[5] = write(folder, 'scaled.npz', { x: nonMembers.x.map((v) => 255 * v), y: nonMembers.y });
    refused(await inProcess(['audit', ...args, '--quiet']), 2, /differ in scale/);
  }),
);

wrong('options that do not go together, each with the reason', () =>
  inFolder(async (folder) => {
    const args = files(folder);
    for (const [more, message] of [
      [['--data', 'digits'], /--data: expected no such option with --model .*m\.onnx, which is not trained here/],
      [['--dp'], /--dp: expected no such option/],
      [['--epochs', '3'], /--epochs: expected --shadow-recipe as well/],
      [['--rate', '3'], /--rate: expected an address as --model/],
      [['--shadow-recipe', 'mlp'], /--shadow-recipe: expected --population as well/],
      [['--resume'], /--resume: expected --out as well/],
      [['--outputs', 'logit'], /Did you mean 'logits'/],
    ] as const)
      refused(await inProcess(['audit', ...args, ...more]), 2, message);
    refused(
      await inProcess(['audit', '--members', 'x.npz']),
      2,
      /--members: expected a file or an address as --model as well/,
    );
    refused(await inProcess(['audit', ...args.slice(0, 4)]), 2, /--non-members: expected a file with rows/);
    refused(
      await inProcess(['audit', '--model', 'http://h/', ...args.slice(2), '--layout', 'nchw']),
      2,
      /--layout: expected an ONNX file/,
    );
    refused(
      await inProcess(['audit', '--model', 'm.onxx', ...args.slice(2)]),
      2,
      /a file that ends in \.onnx, or an address/,
    );
    refused(
      await inProcess(['audit', '--model', 'http://h/', ...args.slice(2), '--header', 'secret']),
      2,
      /--header …: expected NAME:VALUE/,
    );
  }),
);

wrong('files that are not there, or no models, or no rows', () =>
  inFolder(async (folder) => {
    const args = files(folder);
    refused(
      await inProcess(['audit', '--model', join(folder, 'no.onnx'), ...args.slice(2)]),
      1,
      /no\.onnx: it does not exist/,
    );
    writeFileSync(args[1]!, 'nothing');
    refused(await inProcess(['audit', ...args]), 1, /m\.onnx: expected an ONNX model/);
    writeFileSync(
      args[3]!,
      writeNpz({ images: { shape: [2, 2], data: new Float32Array(4) }, y: { shape: [2], data: new Int32Array(2) } }),
    );
    refused(
      await inProcess(['audit', ...args]),
      2,
      /in\.npz: expected an array 'x' and, if there are labels, 'y', found images, y/,
    );
  }),
);
