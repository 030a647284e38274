import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, type TestFunction } from '../harness.ts';
import { cleanEnv, type Finished, inFolder, inProcess, keyhole, refused, validJson } from './support.ts';

const named = suite('command line: stopped and resumed');
/** Child processes, and a disk that must say that it has written: slow where others work. */
const test = (name: string, fn: TestFunction) => named(name, fn, { timeout: 60_000 });

/** Long enough to be caught in the middle, with a checkpoint after every step. */
const AUDIT = ['audit', '--model', 'softmax', '--epochs', '60', '--train-size', '400', '--threads', '1', '--json'];
const TRAIN = ['train', '--model', 'softmax', '--epochs', '30', '--validation', '0.2', '--augment', 'shift', '--json'];

/** Runs until the checkpoint is there, sends the signal, and waits for the end. */
function stopAt(
  signal: NodeJS.Signals,
  checkpoint: string,
  args: readonly string[],
  folder: string,
): Promise<Finished> {
  return keyhole([...args, '--checkpoint-every', '0'], {
    env: cleanEnv(folder),
    onStart(child) {
      const timer = setInterval(() => {
        if (child.exitCode === null && !existsSync(checkpoint)) return;
        clearInterval(timer);
        child.kill(signal);
      }, 5);
    },
  });
}

/** The same bits as a run that nobody stopped. */
function sameModel(stopped: string, whole: string): void {
  const [a, b] = [stopped, whole].map((out) => readFileSync(join(out, 'model.safetensors')));
  assert.ok(a!.equals(b!), 'the resumed model differs from the uninterrupted one');
}

for (const [signal, part] of [
  ['SIGINT', 'target'],
  ['SIGKILL', 'target'],
  ['SIGKILL', 'shadow'],
] as const) {
  test(`audit: ${signal} while the ${part} model trains, then the same command again`, () =>
    inFolder(async (folder) => {
      const [out, whole] = [join(folder, 'stopped'), join(folder, 'whole')];
      const args = [...AUDIT, '--out', out];
      const stopped = await stopAt(signal, join(out, `${part}.checkpoint`), args, folder);
      if (signal === 'SIGINT') {
        refused(stopped, 130, /^keyhole: stopped\. The last checkpoint is kept in .*: the same command goes on/m);
        assert.equal(readdirSync(out), ['target.checkpoint']);
      }
      assert.not.ok(existsSync(join(out, 'audit.json')));
      const [resumed, plain] = [await inProcess(args), await inProcess([...AUDIT, '--out', whole])];
      assert.match(resumed.stderr, new RegExp(`going on from .*${part}\\.checkpoint`));
      assert.equal(readdirSync(out).sort(), ['audit.json', 'model.safetensors', 'report.html']);
      sameModel(out, whole);
      const scores = (finished: Finished) =>
        validJson(finished, 'keyhole.audit/1').attacks.map(({ auc, roc }) => [auc, roc]);
      assert.equal(scores(resumed), scores(plain));
    }));
}

test('train: SIGTERM (143), refused with other options, then resumed to the same bits', () =>
  inFolder(async (folder) => {
    const [out, whole] = [join(folder, 'stopped'), join(folder, 'whole')];
    const args = [...TRAIN, '--out', out];
    const stopped = await stopAt('SIGTERM', join(out, 'model.checkpoint'), args, folder);
    refused(stopped, 143, /The last checkpoint is kept/);
    const other = await inProcess([...args, '--learning-rate', '0.1']);
    refused(other, 2, /model\.checkpoint: expected a checkpoint of this run.*learningRate 0\.001 there, 0\.1 here/);
    assert.equal(readdirSync(out), ['model.checkpoint']);
    const [resumed, plain] = [await inProcess(args), await inProcess([...TRAIN, '--out', whole])];
    sameModel(out, whole);
    const history = (finished: Finished) => validJson(finished, 'keyhole.train/1').history;
    assert.equal(history(resumed), history(plain));
  }));

test('--fresh starts over where another run was stopped', () =>
  inFolder(async (folder) => {
    const controller = new AbortController();
    const out = join(folder, 'out');
    const timer = setInterval(() => {
      if (existsSync(join(out, 'target.checkpoint'))) controller.abort(new Error('enough'));
    }, 5);
    const args = [...AUDIT, '--epochs', '50000', '--checkpoint-every', '0', '--out', out];
    await inProcess(args, { signal: controller.signal });
    clearInterval(timer);
    assert.ok(existsSync(join(out, 'target.checkpoint')));
    const finished = await inProcess([
      'audit',
      '--model',
      'softmax',
      '--epochs',
      '2',
      '--json',
      '--out',
      out,
      '--fresh',
    ]);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(readdirSync(out).sort(), ['audit.json', 'model.safetensors', 'report.html']);
  }));

test('without --out a stopped run leaves nothing, and says how it could', () =>
  inFolder(async (folder) => {
    const stopped = await keyhole(['audit', '--epochs', '100000'], {
      env: cleanEnv(folder),
      onStderr: (text, child) => void (/^(target|2) model/m.test(text) && child.kill('SIGINT')),
    });
    assert.is(stopped.code, 130);
    assert.match(stopped.stderr, /keyhole: stopped\. Nothing was written\. With --out FOLDER/);
  }));
