/** What differs between Node and a browser, the browser's side (see node.ts). */

/** Browsers refuse to do this synchronously for large modules. */
export { instantiate } from '@assemblyscript/loader';

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
