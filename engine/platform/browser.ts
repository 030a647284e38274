/** What differs between Node and a browser, the browser's side (see node.ts). */
import type { WorkerEvents, WorkerThread } from './worker-thread.ts';

export type { WorkerThread };

/** Browsers refuse to do this synchronously for large modules. Kernels take plain numbers: they need no loader. */
export async function instantiate(
  compiled: WebAssembly.Module,
  imports: WebAssembly.Imports,
): Promise<{ instance: WebAssembly.Instance }> {
  return { instance: await WebAssembly.instantiate(compiled, imports) };
}

/** Reads a file that the package ships (a wasm build, an embedded data set). */
export async function readAsset(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(
      `${url}: expected the file, got ${response.status} ${response.statusText}. Serve the package's .wasm and .gz files ` +
        'beside its script, or pass createEngine({ wasm }).',
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Browsers that have relaxed SIMD have it switched on. */
export function allowRelaxedSimd(): void {}

/** Lets the page paint and handle input. MessageChannel: setTimeout is clamped to 4 ms after a few turns. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Why worker threads cannot be used here; null where they can. */
export function noThreadsBecause(): string | null {
  if (typeof Worker !== 'function') return 'there is no Worker here';
  if (globalThis.crossOriginIsolated && typeof SharedArrayBuffer === 'function') return null;
  return (
    'the page is not cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and ' +
    'Cross-Origin-Embedder-Policy: require-corp'
  );
}

/** Starts engine/threads/worker.mjs with its first message. */
export function startWorker(message: unknown, events: WorkerEvents): WorkerThread {
  const worker = new Worker(new URL('../threads/worker.mjs', import.meta.url), { type: 'module' });
  worker.onmessage = () => events.ready();
  worker.onerror = (event) => events.ended(event.message || 'worker.mjs could not be loaded from beside the script');
  worker.postMessage(message);
  return {
    stopped: null,
    end() {
      worker.onmessage = worker.onerror = null;
      worker.terminate();
    },
  };
}

/** How many threads can compute at the same time, as far as the browser tells. */
export function coreCount(): number {
  return navigator.hardwareConcurrency ?? 1;
}

/** A page trains one model after another: its bundle is one file, with no module of its own for threads. */
export const hasModuleThreads = false;

export function startModule(name: string): never {
  throw new Error(`${name}: expected Node, since a page has no module threads.`);
}

export function thisModule(): never {
  throw new Error('expected a thread of Node, got a page.');
}
