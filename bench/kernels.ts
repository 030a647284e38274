/**
 * Kernel speed: every problem marked `bench`, of every family, on each build, on one thread.
 *
 *   npx tsx --conditions=source bench/kernels.ts [FILTER …] [--base | --relaxed] [--variants]
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { families } from '../engine/kernels/families/index.ts';
import type { BufferSpec, KernelFamily, Problem } from '../engine/kernels/family.ts';
import { type Build, hasRelaxedSimd, type KernelModule, loadKernels } from '../engine/kernels/load.ts';

export interface Row {
  /** `sgemm/512x512x512`, `conv/64x16x16x32-64k3/forward`, `relu/256x1000` */
  readonly name: string;
  readonly engine: 'keyhole';
  readonly build: Build;
  readonly threads: 1;
  /** median over the samples, in `unit`; `low` and `high` are the slowest and the fastest sample */
  readonly value: number;
  readonly unit: 'GFLOP/s' | 'GB/s';
  readonly low: number;
  readonly high: number;
}

export interface KernelRowsOptions {
  readonly builds?: readonly Build[];
  /** keeps the rows whose name contains one of these */
  readonly filters?: readonly string[];
  /** one row for each variant as well, its name appended: `sgemm/64x64x64 packed_4x8` */
  readonly variants?: boolean;
  /** timed samples per row, at least; default 15 */
  readonly samples?: number;
  readonly onRow?: (row: Row) => void;
}

const convPass: Record<string, string> = {
  conv2d: 'forward',
  conv2d_input_grad: 'input-grad',
  conv2d_weight_grad: 'weight-grad',
};

function rowName(family: string, problem: string): string {
  if (family === 'gemm') return `sgemm/${problem}`;
  return convPass[family] ? `conv/${problem}/${convPass[family]}` : `${family}/${problem}`;
}

/** Puts the problem's buffers into the module's memory, inputs filled, and returns the arguments of the call. */
function place(k: KernelModule, problem: Problem): number[] {
  const workspace = (k.heapBase + 63) & ~63;
  let top = workspace + k.exports.get('setWorkspace')!(workspace);
  const at = (spec: BufferSpec): number => {
    const ptr = (top + 63) & ~63;
    top = ptr + spec.len * 4;
    return ptr;
  };
  const args = problem.args.map((a) => (a !== null && typeof a === 'object' ? at(a) : (a ?? 0)));
  const missing = Math.ceil((top + 64 - k.memory.buffer.byteLength) / 65536);
  if (missing > 0) k.memory.grow(missing);
  problem.args.forEach((spec, i) => {
    if (spec === null || typeof spec !== 'object') return;
    const [low, high] = spec.range ?? (spec.dtype === 'i32' ? [0, 1] : [-1, 1]);
    const view = new (spec.dtype === 'i32' ? Int32Array : Float32Array)(k.memory.buffer, args[i]!, spec.len);
    // a multiplicative step through [0, 1): varied values, the same every time
    for (let j = 0; j < view.length; j++) view[j] = low + (high - low) * ((j * 0.6180339887498949) % 1);
  });
  return args;
}

function measure(k: KernelModule, family: KernelFamily, problem: Problem, kernel: string, samples: number) {
  const call = k.exports.get(kernel)!;
  const args = place(k, problem);
  const started = performance.now();
  call(...args);
  // a sample lasts about 2 ms, so that the clock's resolution does not show
  const repeats = Math.max(1, Math.round(2 / Math.max(1e-4, performance.now() - started)));
  const bench = new Bench({
    iterations: samples,
    time: 100,
    warmupTime: 100,
    warmupIterations: 5,
    retainSamples: true,
  });
  bench.add(family.name, () => {
    for (let i = 0; i < repeats; i++) call(...args);
  });
  bench.runSync();
  const result = bench.tasks[0]!.result;
  if (!('latency' in result)) throw new Error(`${kernel} ${problem.name}: the bench did not complete`);
  const { p50, min, max } = result.latency;
  const [work, unit] = problem.flops ? [problem.flops, 'GFLOP/s' as const] : [problem.bytes!, 'GB/s' as const];
  const rate = (ms: number) => (work * repeats) / ms / 1e6;
  return { value: rate(p50), unit, low: rate(max), high: rate(min) };
}

/** One row for each problem marked `bench` and each build. */
export async function kernelRows(options: KernelRowsOptions = {}): Promise<Row[]> {
  const builds = options.builds ?? (hasRelaxedSimd() ? ['base', 'relaxed'] : ['base']);
  const filters = options.filters ?? [];
  const rows: Row[] = [];
  for (const family of families) {
    for (const problem of family.problems.filter((p) => p.bench)) {
      const name = rowName(family.name, problem.name);
      if (filters.length > 0 && !filters.some((f) => name.includes(f))) continue;
      for (const build of builds) {
        const k = await loadKernels({ build });
        const entry = `${family.name}_f32`;
        const kernels = [...k.exports.keys()].filter(
          (e) => e === entry || (options.variants && e.startsWith(`${entry}__`)),
        );
        for (const kernel of kernels) {
          const variant = kernel.slice(entry.length + 2);
          const row: Row = {
            name: variant ? `${name} ${variant}` : name,
            engine: 'keyhole',
            build,
            threads: 1,
            ...measure(k, family, problem, kernel, options.samples ?? 15),
          };
          rows.push(row);
          options.onRow?.(row);
        }
      }
    }
  }
  return rows;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flags = process.argv.slice(2);
  const builds = (['base', 'relaxed'] as const).filter((b) => flags.includes(`--${b}`));
  await kernelRows({
    filters: flags.filter((f) => !f.startsWith('--')),
    variants: flags.includes('--variants'),
    ...(builds.length > 0 ? { builds } : {}),
    onRow: (r) =>
      console.log(
        `${r.name.padEnd(44)} ${r.build.padEnd(8)} ${r.value.toFixed(1).padStart(7)} ${r.unit} ` +
          `(${r.low.toFixed(1)} to ${r.high.toFixed(1)})`,
      ),
  });
}
