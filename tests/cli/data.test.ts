import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findSet } from '../../cli/files.ts';
import { readContent, SETS } from '../../data/index.ts';
import { realEnv } from '../data/real.ts';
import { sendRange, serve } from '../data/server.ts';
import { assert, suite } from '../harness.ts';
import { cleanEnv, inFolder, inProcess, keyhole, refused, validJson } from './support.ts';

const test = suite('keyhole data');

/** The published file, where it is at hand. */
async function realIris(): Promise<Uint8Array | null> {
  const source = await findSet('iris', { env: realEnv });
  return source && (await readContent('iris', SETS['iris']!.files, source)).bytes;
}

test('list: every set with its state', () =>
  inFolder(async (folder) => {
    const env = cleanEnv(folder);
    const record = validJson(await inProcess(['data', 'list', '--json'], { env }), 'keyhole.data-list/1');
    const state = Object.fromEntries(record.sets.map((set) => [set.name, set.present]));
    assert.is(state['digits'], true);
    assert.is(state['mnist'], false);
    assert.is(record.folder, env['KEYHOLE_DATA']);
    const text = await inProcess(['data', 'list'], { env });
    assert.match(text.stdout, /^mnist +not here \(55 MB\) +MNIST/m);
    assert.match(text.stdout, /Data folder: .*data\nTo fetch a set into it: keyhole data get NAME\n$/);
  }));

test('check: counts, moments, duplicates and the checksum', async () => {
  const finished = await keyhole(['data', 'check', 'digits', '--json']);
  assert.is(finished.code, 0, finished.stderr);
  const record = validJson(finished, 'keyhole.data-check/1');
  assert.is(record.size, 1797);
  assert.equal(record.classCounts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  assert.is(record.verified, true);
  assert.match((await inProcess(['data', 'check', 'digits'])).stdout, /^ {2}rows +1,797 .* shape \[8, 8, 1\]$/m);
});

test('get: from a server on loopback, with a fallback, then found by its name', ({ skip }) =>
  inFolder(async (folder) => {
    const iris = await realIris();
    if (!iris) return skip('data set iris not found: set KEYHOLE_DATA');
    const server = await serve((request, response) => {
      if (request.url === '/good/iris.csv') sendRange(request, response, iris);
      else response.writeHead(404).end('not here');
    });
    try {
      const env = cleanEnv(folder);
      const from = ['--from', `${server.url}missing`, '--from', `${server.url}good/`];
      const finished = await keyhole(['data', 'get', 'iris', '--json', ...from], { env });
      assert.is(finished.code, 0, finished.stderr);
      const record = validJson(finished, 'keyhole.data-get/1');
      assert.equal(
        record.files.map(({ name, bytes }) => [name, bytes]),
        [['iris.csv', 2734]],
      );
      assert.match(finished.stderr, /^iris\.csv: 100 %, 2\.7 kB of 2\.7 kB/m);
      const list = validJson(await inProcess(['data', 'list', '--json'], { env }), 'keyhole.data-list/1');
      assert.is(list.sets.find((set) => set.name === 'iris')!.place, join(folder, 'data', 'iris'));
      const again = await inProcess(['data', 'get', 'iris', ...from], { env });
      assert.match(again.stdout, /^iris is in .*Licence: CC BY 4\.0\. Please cite: R\. A\. Fisher/);
      assert.is(server.requests.length, 2);
    } finally {
      await server.close();
    }
  }));

test('get: a wrong file is refused at every address, and nothing is kept', () =>
  inFolder(async (folder) => {
    const server = await serve((request, response) => {
      if (request.url === '/page/iris.csv') response.end('<!DOCTYPE html><html>Please log in</html>');
      else sendRange(request, response, new Uint8Array(2734).fill(65));
    });
    try {
      const from = ['--from', `${server.url}page`, '--from', `${server.url}altered`];
      const finished = await inProcess(['data', 'get', 'iris', '--quiet', ...from], { env: cleanEnv(folder) });
      refused(finished, 1, /iris\.csv: expected one of 2 addresses to give it, none did/);
      assert.match(finished.stderr, /page\/iris\.csv: .*\n.*altered\/iris\.csv: .*SHA-256/);
      assert.equal(readdirSync(join(folder, 'data', 'iris')), []);
    } finally {
      await server.close();
    }
  }));

test('get: Ctrl-C keeps what has come, and the next call asks for the rest', ({ skip }) =>
  inFolder(async (folder) => {
    const iris = await realIris();
    if (!iris) return skip('data set iris not found: set KEYHOLE_DATA');
    let stall = true;
    const server = await serve((request, response) => {
      if (!stall) return sendRange(request, response, iris);
      response.writeHead(200, { 'content-length': iris.length });
      response.write(iris.subarray(0, 1000));
    });
    try {
      const env = cleanEnv(folder);
      const part = join(folder, 'data', 'iris', 'iris.csv.part');
      const args = ['data', 'get', 'iris', '--quiet', '--from', server.url];
      let interrupted = false;
      const poll = (child: { kill(signal: NodeJS.Signals): boolean }) => {
        const timer = setInterval(() => {
          if (!existsSync(part) || readFileSync(part).length < 1000 || interrupted) return;
          interrupted = true;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 20);
      };
      const stopped = await keyhole(args, { env, onStart: poll });
      assert.is(stopped.code, 130, stopped.stderr);
      assert.match(stopped.stderr, /^keyhole: stopped\./);
      stall = false;
      assert.is((await inProcess(args, { env })).code, 0);
      assert.is(server.requests.at(-1)!.range, 'bytes=1000-');
    } finally {
      await server.close();
    }
  }));
