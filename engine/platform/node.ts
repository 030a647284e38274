/** What differs between Node and a browser, Node's side. Nothing else below experiments/ imports a Node built-in. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { instantiateSync } from '@assemblyscript/loader';

/** Reads a file that the package ships (a wasm build, an embedded data set). */
export async function readAsset(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol !== 'file:') return fetchAsset(url);
  return new Uint8Array(await readFile(fileURLToPath(url)));
}

async function fetchAsset(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: expected 200, got ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The loader's asynchronous twin asks for `Response`, and Node then loads its whole HTTP client: 12 ms. */
export const instantiate = instantiateSync;

/** Node 20 compiles relaxed SIMD only behind a flag, which can be set before the module is compiled. */
export function allowRelaxedSimd(): void {
  // importing it costs everybody a millisecond at the start
  process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** Lets the event loop run: input, timers, aborts. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
