/** keyhole audit --model http://…: a real service on loopback, and what it can do wrong. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { type ModelServer, modelServer, type Reply } from '../support/model-server.ts';
import { audit, audited, CLASSES, files, model, population, sets, write } from './foreign.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

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

http('reference models by a recipe: the service is asked about each record once, LiRA online has the rest', () =>
  served(judged, async (server, folder) => {
    const recipe = ['--shadow-recipe', 'mlp', '--epochs', '40', '--batch-size', '20', '--references', '4'];
    const attacks = ['--attacks', 'lira-online,lira-offline,loss'];
    const record = await audit('--model', server.url, ...sets(folder), ...recipe, ...attacks);
    assert.equal([record.target?.kind, record.references, record.attacks.length], ['http', 4, 3]);
    assert.is(record.target!.ledger.queries, 256, 'and 16 rows again, to see whether answers vary');
    assert.ok(record.attacks[0]!.auc.low > 0.6, `${record.attacks[0]!.auc.value}`);
    const often = await audit('--model', server.url, ...sets(folder), '--attacks', 'loss', '--repeats', '3');
    assert.is(often.target!.ledger.queries, 256 + 3 * 240);
  }),
);

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
