/** A small static server for the browser tests: the page, the bundle, and ways in which servers get files wrong. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '.gz': 'application/gzip',
  '.map': 'application/json',
};

// What a careful page sends. Compiling WebAssembly is the one thing that Keyhole needs beside its own files.
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
/** of another library, which is not what the modes are about */
const isForeign = (name: string) => name.startsWith('ort/');
const WITH_KERNELS = ['good', 'encoded', 'isolated'];
const NOT_FOUND = '<!doctype html><title>404</title><p>There is no such page.</p>';

export interface Server {
  /** ends with a slash */
  readonly origin: string;
  /** further files, by their names */
  readonly files: Map<string, Uint8Array>;
  /** answers what is posted to `predict`, as JSON, or status 503 for null */
  predict: ((body: { readonly inputs: readonly unknown[] }) => Promise<unknown>) | null;
  close(): Promise<void>;
}

/** The code that a page of the docs shows. */
function codeOf(page: string): string {
  const blocks = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map((block) => block[1]!);
  if (blocks.length === 0) throw new Error('docs/browser.md: expected a js block, found none');
  return blocks.join('\n');
}

/**
 * Bundles the package afresh and serves a page with it, under several first path parts:
 * `good/`; `missing/`, where .wasm files are a 404 page; `fallback/`, where they are the start page with status 200 (as
 * single-page apps do it); `encoded/`, where .gz files are sent as compressed text and the browser unpacks them;
 * `isolated/`, whose headers allow shared memory.
 */
export async function startServer(): Promise<Server> {
  const bundle = mkdtempSync(join(tmpdir(), 'keyhole-bundle-'));
  const built = spawnSync(process.execPath, [join(root, 'scripts/bundle.mjs'), '--out', bundle], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`scripts/bundle.mjs failed:\n${built.stderr}`);

  const files: Server['files'] = new Map();
  const contents = (name: string): Buffer | string | null => {
    if (name.includes('..')) return null;
    if (name === '' || name === 'page.html') return readFileSync(join(here, 'site/page.html'));
    if (name === 'docs-browser.js') return codeOf(readFileSync(join(root, 'docs/browser.md'), 'utf8'));
    if (files.has(name)) return Buffer.from(files.get(name)!);
    if (name.startsWith('ort/')) return readFileSync(join(root, 'node_modules/onnxruntime-web/dist', basename(name)));
    if (name === 'work.js') return transformSync(readFileSync(join(here, 'work.ts'), 'utf8'), { loader: 'ts' }).code;
    const file = name.startsWith('keyhole/') ? join(bundle, basename(name)) : join(here, 'site', basename(name));
    try {
      return readFileSync(file);
    } catch {
      return null;
    }
  };

  const service: Pick<Server, 'predict'> = { predict: null };
  const server = createServer(async (request, response) => {
    const [, mode = '', ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
    const name = rest.join('/');
    const type = TYPES[extname(name)] ?? TYPES['.html']!;
    const wasm = name.endsWith('.wasm') && !isForeign(name);
    const body = wasm && !WITH_KERNELS.includes(mode) ? null : contents(name);
    const isolation = mode === 'isolated' ? ISOLATED : {};
    if (request.method === 'POST' && name === 'predict' && service.predict) {
      let text = '';
      for await (const piece of request) text += piece;
      const reply = await service.predict(JSON.parse(text));
      response.writeHead(reply === null ? 503 : 200, { 'content-type': TYPES['.map'] });
      response.end(JSON.stringify(reply));
      return;
    }
    const headers = { 'content-security-policy': POLICY, 'cache-control': 'no-store', ...isolation };
    if (body === null) {
      response.writeHead(mode === 'fallback' ? 200 : 404, { ...headers, 'content-type': TYPES['.html'] });
      response.end(NOT_FOUND);
      return;
    }
    const encoded = mode === 'encoded' && name.endsWith('.gz') && { 'content-encoding': 'gzip' };
    response.writeHead(200, { ...headers, 'content-type': type, ...encoded });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(service, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(bundle, { recursive: true, force: true });
    },
  });
}
