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

/** How many threads can compute at the same time. */
export function coreCount(): number {
  return process.getBuiltinModule('node:os').availableParallelism();
}

/** Whether `startModule` works here. */
export const hasModuleThreads = true;

/** A thread that runs a module of this package and talks in messages. */
export interface ModuleThread {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** ends it wherever it is */
  end(): Promise<void>;
}

export interface ModuleThreadEvents {
  onMessage(message: unknown): void;
  /** it has ended by itself: the error that it did not catch, or its exit code */
  onEnd(cause: unknown): void;
}

/** Starts a thread on a module that package.json names under `imports`. */
export function startModule(name: string, data: unknown, { onMessage, onEnd }: ModuleThreadEvents): ModuleThread {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const url = import.meta.resolve(name);
  const worker = new Worker(new URL(url), { workerData: data, ...(url.endsWith('.ts') && { execArgv: fromSource() }) });
  worker.on('message', onMessage);
  worker.on('error', onEnd);
  worker.on('exit', onEnd);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    end: async () => void (await worker.terminate()),
  };
}

// A checkout runs from source through tsx, which does not switch itself on in the threads of Node 20.
function fromSource(): string[] {
  const code = `import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))}; register();`;
  return ['--conditions=keyhole-source', '--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

/** Inside such a thread: what it was started with, and the line back. */
export function thisModule<Data>(): {
  readonly data: Data;
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  receive(onMessage: (message: unknown) => void): void;
} {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const port = parentPort!;
  return {
    data: workerData as Data,
    post: (message, transfer = []) => port.postMessage(message, transfer),
    receive: (onMessage) => void port.on('message', onMessage),
  };
}
