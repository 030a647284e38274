/**
 * Where a training step's time goes: for each kernel call of one step, its time and what it was called on, and what is
 * left for JavaScript.
 *
 *   npx tsx --conditions=keyhole-source bench/profile.ts [NET] [--batch N] [--relaxed] [--private] [--calls]
 */
import { pathToFileURL } from 'node:url';
import { addKernels, type Build, createEngine } from '../engine/index.ts';
import type { KernelExport } from '../engine/kernels/load.ts';
import { privateStep } from './dp-steps.ts';
import { nets, trainingStep } from './steps.ts';

interface Call {
  readonly kernel: string;
  readonly args: readonly number[];
  readonly milliseconds: number;
}

export interface Profile {
  /** milliseconds of one step, by the median step */
  readonly step: number;
  /** milliseconds of a step outside the kernels, by the median step */
  readonly outside: number;
  /** in the order of the step, each by its median */
  readonly calls: readonly Call[];
}

export interface ProfileOptions {
  readonly net: (typeof nets)[number];
  readonly batch: number;
  readonly build: Build;
  /** whether the steps clip and add noise; default false */
  readonly clipped?: boolean;
  /** of measurement, after a warm-up as long; default 1000 */
  readonly milliseconds?: number;
}

const FIRST_ADDRESS = 1 << 16;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Times every kernel call of training steps. The clock itself costs some 50 ns a call, which count as JavaScript. */
export async function profileStep(options: ProfileOptions): Promise<Profile> {
  const { net, batch, build, clipped = false, milliseconds = 1000 } = options;
  const engine = await createEngine({ build });
  if (clipped) await addKernels(engine, 'privacy');
  const exports = engine.module.exports as Map<string, KernelExport>;
  let calls: Call[] = [];
  for (const [kernel, run] of exports) {
    exports.set(kernel, (...args) => {
      const started = performance.now();
      const result = run(...args);
      const took = performance.now() - started;
      calls.push({ kernel, args, milliseconds: took });
      return result;
    });
  }
  const { step, dispose } = (clipped ? privateStep : trainingStep)(engine, net, batch);
  const steps: { total: number; calls: Call[] }[] = [];
  for (let warm = true, ends = performance.now() + milliseconds; ; ) {
    calls = [];
    const started = performance.now();
    step();
    const now = performance.now();
    if (!warm) steps.push({ total: now - started, calls });
    if (now < ends) continue;
    if (!warm) break;
    warm = false;
    ends = now + milliseconds;
  }
  dispose();
  return {
    step: median(steps.map((s) => s.total)),
    outside: median(steps.map((s) => s.total - s.calls.reduce((sum, c) => sum + c.milliseconds, 0))),
    calls: steps[0]!.calls.map((c, i) => ({ ...c, milliseconds: median(steps.map((s) => s.calls[i]!.milliseconds)) })),
  };
}

type Line = readonly [name: string, milliseconds: number, note: string];

/** A line for each call, with the arguments that are not addresses: sizes, strides, flags. */
const eachCall = (calls: readonly Call[]): Line[] =>
  calls.map((c) => [c.kernel, c.milliseconds, c.args.filter((a) => Math.abs(a) < FIRST_ADDRESS).join(' ')]);

/** A line for each kernel, the slowest first. */
function eachKernel(calls: readonly Call[]): Line[] {
  const names = [...new Set(calls.map((c) => c.kernel))];
  const lines = names.map((name): Line => {
    const own = calls.filter((c) => c.kernel === name);
    return [name, own.reduce((sum, c) => sum + c.milliseconds, 0), own.length > 1 ? `${own.length} calls` : '1 call'];
  });
  return lines.sort((a, b) => b[1] - a[1]);
}

async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((a) => nets.some((net) => net.name === a));
  const batch = args.includes('--batch') ? Number(args[args.indexOf('--batch') + 1]) : 64;
  const build = args.includes('--relaxed') ? 'relaxed' : 'base';
  const clipped = args.includes('--private');
  for (const net of nets) {
    if (names.length > 0 && !names.includes(net.name)) continue;
    const { step, outside, calls } = await profileStep({ net, batch, build, clipped });
    const line = (name: string, ms: number, what: string) =>
      console.log(
        `${name.padEnd(26)} ${(1000 * ms).toFixed(1).padStart(9)} us ${((100 * ms) / step).toFixed(1).padStart(5)} %  ${what}`,
      );
    const rate = Math.round((1000 * batch) / step).toLocaleString('en');
    line(`${net.name} b${batch} ${build}`, step, `${rate} samples/s, ${calls.length} kernel calls`);
    for (const [name, ms, what] of (args.includes('--calls') ? eachCall : eachKernel)(calls))
      line(`  ${name}`, ms, what);
    line('  JavaScript', outside, '');
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
