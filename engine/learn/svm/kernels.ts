/**
 * Rows of kernel matrices by SIMD: a small WebAssembly module over a memory of its own, which goes when the kernels go.
 *
 * The engine's memory would keep what a fit took for ever, and a support vector machine needs nothing else of an engine.
 */
import { instantiate, readAsset } from '#platform';
import type { SvmKernel } from './options.ts';
import type { Panels, RowMaths } from './rows.ts';

/** What `loadSvmKernels` gives: pass it as `kernels`. Fits may share it. */
export type SvmKernels = RowMaths;

/** Below lie the module's tables. */
const FIRST = 4096;
const PAGE = 65536;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Loads the SIMD kernels.
 * @param options.wasm where they come from, if not from the file beside the package
 */
export async function loadSvmKernels(options: { readonly wasm?: URL | BufferSource } = {}): Promise<SvmKernels> {
  const { wasm } = options;
  if (wasm) return overMemory(await WebAssembly.compile(wasm instanceof URL ? await readAsset(wasm) : wasm));
  // a literal URL, so that bundlers and Node both find the file beside the code
  const url = new URL('../../../assembly/build/keyhole-learn.wasm', import.meta.url);
  compiled ??= readAsset(url).then((bytes) => WebAssembly.compile(bytes));
  compiled.catch(() => {
    compiled = undefined;
  });
  return overMemory(await compiled);
}

async function overMemory(module: WebAssembly.Module): Promise<SvmKernels> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE });
  const { instance } = await instantiate(module, { env: { memory } });
  const call = instance.exports as Record<string, (...args: number[]) => void>;
  let numbers = new Float64Array(memory.buffer);
  let held: Panels | null = null;
  // after the panels
  let q = FIRST;
  let out = FIRST;

  const reserve = (bytes: number) => {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    numbers = new Float64Array(memory.buffer);
  };
  const hold = (panels: Panels) => {
    if (held === panels) return;
    q = FIRST + 8 * panels.data.length;
    out = q + 8 * ((panels.d + 1) & -2);
    reserve(out + 8 * (panels.n + 3));
    numbers.set(panels.data, FIRST / 8);
    held = panels;
  };
  const sums = (name: 'squares_f64' | 'products_f64', panels: Panels, query: Float64Array) => {
    hold(panels);
    numbers.set(query, q / 8);
    call[name]!(FIRST, q, out, panels.n, panels.d);
  };
  const take = (n: number, to: Float64Array) => to.set(numbers.subarray(out / 8, out / 8 + n));

  return {
    squares(panels, query, to) {
      sums('squares_f64', panels, query);
      take(panels.n, to);
    },
    exp(v, scale, to) {
      held = null;
      out = FIRST;
      reserve(out + 8 * (v.length + 3));
      numbers.set(v, out / 8);
      call['exp_f64']!(out, v.length, scale);
      take(v.length, to);
    },
    row(kernel: SvmKernel, panels, query, to) {
      const { n } = panels;
      sums(kernel.kind === 'rbf' ? 'squares_f64' : 'products_f64', panels, query);
      if (kernel.kind === 'rbf') call['exp_f64']!(out, n, -kernel.gamma);
      else if (kernel.kind === 'polynomial') call['power_f64']!(out, n, kernel.gamma, kernel.coef0, kernel.degree);
      take(n, to);
    },
  };
}
