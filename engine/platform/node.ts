/** What differs between Node and a browser, Node's side. Nothing else below experiments/ imports a Node built-in. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { instantiateSync } from '@assemblyscript/loader';
import type { WorkerEvents, WorkerThread } from './worker-thread.ts';

export type { WorkerThread };

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

/** Why worker threads cannot be used here; null where they can. */
export function noThreadsBecause(): string | null {
  return null;
}

/** Starts engine/threads/worker.mjs with its first message. It never keeps the process alive. */
export function startWorker(message: unknown, events: WorkerEvents): WorkerThread {
  // not imported: one thread needs none of it
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  // without the parent's loaders, which only slow it down
  const worker = new Worker(new URL('../threads/worker.mjs', import.meta.url), { execArgv: [] });
  let why = 'it exited';
  const idle = () => worker.performance.eventLoopUtilization().idle;
  worker.on('message', () => {
    idle(); // the first answer counts from here, and has to be had while the thread lives
    events.ready();
  });
  worker.on('error', (error: unknown) => {
    why = String(error);
  });
  worker.on('exit', () => events.ended(why));
  worker.postMessage(message);
  worker.unref();
  return {
    // a thread that has stopped has no loop that could be idle, and -1 says so: at once, without an event
    stopped: () => idle() < 0,
    end() {
      worker.removeAllListeners();
      worker.on('error', () => {});
      void worker.terminate();
    },
  };
}
