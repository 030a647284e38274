/** The test runner itself: each way in which a run can go wrong must fail it, by name. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert, suite } from '../harness.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const test = suite('the test runner');
const seen = new Set<string>();

interface Run {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastLine: string;
  readonly output: string;
}

/** Runs the tests of one fixture folder in a process of its own. */
function runFixture(name: string): Promise<Run> {
  seen.add(name);
  const args = [...process.execArgv, 'tests/run.ts', '--from', `tests/project/fixtures/${name}`];
  const env = { ...process.env, KEYHOLE_TEST_GRACE: '500', NODE_V8_COVERAGE: '' };
  const child = spawn(process.execPath, args, { cwd: root, env });
  let output = '';
  let stdout = '';
  child.stdout.on('data', (text) => {
    output += text;
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '', output });
    });
  });
}

async function expectRun(fixture: string, lastLine: string, passes: boolean, ...says: RegExp[]): Promise<Run> {
  const run = await runFixture(fixture);
  assert.is(run.lastLine, lastLine, run.output);
  assert.is(run.code === 0, passes, `exit code ${run.code}, signal ${run.signal}\n${run.output}`);
  for (const pattern of says) assert.match(run.output, pattern);
  return run;
}

test('counts what passes, and lists the slowest', async () => {
  await expectRun('passes', '2 passed, 0 failed', true, /slowest tests:\n {2}\d+\.\d\d s {2}passes > (one|two)/);
});

test('a failing test fails the run; the others still run', async () => {
  await expectRun('fails', '1 passed, 1 failed', false, /is wrong/);
});

test('a file without a test fails', async () => {
  await expectRun('empty', '0 passed, 1 failed', false, /it\.test\.ts: expected at least one test/);
});

test('a file that throws while it is imported fails', async () => {
  await expectRun('broken', '1 passed, 1 failed', false, /cannot be imported:\nError: thrown while imported/);
});

test('no matching file fails', async () => {
  await expectRun('no-such-folder', '0 passed, 0 failed', false, /expected a test file/);
  seen.delete('no-such-folder');
});

test('a synchronous endless loop is killed, and named', async () => {
  const run = await expectRun('hangs', '1 passed, 1 failed', false, /stuck in synchronous code: hangs > never returns/);
  assert.is(run.signal, 'SIGKILL');
});

test('a file that waits for ever fails', async () => {
  await expectRun('waits-for-ever', '0 passed, 1 failed', false, /in it\.test\.ts \(while it is imported\)/);
});

test('a test that waits longer than its timeout fails', async () => {
  await expectRun('slow', '0 passed, 1 failed', false, /timed out after 50 ms/);
});

test('bytes left alive in the engine fail the test that left them', async () => {
  await expectRun('leaks', '1 passed, 1 failed', false, /leaves a tensor behind/, /left \d+ live bytes behind/);
});

test('errors that nothing catches fail the test they come from', async () => {
  const says = [/unhandledRejection: Error: nobody saw this/, /uncaughtException: Error: thrown by a timer/];
  await expectRun('strays', '1 passed, 2 failed', false, ...says, /"forgets to await"/, /"leaves a timer behind"/);
});

test('skipped tests are counted with their reason', async () => {
  await expectRun('skips', '1 passed, 0 failed, 1 skipped', true, /skipped 1: no moon here/);
});

test('what a test leaves open ends the run after a while', async () => {
  await expectRun('stays-open', '1 passed, 0 failed', false, /still open after the last test: .*TCPServerWrap/);
});

test('every fixture is used', () => {
  const folders = readdirSync(new URL('./fixtures', import.meta.url)).sort();
  assert.equal([...seen].sort(), folders);
});
