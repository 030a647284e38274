import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, type TestFunction } from '../harness.ts';
import { folderOf, GRID, grid, jobsOf, lasting, logOf, recordsIn } from './grid.ts';
import { cleanEnv, inFolder, inProcess, keyhole, refused, validJson } from './support.ts';

const named = suite('command line: experiments');
/** Processes that start processes: slow where others work. */
const test = (name: string, fn: TestFunction) => named(name, fn, { timeout: 120_000 });

test('the same records from one, two and three processes', () =>
  inFolder(async (folder) => {
    const outs = [1, 2, 3].map((n) => join(folder, `${n}`));
    for (const [i, out] of outs.entries()) {
      const finished = await inProcess(['run', grid, '--json', '--workers', `${i + 1}`, '--out', out]);
      assert.is(finished.code, 0, finished.stderr);
      assert.equal(jobsOf(finished), { total: 6, done: 6, before: 0, reused: 0, failed: 0, notStarted: 0 });
      assert.equal(readdirSync(out).sort(), ['jobs', 'records.jsonl', 'report.html', 'run.log', 'spec.json']);
    }
    assert.equal(lasting(outs[1]!), lasting(outs[0]!));
    assert.equal(lasting(outs[2]!), lasting(outs[0]!));
  }));

test('a second run does nothing; one of another grid can take the jobs that both have', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    await inProcess([...GRID, '--out', out]);
    const before = readFileSync(join(out, 'records.jsonl'), 'utf8');
    const again = await inProcess([...GRID, '--out', out]);
    assert.equal(jobsOf(again), { total: 6, done: 6, before: 6, reused: 0, failed: 0, notStarted: 0 });
    assert.is(readFileSync(join(out, 'records.jsonl'), 'utf8'), before);
    const resumed = await inProcess(['run', '--resume', '--out', out, '--json']);
    assert.is(jobsOf(resumed).before, 6);

    // another grid, which shares two models and the two odd jobs with the first
    const other = join(folder, 'other');
    const set = ['--set', 'seeds=[1,2,3]', '--out', other];
    const taken = await inProcess([...GRID, ...set, '--reuse', out]);
    assert.equal(jobsOf(taken), { total: 6, done: 6, before: 4, reused: 4, failed: 0, notStarted: 0 });
    const own = join(folder, 'own');
    await inProcess([...GRID, '--set', 'seeds=[1,2,3]', '--out', own]);
    assert.equal(lasting(other), lasting(own));
    refused(
      await inProcess([...GRID, '--out', other]),
      2,
      /got that of another: settings\.seeds \[1,2,3\] there, \[0,1,2\] here\./,
    );
  }));

test('jobs that throw, exit or run out of memory cost those that need them; one that exits once, nothing', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const hows = ['throws', 'exits', 'memory', 'exits-once'];
    const set = ['--set', `hows=${JSON.stringify(hows)}`, '--set', `mark=${folder}/mark`, '--set', 'seeds=[0]'];
    const finished = await inProcess([...GRID, ...set, '--max-memory', '64', '--out', out]);
    assert.is(finished.code, 1, finished.stderr);
    assert.equal(jobsOf(finished), { total: 10, done: 4, before: 0, reused: 0, failed: 3, notStarted: 3 });
    const { stderr } = finished;
    assert.match(stderr, /3 of 10 jobs failed:\n( {2}behaves: .*\n){3}The others are kept/);
    assert.match(stderr, /^ {2}behaves: throws: Error: the kind has a fault \(run\.log has the stack\)$/m);
    assert.match(stderr, /^ {2}behaves: exits: its process ended \(exit code 3\), .* something terrible happened$/m);
    assert.match(stderr, /^ {2}behaves: memory: full: asked for 4194304 bytes .* --max-memory\.\)$/m);
    assert.is(stderr.match(/It is tried once more/g)!.length, 2);
    assert.match(logOf(out), /at .*grid\.ts:\d+/);
  }));

test('what was damaged is done again, and said; what was not stays', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    await inProcess([...GRID, '--out', out]);
    const whole = lasting(out);
    const models = recordsIn(out).filter(({ kind }) => kind === 'train-model');
    const [cut, gone] = models.map(({ id }) => join(out, 'jobs', id));
    const weighed = folderOf(out, 'test-weigh');
    truncateSync(join(cut!, 'record.json'), 200);
    writeFileSync(join(gone!, 'model.safetensors'), 'x');
    writeFileSync(
      join(weighed, 'record.json'),
      readFileSync(join(weighed, 'record.json'), 'utf8').replace('"bytes":8', '"bytes":9'),
    );
    const again = await inProcess([...GRID, '--out', out]);
    assert.is(again.code, 0, again.stderr);
    assert.match(again.stderr, /record\.json: expected a whole record, got a line that is cut off\. It is made again/);
    assert.match(
      again.stderr,
      /model\.safetensors: expected the whole file of a finished job, got 1 bytes, not \d+\. The job is done again/,
    );
    assert.match(again.stderr, /record\.json: expected a whole record, got one that was changed/);
    assert.is(jobsOf(again).before, 3);
    assert.equal(lasting(out), whole);

    // the same size, other bytes: seen when a job that is still to be run would read them
    const model = join(out, 'jobs', models[2]!.id, 'model.safetensors');
    const bytes = readFileSync(model);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(model, bytes);
    truncateSync(join(weighed, 'record.json'), 0);
    const third = await inProcess([...GRID, '--out', out]);
    assert.match(
      third.stderr,
      /model\.safetensors: expected the whole file of a finished job, got one that was changed/,
    );
    assert.is(jobsOf(third).before, 4);
    assert.equal(lasting(out), whole);
  }));

test('a spec from a file; the spec of a run is one; where none is named, a folder by its hash', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'spec.json');
    writeFileSync(file, JSON.stringify({ experiment: grid, settings: { seeds: [4] } }));
    const first = await keyhole(['run', file, '--json', '--workers', '1'], { env: cleanEnv(folder), cwd: folder });
    assert.is(first.code, 0, first.stderr);
    const result = validJson(first, 'keyhole.run/1');
    assert.match(result.folder, /^keyhole-runs.test-grid-[0-9a-f]{8}$/);
    assert.match(result.command, /^keyhole run .*grid\.ts --set 'seeds=\[4\]'$/);
    const out = join(folder, result.folder);
    const again = await inProcess([
      'run',
      join(out, 'spec.json'),
      '--json',
      '--out',
      join(folder, 'b'),
      '--reuse',
      out,
    ]);
    assert.is(jobsOf(again).reused, 4);
    assert.ok(statSync(join(folder, 'b', 'spec.json')).size > 0);
    const spec = JSON.parse(readFileSync(join(out, 'spec.json'), 'utf8')) as { data: { facts: { sha256: string } }[] };
    spec.data[0]!.facts.sha256 = 'f'.repeat(64);
    writeFileSync(file, JSON.stringify(spec));
    refused(
      await inProcess(['run', file, '--out', join(folder, 'c')]),
      2,
      /digits: expected the rows of the spec \(SHA-256 f+\)/,
    );
  }));

test('a folder that is older than a setting is the same run, and its report can be made', () =>
  inFolder(async (folder) => {
    const out = join(folder, 'out');
    const first = await inProcess([...GRID, '--out', out]);
    const file = join(out, 'spec.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as { settings: Record<string, unknown> };
    const { mark: _, epochs: __, ...older } = spec.settings;
    writeFileSync(file, JSON.stringify({ ...spec, settings: older }));
    const reported = await inProcess(['report', out, '--json']);
    assert.equal(validJson(reported, 'keyhole.report/1').jobs, { total: 6, done: 6 }, reported.stderr);
    for (const args of [GRID, ['run', '--resume', '--json', '--workers', '1']]) {
      const again = await inProcess([...args, '--out', out]);
      assert.is(jobsOf(again).before, 6, again.stderr);
      assert.is(validJson(again, 'keyhole.run/1').command, validJson(first, 'keyhole.run/1').command);
    }
    refused(
      await inProcess([...GRID, '--set', 'epochs=3', '--out', out]),
      2,
      /got that of another: settings\.epochs 2 there, 3 here\./,
    );
    refused(await inProcess(['run', 'overfitting', '--out', out]), 2, /got that of another: experiment /);
  }));
