/** A service as target: the protocol, and services that stall, fail, answer wrong shapes and limit rates. */
import { EndpointError, type HttpOptions, httpOracle, outputsOf, waitingTime } from '../../attacks/index.ts';
import { ConfigError, KeyholeError, Rng } from '../../engine/index.ts';
import { auditTarget } from '../../experiments/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { type ModelServer, modelServer, type Reply } from '../support/model-server.ts';
import { rejectsError } from '../support/throws.ts';

const SHAPE = [2, 2];
const flat = (row: unknown): number[] => (row as number[][]).flat();
/** sure of class 1 where the first number is above 0 */
const judge = (row: unknown) => (flat(row)[0]! > 0 ? [0.1, 0.9] : [0.8, 0.2]);
const fine = (inputs: readonly unknown[]): Reply => ({ body: { probabilities: inputs.map(judge) } });

async function withServer(
  answer: (inputs: readonly number[][], nth: number) => Reply | Promise<Reply>,
  use: (server: ModelServer) => Promise<void>,
): Promise<void> {
  const server = await modelServer(answer);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

const oracleOf = ({ url }: ModelServer, o: Partial<HttpOptions> = {}) => httpOracle({ url, inputShape: SHAPE, ...o });
const x = Float32Array.of(1, 2, 3, 4, -1, 0.1, 0, 5);

const protocol = suite('a service as target');

protocol('rows nested as their shape says, headers as given; probabilities, logits or labels come back', () =>
  withServer(
    (inputs, nth) =>
      [
        fine(inputs),
        {
          body: {
            logits: [
              [1, 2],
              [3, 4],
            ],
          },
        },
        { body: { labels: [0, 1] } },
      ][nth]!,
    async (server) => {
      const oracle = await oracleOf(server, { headers: { 'x-key': 'secret' } });
      const read = async () => outputsOf(await oracle.ask(x), { rows: 2 });
      assert.equal(await read(), { kind: 'probabilities', classes: 2, values: Float64Array.of(0.1, 0.9, 0.8, 0.2) });
      assert.equal((await read()).kind, 'logits');
      assert.equal([...(await read()).values], [0, 1]);
      const [first] = server.received;
      assert.equal(first!.inputs, [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [-1, 0.1],
          [0, 5],
        ],
      ]);
      assert.is(first!.headers['x-key'], 'secret');
      assert.is(first!.headers['content-type'], 'application/json');
      const { requests, retries, bytesSent, bytesReceived, seconds } = oracle.ledger.read();
      assert.equal([requests, retries], [3, 0]);
      assert.ok(bytesSent > 100 && bytesReceived > 50 && seconds > 0);
      await oracle.dispose();
    },
  ),
);

protocol('a login and a query in the address are used, and not shown', () =>
  withServer(fine, async (server) => {
    const url = `${server.url.replace('//', '//ada:p%40ss@')}?key=abc`;
    const oracle = await httpOracle({ url, inputShape: SHAPE });
    await oracle.ask(x);
    assert.is(server.received[0]!.path, '/predict?key=abc');
    assert.is(server.received[0]!.headers.authorization, `Basic ${btoa('ada:p@ss')}`);
    assert.is(oracle.name, server.url);
  }),
);

protocol('no more requests at the same time, and no more a second, than allowed', () =>
  withServer(
    async (inputs) => {
      await new Promise((done) => setTimeout(done, 20));
      return fine(inputs);
    },
    async (server) => {
      const oracle = await oracleOf(server, { concurrency: 2 });
      await Promise.all(Array.from({ length: 6 }, () => oracle.ask(x)));
      assert.is(server.atOnce, 2);
      const paced = await oracleOf(server, { rate: 20 });
      await Promise.all(Array.from({ length: 5 }, () => paced.ask(x)));
      const times = server.received.slice(6).map(({ at }) => at);
      // 4 intervals of 50 ms; timers may fire early by a millisecond each
      assert.ok(times.at(-1)! - times[0]! > 190, `${times.at(-1)! - times[0]!} ms`);
    },
  ),
);

protocol('addresses and settings that cannot be used are refused before anything is sent', async () => {
  for (const [o, message] of [
    [{ url: 'nowhere' }, /expected an address/],
    [{ url: 'ftp://host/x' }, /expected one of http or https, got ftp/],
    [{ url: 'http://host', rate: 0 }, /rate: expected a number above 0/],
    [{ url: 'http://host', concurrency: 0.5 }, /concurrency: expected a whole number of at least 1/],
    [{ url: 'http://host', retries: -1 }, /retries: expected a whole number of at least 0/],
    [{ url: 'http://host', queryBudget: 0 }, /queryBudget/],
  ] as const) {
    await rejectsError(() => httpOracle({ inputShape: SHAPE, ...o }), ConfigError, message);
  }
});

const faults = suite('services that misbehave');

faults('status 500, dropped connections and pages in place of answers are tried again', () =>
  withServer(
    (inputs, nth) => [{ status: 500 }, { drop: true as const }, { body: '<html>starting</html>' }][nth] ?? fine(inputs),
    async (server) => {
      const oracle = await oracleOf(server);
      assert.is((await oracle.ask(x)).kind, 'probabilities');
      assert.equal([oracle.ledger.read().requests, oracle.ledger.read().retries], [4, 3]);
      // at least half of half a second, of one, of two
      const gaps = server.received.slice(1).map(({ at }, i) => at - server.received[i]!.at);
      for (const [i, gap] of gaps.entries()) assert.ok(gap > 245 * 2 ** i, `${i}: ${gap}`);
    },
  ),
);

faults('waiting times double up to half a minute, are spread, and the same for the same seed', () => {
  const times = (seed: number) => {
    const rng = Rng.from(seed);
    return Array.from({ length: 9 }, (_, i) => waitingTime(i + 1, rng));
  };
  for (const [i, time] of times(1).entries()) {
    const most = Math.min(30, 0.5 * 2 ** i);
    assert.ok(time >= most / 2 && time < most, `${i}: ${time}`);
  }
  assert.equal(times(1), times(1));
  assert.not.equal(times(1), times(2));
});

faults('429 with Retry-After: everybody waits as long as it says', () =>
  withServer(
    (inputs, nth) => (nth === 0 ? { status: 429, headers: { 'retry-after': '1' } } : fine(inputs)),
    async (server) => {
      const oracle = await oracleOf(server, { concurrency: 1 });
      await Promise.all([oracle.ask(x), oracle.ask(x)]);
      const [refused, next] = server.received;
      assert.ok(next!.at - refused!.at > 990, `${next!.at - refused!.at}`);
      assert.is(oracle.ledger.read().retries, 1);
    },
  ),
);

faults('a service that asks for an hour is taken to be down', () =>
  withServer(
    () => ({ status: 503, headers: { 'retry-after': '3600' } }),
    async (server) => {
      const oracle = await oracleOf(server);
      await rejectsError(() => oracle.ask(x), EndpointError, /status 503 \(\{\}\), and asks to come back in 3600 s/);
      assert.is(server.received.length, 1);
    },
  ),
);

faults('no answer in time', () =>
  withServer(
    () => ({ stall: true }),
    async (server) => {
      const oracle = await oracleOf(server, { timeout: 0.1, retries: 1 });
      await rejectsError(() => oracle.ask(x), EndpointError, /no answer within 0\.1 s/);
      assert.is(server.received.length, 2);
    },
  ),
);

faults('wrong shapes and fields are named once trying again has not helped', async () => {
  for (const [body, message] of [
    [{ probabilities: [[0.5, 0.5]] }, /for 2 rows, got 1 probabilities/],
    [{ probabilities: [[0.5, 0.5], [1]] }, /rows of different length/],
    [{ scores: [] }, /got the fields scores/],
    ['[]', /got the fields \(none\)/],
    ['oops', /expected JSON .*got "oops"/],
  ] as const) {
    await withServer(
      () => ({ body }),
      async (server) => {
        const oracle = await oracleOf(server, { retries: 1 });
        await rejectsError(() => oracle.ask(x), EndpointError, message);
        assert.is(server.received.length, 2);
      },
    );
  }
});

faults('what asking again cannot change is not asked again', async () => {
  for (const [status, message] of [
    [401, /status 401 \(\{\}\)\. Give what it asks for, as a header/],
    [404, /status 404 .*Is the path right/],
    [413, /status 413 .*fewer rows at a time \(batch\)/],
  ] as const) {
    await withServer(
      () => ({ status }),
      async (server) => {
        const oracle = await oracleOf(server);
        await rejectsError(() => oracle.ask(x), EndpointError, message);
        assert.is(server.received.length, 1);
      },
    );
  }
});

faults('nobody there, and a stop by the user', async () => {
  const server = await modelServer(fine);
  await server.close();
  const oracle = await oracleOf(server, { retries: 0 });
  await rejectsError(() => oracle.ask(x), EndpointError, /nobody answers there \(ECONNREFUSED\)/);
  await withServer(
    () => ({ stall: true }),
    async (stalling) => {
      const stop = new AbortController();
      const waiting = (await oracleOf(stalling, { signal: stop.signal })).ask(x);
      setTimeout(() => stop.abort(new RangeError('stop')), 50);
      await rejectsError(() => waiting, RangeError, /stop/);
    },
  );
});

const audited = suite('audit of a service');

const [members, nonMembers] = [noise(1, 60, SHAPE, 2), noise(2, 60, SHAPE, 2)];

audited('one that dies on the way: what it answered is audited, and marked', () =>
  withServer(
    (inputs, nth) => (nth < 8 ? fine(inputs) : { status: 500 }),
    async (server) => {
      const oracle = await oracleOf(server, { batch: 10, retries: 0, concurrency: 1 });
      const record = await auditTarget({ oracle, members, nonMembers, attacks: ['loss', 'gap'] });
      assert.is(record.dataset.members + record.dataset.nonMembers, 80);
      assert.is(record.attacks.length, 2);
      const { code, message } = record.warnings[0]!;
      assert.is(code, 'partial');
      assert.match(
        message,
        /^Only \d+ of 60 members, \d+ of 60 non-members were answered: the model did not answer .*status 500/,
      );
      assert.is(record.target?.kind, 'http');
      assert.equal([record.target?.ledger.queries, record.target?.ledger.failures], [80, 3]);
    },
  ),
);

audited('one that sends NaN for some rows: those questions fail, the rest stands', () =>
  withServer(
    (inputs, nth) => (nth === 4 ? { body: { probabilities: inputs.map(() => [null, 1]) } } : fine(inputs)),
    async (server) => {
      const oracle = await oracleOf(server, { batch: 20, concurrency: 1 });
      const record = await auditTarget({ oracle, members, nonMembers, attacks: ['loss'] });
      assert.is(record.dataset.members + record.dataset.nonMembers, 100);
      assert.match(record.warnings[0]!.message, /expected finite numbers, got NaN in row 0/);
    },
  ),
);

audited('one that never answers', () =>
  withServer(
    () => ({ status: 502 }),
    async (server) => {
      const oracle = await oracleOf(server, { retries: 0 });
      await rejectsError(() => auditTarget({ oracle, members, nonMembers }), KeyholeError, /status 502/);
    },
  ),
);

audited('logits in the field for probabilities are named', () =>
  withServer(
    (inputs) => ({ body: { probabilities: inputs.map(() => [3, -2]) } }),
    async (server) => {
      const oracle = await oracleOf(server);
      await rejectsError(() => auditTarget({ oracle, members, nonMembers }), KeyholeError, /these look like logits/);
      const record = await auditTarget({ oracle, members, nonMembers, outputs: 'logits', attacks: ['loss'] });
      assert.is(record.target?.outputs, 'logits');
    },
  ),
);
