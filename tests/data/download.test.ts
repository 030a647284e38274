import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { type DownloadOptions, downloadFile, getSet, type Progress } from '../../cli/download.ts';
import { defineSet, noOptions, type SetFile, sha256 } from '../../data/index.ts';
import { KeyholeError } from '../../engine/errors.ts';
import { assert, suite } from '../harness.ts';
import { sendRange, serve, type TestServer } from './server.ts';
import { rejectsConfig } from './throws.ts';

const test = suite('download');

// Incompressible, so that the gzip file is long enough to break off.
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (Math.imul(i ^ 0x5bd1e995, 0x9e3779b1) >>> 13) ^ i);
const packed = gzipSync(content);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Setting {
  readonly folder: string;
  readonly path: string;
  readonly part: string;
  readonly server: TestServer;
  get(names?: readonly string[], options?: DownloadOptions): Promise<string>;
}

/** A server, an empty folder and a file to fetch; cleaned up afterwards. */
async function setting(answer: Answer, run: (s: Setting) => Promise<void>): Promise<void> {
  const server = await serve(answer);
  const folder = mkdtempSync(join(tmpdir(), 'keyhole-download-'));
  const path = join(folder, 'rows.gz');
  const sum = await sha256(content);
  const file = (names: readonly string[]): SetFile => ({
    name: 'rows.gz',
    urls: names.map((name) => server.url + name),
    holds: [{ name: 'rows', bytes: content.length, sha256: sum }],
  });
  const get = (names: readonly string[] = ['rows.gz'], options?: DownloadOptions) =>
    downloadFile(file(names), folder, options);
  try {
    await run({ folder, path, part: `${path}.part`, server, get });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

async function fails(run: () => Promise<unknown>, message: RegExp): Promise<void> {
  const error = await run().then(
    () => new Error('expected an error, got none'),
    (thrown: unknown) => thrown,
  );
  assert.instance(error, KeyholeError, `${error}`);
  assert.match((error as Error).message, message);
}

const good: Answer = (request, response) => sendRange(request, response, packed);

/** Sends `length` bytes of the whole and drops the connection. */
const breakOff = (response: ServerResponse, length: number) => {
  response.writeHead(200, { 'content-length': packed.length });
  response.write(packed.subarray(0, length), () => setTimeout(() => response.destroy(), 20));
};

test('a file comes whole, with progress, and the part is gone', () =>
  setting(good, async ({ get, path, part }) => {
    const seen: Progress[] = [];
    assert.is(await get(['rows.gz'], { onProgress: (p) => seen.push(p) }), path);
    assert.equal(new Uint8Array(readFileSync(path)), packed);
    assert.not.ok(existsSync(part));
    assert.is(seen.at(-1)!.received, packed.length);
    assert.ok(seen.every((p, i) => p.total === packed.length && p.received > (seen[i - 1]?.received ?? 0)));
  }));

test('a file that is there is not fetched again', () =>
  setting(good, async ({ get, server }) => {
    await get();
    await get();
    assert.is(server.requests.length, 1);
  }));

test('a broken connection is taken up where it broke off', () => {
  let asked = 0;
  return setting(
    (request, response) => (asked++ === 0 ? breakOff(response, 100_000) : good(request, response)),
    async ({ get, path, server }) => {
      await get();
      assert.equal(new Uint8Array(readFileSync(path)), packed);
      assert.is(server.requests.length, 2);
      assert.match(server.requests[1]!.range!, /^bytes=\d{4,6}-$/);
    },
  );
});

test('a server that ignores Range sends it all again', () => {
  let asked = 0;
  const whole: Answer = (_, response) => void response.writeHead(200, { 'content-length': packed.length }).end(packed);
  return setting(
    (request, response) => (asked++ === 0 ? breakOff(response, 100_000) : whole(request, response)),
    async ({ get, path, server }) => {
      await get();
      assert.equal(new Uint8Array(readFileSync(path)), packed);
      assert.ok(server.requests[1]!.range);
    },
  );
});

test('a server that always breaks off: an error, and the part stays', () =>
  setting(
    (_, response) => breakOff(response, 50_000),
    async ({ get, path, part }) => {
      await fails(
        () => get(['rows.gz'], { attempts: 2 }),
        /^rows.gz: expected one of 1 addresses to give it, none did.\n {2}http.*rows.gz: /,
      );
      assert.not.ok(existsSync(path));
      assert.ok(existsSync(part));
    },
  ));

test('a missing file at one address is fetched from the next', () =>
  setting(
    (request, response) => (request.url === '/gone' ? void response.writeHead(404).end('no') : good(request, response)),
    async ({ get, path, server }) => {
      await get(['gone', 'rows.gz']);
      assert.ok(existsSync(path));
      assert.equal(
        server.requests.map(({ path: asked }) => asked),
        ['/gone', '/rows.gz'],
      );
    },
  ));

test('every address fails: the message has them all', () =>
  setting(
    (request, response) => void response.writeHead(request.url === '/a' ? 404 : 503).end(),
    async ({ get, server }) => {
      await fails(
        () => get(['a', 'b']),
        /\/a: expected status 200, got 404 Not Found\n.*\/b: expected status 200, got 503 Service Unavailable\nCheck the connection/s,
      );
      assert.equal(
        server.requests.map(({ path }) => path),
        ['/a', '/b', '/b', '/b'],
      );
    },
  ));

test('wrong bytes are not kept', () =>
  setting(
    (request, response) => sendRange(request, response, gzipSync(Uint8Array.of(1, 2, 3))),
    async ({ get, path, part }) => {
      await fails(() => get(), /expected rows with SHA-256 [0-9a-f]{64} and 300000 bytes, got 3, got SHA-256/);
      assert.not.ok(existsSync(path) || existsSync(part));
    },
  ));

test('an error page in place of the file is recognised', () =>
  setting(
    (_, response) => void response.writeHead(200).end('<!DOCTYPE html><html>Please log in</html>'),
    async ({ get, path }) => {
      await fails(() => get(), /got an HTML page/);
      assert.not.ok(existsSync(path));
    },
  ));

test('a part that does not fit is thrown away, and the file fetched from the start', () =>
  setting(good, async ({ get, path, part, server }) => {
    writeFileSync(part, new Uint8Array(1000));
    await get();
    assert.equal(new Uint8Array(readFileSync(path)), packed);
    assert.equal(
      server.requests.map(({ range }) => range),
      ['bytes=1000-', undefined],
    );
  }));

test('a part that is whole already only needs the check', () =>
  setting(good, async ({ get, path, part, server }) => {
    writeFileSync(part, packed);
    await get();
    assert.equal(new Uint8Array(readFileSync(path)), packed);
    assert.is(server.requests.length, 1);
  }));

test('an abort keeps the part, and the next call goes on from there', () => {
  let slow = true;
  const answer: Answer = (request, response) => {
    if (!slow) return good(request, response);
    response.writeHead(200, { 'content-length': packed.length });
    response.write(packed.subarray(0, 100_000));
  };
  return setting(answer, async ({ get, path, part, server }) => {
    const stop = new AbortController();
    const stopped = get(['rows.gz'], {
      signal: stop.signal,
      onProgress: ({ received }) => received >= 100_000 && stop.abort(),
    });
    const error = await stopped.then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    assert.is(error?.name, 'AbortError');
    assert.not.ok(existsSync(path));
    assert.is(readFileSync(part).length, 100_000);
    slow = false;
    await get();
    assert.equal(new Uint8Array(readFileSync(path)), packed);
    assert.is(server.requests.at(-1)!.range, 'bytes=100000-');
  });
});

test('a server that falls silent counts as broken', () => {
  let asked = 0;
  const answer: Answer = (request, response) => {
    if (asked++ > 0) return good(request, response);
    response.writeHead(200, { 'content-length': packed.length });
    response.write(packed.subarray(0, 1000));
  };
  return setting(answer, async ({ get, path }) => {
    await get(['rows.gz'], { patience: 100 });
    assert.ok(existsSync(path));
  });
});

test('a server that is not there', () =>
  setting(good, async ({ get, server }) => {
    await server.close();
    await fails(() => get(['x'], { attempts: 1 }), /fetch failed \(.*ECONNREFUSED/);
  }));

test('a set is fetched into a folder of its name', () =>
  setting(good, async ({ folder, server }) => {
    const file: SetFile = {
      name: 'rows.gz',
      urls: [`${server.url}x`],
      holds: [{ name: 'rows', bytes: content.length, sha256: await sha256(content) }],
    };
    const about = {
      name: 'tiny',
      title: 't',
      licence: 'l',
      citation: 'c',
      home: 'h',
      kind: 'files',
      options: noOptions,
    } as const;
    const set = defineSet({ ...about, files: [file], load: () => Promise.reject(new Error('not loaded here')) });
    const source = await getSet(set, folder);
    assert.equal(await source.list(), ['rows.gz']);
    assert.ok(existsSync(join(folder, 'tiny', 'rows.gz')));
    await rejectsConfig(
      () => getSet('digits', folder),
      'digits: expected a set that is published somewhere, but it is embedded and needs no download.',
    );
    await rejectsConfig(() => getSet('csv', folder), /csv: .* it is your own file: pass its path/);
  }));
