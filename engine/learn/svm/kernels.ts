/**
 * Rows of kernel matrices by SIMD: a small WebAssembly module over a memory of its own, which goes when the kernels go.
 *
 * The engine's memory would keep what a fit took for ever, and a support vector machine needs nothing else of an engine.
 */
import { readAsset } from '#platform';
import type { SvmKernel } from './options.ts';
import { type Panels, type RowMaths, rounded, TINY, type Workspace } from './rows.ts';

/** What `loadSvmKernels` gives: pass it as `kernels`. Fits may share it. */
export interface SvmKernels extends RowMaths {
  /** for panels and vectors of so many numbers altogether */
  workspace(panels: number, vectors: number): Workspace;
}

/** Below lie the module's tables, and at the end of them what a pass has found. */
const FIRST = 4096;
const FOUND = FIRST - 16;
const PAGE = 65536;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Loads the SIMD kernels.
 * @param options.wasm where they come from, if not from the file beside the package
 */
export async function loadSvmKernels(options: { readonly wasm?: URL | BufferSource } = {}): Promise<SvmKernels> {
  const { wasm } = options;
  if (wasm) return over(await WebAssembly.compile(wasm instanceof URL ? await readAsset(wasm) : wasm));
  // a literal URL, so that bundlers and Node both find the file beside the code
  const url = new URL('../../../assembly/build/keyhole-learn.wasm', import.meta.url);
  compiled ??= readAsset(url).then((bytes) => WebAssembly.compile(bytes));
  compiled.catch(() => {
    compiled = undefined;
  });
  return over(await compiled);
}

const over = (module: WebAssembly.Module): SvmKernels => ({
  ...instance(module, 0, 0),
  workspace: (panels, vectors) => instance(module, panels, vectors),
});

/** The kernels over a new memory. It grows as panels ask for it, and then loses its vectors. */
function instance(module: WebAssembly.Module, panelNumbers: number, vectorNumbers: number): Workspace {
  const start = FIRST + 8 * rounded(panelNumbers);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((start + 8 * vectorNumbers) / PAGE), maximum: PAGE });
  // at once: the module is so small that pages allow it
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const call = exports as Record<string, (...args: number[]) => number>;
  let numbers = new Float64Array(memory.buffer);
  let held: Panels | null = null;
  // after the panels
  let q = FIRST;
  let scratch = FIRST;
  let top = start;

  const reserve = (bytes: number) => {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE));
      numbers = new Float64Array(memory.buffer);
    }
  };
  const hold = (panels: Panels) => {
    if (held === panels) return;
    q = FIRST + 8 * panels.data.length;
    scratch = q + 8 * rounded(panels.d);
    reserve(scratch + 8 * rounded(panels.n));
    numbers.set(panels.data, FIRST / 8);
    held = panels;
  };
  const own = (v: Float64Array) => v.buffer === memory.buffer;
  /** Sums go to `to` where it is in this memory; where they went. */
  const sums = (name: 'squares_f64' | 'products_f64', panels: Panels, query: Float64Array, to: Float64Array) => {
    hold(panels);
    numbers.set(query, q / 8);
    const out = own(to) ? to.byteOffset : scratch;
    call[name]!(FIRST, q, out, panels.n, panels.d);
    return out;
  };
  const give = (out: number, n: number, to: Float64Array) => {
    if (!own(to)) to.set(numbers.subarray(out / 8, out / 8 + n));
  };

  return {
    found: {
      get least() {
        return numbers[FOUND / 8]!;
      },
      get largest() {
        return numbers[FOUND / 8 + 1]!;
      },
    },
    reset() {
      top = start;
    },
    vector(n) {
      const vector = new Float64Array(memory.buffer, top, rounded(n));
      top += vector.byteLength;
      return vector;
    },
    squares: (panels, query, to) => give(sums('squares_f64', panels, query, to), panels.n, to),
    exp(v, scale, to) {
      held = null;
      reserve(FIRST + 8 * rounded(v.length));
      numbers.set(v, FIRST / 8);
      call['exp_f64']!(FIRST, v.length, scale);
      to.set(numbers.subarray(FIRST / 8, FIRST / 8 + v.length));
    },
    row(kernel: SvmKernel, panels, query, to) {
      const { n } = panels;
      const out = sums(kernel.kind === 'rbf' ? 'squares_f64' : 'products_f64', panels, query, to);
      if (kernel.kind === 'rbf') call['exp_f64']!(out, n, -kernel.gamma);
      else if (kernel.kind === 'polynomial') call['power_f64']!(out, n, kernel.gamma, kernel.coef0, kernel.degree);
      give(out, n, to);
    },
    partner: (l, row, diagonal, n, f, kii) =>
      call['partner_f64']!(l.byteOffset, row.byteOffset, diagonal.byteOffset, n, f, kii, TINY),
    advance: (u, l, a, b, n, step) =>
      call['advance_f64']!(u.byteOffset, l.byteOffset, a.byteOffset, b.byteOffset, n, step, FOUND),
  };
}
