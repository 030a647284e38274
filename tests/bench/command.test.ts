import { runnableBuilds } from '../../bench/index.ts';
import { inProcess, refused, validJson } from '../cli/support.ts';
import { assert, suite } from '../harness.ts';

const test = suite('keyhole bench');
const quick = ['--samples', '3', '--milliseconds', '0'];

test('--json prints one valid value: the rows that the filter names, on every build', async () => {
  const finished = await inProcess(['bench', 'sgemm/64', '--json', ...quick]);
  assert.is(finished.code, 0, finished.stderr);
  const { rows, machine, command, clock } = validJson(finished, 'keyhole.bench/1');
  const expected = ['sgemm/64x64x64', 'sgemm/64x784x256'].flatMap((name) => runnableBuilds().map((b) => [name, b]));
  assert.equal(
    rows.map(({ name, build }) => [name, build]),
    expected,
  );
  for (const { engine, unit, threads, value, low, high } of rows) {
    assert.equal([engine, unit, threads], ['keyhole', 'GFLOP/s', 1]);
    assert.ok(low > 0 && low <= value && value <= high);
  }
  assert.equal(
    machine.builds.map(({ name }) => name),
    runnableBuilds(),
  );
  assert.is(command, 'keyhole bench sgemm/64 --samples 3 --milliseconds 0');
  assert.is(clock, 'wall');
});

test('without --json a table, under the command and the machine it ran on', async () => {
  const { code, stdout, stderr } = await inProcess(['bench', '^(exp|log)/', '--cpu-time', ...quick]);
  assert.is(code, 0, stderr);
  const lines = stdout.split('\n');
  assert.is(lines[0], "$ keyhole bench '^(exp|log)/' --samples 3 --milliseconds 0 --cpu-time");
  assert.match(lines[1]!, /^keyhole \d+\.\d+\.\d+; node .*, \d+ cores$/);
  assert.match(lines[2]!, /^kernels: base [\d,]+ bytes.*GFLOP\/s$/);
  assert.match(stdout, /^name +engine +build +threads +median +low +high +unit/m);
  for (const name of ['exp', 'log']) {
    const rows = lines.filter((line) => line.startsWith(`${name}/n256000 `));
    assert.is(rows.length, runnableBuilds().length);
    for (const line of rows) assert.match(line, /keyhole +(base|relaxed) +1( +[\d.,]+){3} +GB\/s$/);
  }
});

test('--threads measures on one thread and on so many', async () => {
  const counts = async (...args: string[]) => {
    const { rows, command } = validJson(
      await inProcess(['bench', '^matmul/64', '--json', ...quick, ...args]),
      'keyhole.bench/1',
    );
    const base = rows.filter(({ build }) => build === 'base');
    return [command, ...base.map(({ threads }) => threads)];
  };
  const plain = "keyhole bench '^matmul/64' --samples 3 --milliseconds 0";
  assert.equal(await counts('--threads', '3'), [`${plain} --threads 3`, 1, 3]);
  assert.equal(await counts('--threads', '1'), [`${plain} --threads 1`, 1]);
  refused(await inProcess(['bench', '--threads', '0']), 2, /Expected auto, or a whole number from 1 to 64/);
});

test('a filter that is no regular expression, or matches nothing, is refused', async () => {
  refused(await inProcess(['bench', 'sgemm(']), 2, /'sgemm\(' is invalid.* Expected a regular expression\./);
  refused(
    await inProcess(['bench', 'sgem/']),
    2,
    /expected a filter that matches .* begin with peak\/, sgemm\/, conv\//,
  );
  refused(await inProcess(['bench', 'relu', '--samples', '0']), 2, /whole number of at least 1/);
});
