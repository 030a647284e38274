/** What a benchmark must say about where it ran. */
import { statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Build } from '../engine/index.ts';
import { peakJob } from './peak.ts';
import type { BenchResult } from './row.ts';

export type Machine = BenchResult['machine'];

/** @param builds those that run here */
export async function describeMachine(builds: readonly Build[]): Promise<Machine> {
  const load = loadavg()[0]!;
  const peak = (await Promise.all(builds.map((build) => peakJob().run(build, { milliseconds: 50 })))).flat();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    load: Math.round(100 * load) / 100,
    peak,
    builds: builds.map((name) => ({ name, bytes: statSync(kernelFile(name)).size })),
  };
}

// Both from source and from dist/ the kernels lie in assembly/build/ beside bench/.
export function kernelFile(build: Build): string {
  return fileURLToPath(new URL(`../assembly/build/keyhole.${build}.wasm`, import.meta.url));
}
