import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { cleanEnv, inFolder, inProcess, keyhole, refused, validJson } from './support.ts';

const test = suite('command line: --threads, --relaxed');
const AUDIT = ['audit', '--json', '--quiet', '--model', 'softmax', '--epochs', '2', '--train-size', '200'];
const TRAIN = ['train', '--json', '--quiet', '--model', 'cifar', '--epochs', '1', '--train-size', '40'];

/** What is printed, but for what the clock and the machine decide. */
async function results(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const finished = await inProcess(args, { env });
  assert.is(finished.code, 0, finished.stderr);
  const { threads, ...rest } = JSON.parse(finished.stdout) as { threads: unknown } & Record<string, unknown>;
  const timeless = JSON.stringify(rest, (key, value) => (key === 'seconds' || key === 'date' ? null : value));
  return { threads, timeless, record: rest };
}

test(
  'audit: the same record and model for --threads 1, 2 and auto, which says what it took',
  () =>
    inFolder(async (folder) => {
      const models: Buffer[] = [];
      const run = async (...threads: string[]) => {
        const out = join(folder, threads.join('-') || 'unasked');
        const found = await results([...AUDIT, '--shadows', '2', '--out', out, ...threads]);
        assert.equal(readdirSync(out).sort(), ['audit.json', 'model.safetensors', 'report.html']);
        models.push(readFileSync(join(out, 'model.safetensors')));
        return found;
      };
      const [one, two, auto] = [await run('--threads', '1'), await run('--threads', '2'), await run()];
      assert.equal(one.threads, { how: 'one', count: 1 });
      assert.equal(two.threads, { how: 'models', count: 2 });
      assert.equal(auto.threads, { how: 'one', count: 1 }, 'work of some milliseconds');
      assert.is(two.timeless, one.timeless);
      assert.is(auto.timeless, one.timeless);
      assert.ok(models.every((model) => model.equals(models[0]!)));
      assert.match(readFileSync(join(folder, '--threads-2', 'report.html'), 'utf8'), /2, a model each/);
      assert.is(one.record['shadows'], 2);
    }),
  { timeout: 60_000 },
);

test('train: the same record for one thread and kernels split over two', async () => {
  const [one, two] = [await results([...TRAIN, '--threads', '1']), await results([...TRAIN, '--threads', '2'])];
  assert.equal(one.threads, { how: 'one', count: 1 });
  assert.equal(two.threads, { how: 'kernels', count: 2 });
  assert.is(two.timeless, one.timeless);
});

for (const value of ['0', '65', '1.5', 'two', '']) {
  test(`--threads '${value}' is refused`, async () => {
    const message = /option '--threads <n>' argument '.*' is invalid\. Expected auto, or a whole number from 1 to 64/;
    for (const command of ['audit', 'train']) refused(await inProcess([command, `--threads=${value}`]), 2, message);
  });
}

test('base kernels, unless --relaxed or KEYHOLE_RELAXED=1 asks for others', async () => {
  const build = async (env: Record<string, string>, ...args: string[]) => {
    const { record } = await results([...AUDIT, '--attacks', 'gap', ...args], env);
    assert.is(
      / --relaxed/.test(String(record['command'])),
      record['build'] === 'relaxed',
      'the command gives them again',
    );
    return record['build'];
  };
  assert.is(await build({}), 'base');
  assert.is(await build({}, '--relaxed'), 'relaxed');
  for (const [value, name] of [
    ['1', 'relaxed'],
    ['0', 'base'],
    ['', 'base'],
  ] as const)
    assert.is(await build({ KEYHOLE_RELAXED: value }), name);
  const relaxed = await results(TRAIN, { KEYHOLE_RELAXED: '1' });
  assert.is(relaxed.record['build'], 'relaxed');
  const info = validJson(await inProcess(['info', '--json'], { env: { KEYHOLE_RELAXED: '1' } }), 'keyhole.info/1');
  assert.equal(info.build, { default: 'base', chosen: 'relaxed' });
});

test('KEYHOLE_RELAXED that says neither yes nor no is refused', async () => {
  const env = { KEYHOLE_RELAXED: 'yes' };
  for (const args of [AUDIT, TRAIN, ['info']])
    refused(
      await inProcess(args, { env }),
      2,
      /KEYHOLE_RELAXED=yes: expected 1, or 0 or nothing for the base kernels\./,
    );
});

test('--relaxed is refused where there is no relaxed SIMD', async () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    for (const args of [AUDIT, TRAIN])
      refused(await inProcess([...args, '--relaxed']), 2, /--relaxed: expected a machine with relaxed SIMD/);
    const info = validJson(await inProcess(['info', '--json']), 'keyhole.info/1');
    assert.equal([info.relaxedSimd, info.builds[1]!.available, info.build.chosen], [false, false, 'base']);
  } finally {
    WebAssembly.validate = validate;
  }
});

test('a checkpoint of one build is refused by the other', () =>
  inFolder(async (folder) => {
    const controller = new AbortController();
    const out = join(folder, 'out');
    const args = [...AUDIT, '--epochs', '100000', '--out', out, '--threads', '1'];
    const timer = setInterval(() => {
      if (existsSync(join(out, 'target.checkpoint'))) controller.abort(new Error('enough'));
    }, 5);
    await inProcess([...args, '--checkpoint-every', '0'], { signal: controller.signal });
    clearInterval(timer);
    refused(await inProcess([...args, '--relaxed']), 2, /checkpoint of this run.*: build base there, relaxed here\./);
  }));

test('info: threads, as text and as JSON', async () => {
  const { threads } = validJson(await inProcess(['info', '--json']), 'keyhole.info/1');
  assert.ok(threads.available >= 1);
  assert.equal({ ...threads, available: 1 }, { available: 1, sharedMemory: true, kernels: true, reason: null });
  assert.match(
    (await inProcess(['info'])).stdout,
    /^threads +(1;|up to \d+ ).*models at the same time, or within kernels$/m,
  );
});

test(
  'SIGINT ends the threads; the same command goes on from their checkpoints, with any number of threads',
  () =>
    inFolder(async (folder) => {
      const [out, whole] = [join(folder, 'stopped'), join(folder, 'whole')];
      const args = ['audit', '--model', 'softmax', '--epochs', '100', '--train-size', '400', '--json', '--out'];
      const stopped = await keyhole([...args, out, '--threads', '2', '--checkpoint-every', '0'], {
        env: cleanEnv(folder),
        onStart(child) {
          const timer = setInterval(() => {
            if (child.exitCode === null && !existsSync(join(out, 'shadow.checkpoint'))) return;
            clearInterval(timer);
            child.kill('SIGINT');
          }, 5);
        },
      });
      refused(stopped, 130, /stopped\. The last checkpoint is kept in .*: the same command goes on from there/);
      assert.equal(readdirSync(out).sort(), ['shadow.checkpoint', 'target.checkpoint']);
      const resumed = await inProcess([...args, out, '--threads', '1']);
      assert.match(resumed.stderr, /going on from .*target\.checkpoint/);
      assert.match(resumed.stderr, /going on from .*shadow\.checkpoint/);
      await inProcess([...args, whole, '--threads', '1']);
      const [a, b] = [out, whole].map((path) => readFileSync(join(path, 'model.safetensors')));
      assert.ok(a!.equals(b!));
    }),
  { timeout: 60_000 },
);

test('progress: one bar for models that train at the same time, or are many', async () => {
  const args = ['audit', '--model', 'softmax', '--epochs', '2', '--train-size', '200', '--shadows', '2', '--threads'];
  for (const threads of ['1', '2']) {
    const { stderr } = await inProcess([...args, threads]);
    assert.match(stderr, /^3 models: 100 %, 3\/3 done/m);
  }
});
