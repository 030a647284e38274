/** Start-up: import, createEngine and a first 64x64 product, each in a fresh process, counted from the begin of the import. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Build } from '../engine/index.ts';
import type { Job } from './job.ts';
import { keyhole, millisecondsRow } from './row.ts';
import type { Marks } from './startup-child.ts';
import { summarise } from './timing.ts';

const marks = ['import', 'engine', 'first-product'] as const;
// Bundles name the bundled child here. From source the children read TypeScript with our own loader, which shows in `import`.
const child = fileURLToPath(new URL('./startup-child.ts', import.meta.url));

/** Standard output of a script that runs in a process of its own. @throws Error with its standard error when it fails */
export function outputOf(script: string, args: readonly string[], execArgv = process.execArgv): Promise<string> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [...execArgv, script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err] = [[] as Buffer[], [] as Buffer[]];
    started.stdout.on('data', (part: Buffer) => out.push(part));
    started.stderr.on('data', (part: Buffer) => err.push(part));
    started.on('error', reject);
    started.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(`${script} ${args.join(' ')}: exit code ${code}\n${Buffer.concat(err)}`));
    });
  });
}

/** Rows that one set of children serves. */
export function startupJobs(): Job[] {
  const measured = new Map<Build, Promise<Marks[]>>();
  async function measure(build: Build, samples: number): Promise<Marks[]> {
    const all: Marks[] = [];
    // one after another: together they would compete for the processor; the first one warms the disk cache
    for (let i = 0; i <= samples; i++) all.push(JSON.parse(await outputOf(child, [build])) as Marks);
    return all.slice(1);
  }
  return marks.map((mark): Job => {
    const name = `startup/${mark}`;
    return {
      name,
      work: { amount: 1, unit: 'ms' },
      milliseconds: 0,
      async run(build, { samples = 7 }) {
        const found = measured.get(build) ?? measure(build, samples);
        measured.set(build, found);
        const seconds = (await found).map((m) => m[mark] / 1000);
        return [millisecondsRow(name, keyhole(build), summarise(seconds))];
      },
    };
  });
}
