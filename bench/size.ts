/** Size: what a page loads, gzipped as servers send it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Build } from '../engine/index.ts';
import type { Job } from './job.ts';
import { kernelFile } from './machine.ts';
import { keyhole } from './row.ts';

const IMPORT = /(?:from|import)\s*["'](\.[^"']+)["']/g;

/** Bytes of the files, each gzipped by itself. */
const gzipped = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);

/** A module of the browser bundle with all that it imports statically. */
export function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    withImports(fileURLToPath(new URL(name!, new URL(`file://${file}`))), found);
  }
  return found;
}

/** The bundle of the engine alone, where the package has been built. */
function engineBundle(): string | undefined {
  return ['../dist/browser/engine.js', '../browser/engine.js', './browser/engine.js']
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((file) => existsSync(file));
}

function sizeJob(name: string, filesOf: (build: Build) => Iterable<string>): Job {
  return {
    name,
    work: { amount: 1, unit: 'kB' },
    milliseconds: 0,
    async run(build) {
      const value = gzipped(filesOf(build)) / 1000;
      return value === 0 ? [] : [{ name, ...keyhole(build), value, unit: 'kB', low: value, high: value }];
    },
  };
}

/** The kernels, and the engine for a page with its kernels; the second has no row before `npm run build`. */
export function sizeJobs(): Job[] {
  return [
    sizeJob('size/kernels', (build) => [kernelFile(build)]),
    sizeJob('size/page', (build) => {
      const bundle = engineBundle();
      return bundle ? [...withImports(bundle), kernelFile(build)] : [];
    }),
  ];
}
