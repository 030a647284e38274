/** keyhole audit --model FILE.onnx and --model http://…: a real file, a real service, and what both can get wrong. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy, writeNpz } from '../../data/index.ts';
import { Classifier, namedModel, sizeOf } from '../../engine/index.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { type ModelServer, modelServer, type Reply } from '../support/model-server.ts';
import { onnxOf } from '../support/onnx.ts';
import { writeCsv } from './csv.ts';
import { type Finished, inFolder, inProcess, keyhole, refused, validJson } from './support.ts';

const engine = await testEngine();
const SHAPE = [3, 4, 1];
const CLASSES = 4;
const parts = [1, 2, 3].map((seed) => noise(seed, 120, SHAPE, CLASSES));
const [members, nonMembers, population] = parts as [(typeof parts)[0], (typeof parts)[0], (typeof parts)[0]];
const model = Classifier.create(engine, namedModel('mlp', SHAPE, CLASSES), { seed: 1 });
await model.fit(members, { epochs: 60, batchSize: 20, seed: 1 });
atEnd(() => model.dispose());

function write(folder: string, name: string, set: { x: ArrayLike<number>; y: ArrayLike<number> }, y = true): string {
  const path = join(folder, name);
  const rows = set.x.length / sizeOf(SHAPE);
  const arrays = {
    x: { shape: [rows, ...SHAPE], data: Float32Array.from(set.x) },
    ...(y && { y: { shape: [rows], data: Int32Array.from(set.y) } }),
  };
  writeFileSync(path, writeNpz(arrays));
  return path;
}

function files(folder: string): string[] {
  const onnx = join(folder, 'm.onnx');
  writeFileSync(onnx, onnxOf(model));
  return ['--model', onnx, ...sets(folder)];
}
const sets = (folder: string) => [
  '--members',
  write(folder, 'in.npz', members),
  '--non-members',
  write(folder, 'out.npz', nonMembers),
];

function audited(finished: Finished) {
  assert.is(finished.code, 0, finished.stderr);
  return validJson(finished, 'keyhole.audit/1');
}
const audit = async (...args: string[]) => audited(await inProcess(['audit', '--json', '--quiet', ...args]));

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

const http = suite('keyhole audit --model http://…');

const judged = async (inputs: readonly unknown[]): Promise<Reply> => {
  const x = Float32Array.from((inputs as number[][]).flat(3) as unknown as number[]);
  const p = await model.predict(x);
  return { body: { probabilities: inputs.map((_, i) => [...p.subarray(i * CLASSES, (i + 1) * CLASSES)]) } };
};

async function served(
  answer: (inputs: readonly unknown[], nth: number) => Reply | Promise<Reply>,
  use: (server: ModelServer, folder: string) => Promise<void>,
): Promise<void> {
  const server = await modelServer(answer);
  try {
    await inFolder((folder) => use(server, folder));
  } finally {
    await server.close();
  }
}

http('the same numbers as from the file; the ledger; no secret anywhere', () =>
  served(judged, async (server, folder) => {
    const out = join(folder, 'out');
    const address = `${server.url.replace('//', '//ada:geheim@')}?key=geheim`;
    const header = ['--header', 'x-token: geheim'];
    const finished = await inProcess([
      'audit',
      '--json',
      '--model',
      address,
      ...sets(folder),
      ...header,
      '--attacks',
      'loss',
      '--out',
      out,
    ]);
    const record = audited(finished);
    assert.is(server.received[0]!.headers['x-token'], 'geheim');
    assert.equal([record.target?.kind, record.model.name], ['http', server.url]);
    const { queries, requests, retries, failures } = record.target!.ledger;
    // 240 rows by 64, and 16 rows again
    assert.equal([queries, requests, retries, failures], [256, 5, 0, 0]);
    assert.match(record.command!, /--header 'x-token:…'/);
    for (const name of readdirSync(out)) assert.not.match(readFileSync(join(out, name), 'utf8'), /geheim/, name);
    assert.not.match(finished.stdout + finished.stderr, /geheim/);
    const [, path] = files(folder);
    const own = await audit('--model', path!, ...sets(folder), '--attacks', 'loss');
    assert.ok(Math.abs(own.attacks[0]!.auc.value! - record.attacks[0]!.auc.value!) < 1e-3);
  }),
);

http('a service that dies: partial results, marked; the same command asks for the rest only', () => {
  let alive = false;
  return served(
    async (inputs, nth) => (nth < 8 || alive ? judged(inputs) : { status: 500 }),
    async (server, folder) => {
      const out = join(folder, 'out');
      const args = [
        '--model',
        server.url,
        ...sets(folder),
        '--batch',
        '20',
        '--concurrency',
        '1',
        '--retries',
        '0',
        '--out',
        out,
        '--attacks',
        'loss',
      ];
      const first = await inProcess(['audit', ...args]);
      assert.is(first.code, 0);
      assert.match(
        first.stderr,
        /warning: Only \d+ of 120 members, \d+ of 120 non-members were answered: the model did not answer/,
      );
      const half = validJson({ stdout: readFileSync(join(out, 'audit.json'), 'utf8') }, 'keyhole.audit/1');
      assert.is(half.dataset.members + half.dataset.nonMembers, 160);
      assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /Only \d+ of 120 members/);
      alive = true;
      // as a kill in the middle of a line would leave it
      appendFileSync(join(out, 'answers.jsonl'), '{"rows":[1,2');
      const second = await inProcess(['audit', '--json', ...args, '--resume']);
      assert.match(second.stderr, /going on from .*answers\.jsonl, which has answers about 160 rows/);
      const record = audited(second);
      assert.equal(
        [record.dataset.members, record.target?.ledger.remembered, record.target?.ledger.queries],
        [120, 160, 96],
      );
      assert.not.ok(record.warnings.some(({ code }) => code === 'partial'));
      const whole = await audit('--model', server.url, ...sets(folder), '--batch', '20', '--attacks', 'loss');
      assert.equal(record.attacks[0]!.auc, whole.attacks[0]!.auc);
      const other = ['audit', ...args.with(3, write(folder, 'other.npz', population))];
      refused(
        await inProcess(other),
        2,
        /answers\.jsonl: expected answers to the same questions, got others: rows \w+ there/,
      );
    },
  );
});

http('a budget that ends: results so far, with the warning', () =>
  served(judged, async (server, folder) => {
    const record = await audit('--model', server.url, ...sets(folder), '--query-budget', '100', '--attacks', 'loss');
    assert.is(record.dataset.members + record.dataset.nonMembers, 100);
    assert.match(record.warnings[0]!.message, /the query budget of 100 was used up/);
    assert.is(
      server.received.reduce((sum, { inputs }) => sum + inputs.length, 0),
      100,
    );
  }),
);

http('Ctrl-C: answers so far are kept, and it says how to go on', () => {
  const stop = new AbortController();
  return served(
    async (inputs, nth) => {
      if (nth === 3) stop.abort(new (await import('../../cli/terminal.ts')).Interrupted(130));
      return nth < 3 ? judged(inputs) : { stall: true };
    },
    async (server, folder) => {
      const out = join(folder, 'out');
      const args = [
        'audit',
        '--model',
        server.url,
        ...sets(folder),
        '--batch',
        '20',
        '--concurrency',
        '1',
        '--out',
        out,
      ];
      const { code, stderr } = await inProcess(args, { signal: stop.signal });
      assert.is(code, 130);
      assert.match(stderr, /stopped\. 60 answers are kept in .*answers\.jsonl: the same command goes on from there/);
    },
  );
});

http('a service that is not there, or refuses', () =>
  served(
    () => ({ status: 401, body: { error: 'who are you' } }),
    async (server, folder) => {
      refused(
        await inProcess(['audit', '--quiet', '--model', server.url, ...sets(folder)]),
        1,
        /status 401 \(.*who are you.*\)\. Give what it asks for, with --header/,
      );
      const out = join(folder, 'out');
      refused(
        await inProcess([
          'audit',
          '--quiet',
          '--model',
          'http://127.0.0.1:9/',
          '--retries',
          '0',
          ...sets(folder),
          '--out',
          out,
        ]),
        1,
        /http:\/\/127\.0\.0\.1:9\/: (nobody answers there|bad port)/,
      );
    },
  ),
);
