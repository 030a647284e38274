/**
 * docs/benchmarks.md, written from the JSON of one run: what was asked for and what came of it, every row that was measured,
 * and, by hand, what limits those that miss.
 */
import { posix } from 'node:path';
import type { BenchResult } from '../row.ts';
import { type NodesResult, nodesSection } from './nodes.ts';
import { PYTORCH } from './pytorch.ts';
import { markdownTable, rowSections } from './tables.ts';
import { targetRows } from './targets.ts';

export interface PageParts {
  readonly run: BenchResult;
  /** the rows that were measured under several versions of Node */
  readonly nodes?: NodesResult;
  /** Markdown of docs/decisions/limits-of-speed.md */
  readonly limits?: string;
}

export function benchmarkPage({ run, nodes, limits }: PageParts): string {
  const parts = [
    '# Benchmarks',
    'Written by `npm run bench -- --peers --save`, which keeps what it measured in [benchmarks.json](benchmarks.json), and ' +
      'by `npm run docs` from there. Edit neither.',
    `    $ ${run.command}`,
    markdownTable(['', ''], conditions(run)),
    'A row is the median of its samples, `low to high` the slowest and the fastest of them. `of peak` is the share of what ' +
      'multiply-adds reach that never leave the registers, on the same build in the same run; training steps and ' +
      'convolutions count the operations of direct products, also those that a fast algorithm saves or that zeros leave out, ' +
      'so that they can pass 100 %. Every peer is measured within the same seconds as our row, ' +
      `by the same clock. PyTorch is not of this run: ${PYTORCH.version} on **another machine**, ${PYTORCH.machine}; take ` +
      'those ratios as an orientation.',
    '## Targets',
    markdownTable(['row', 'build', 'threads', 'at least', 'measured', 'met'], targetRows(run)),
    ...(limits ? ['## Limits', embedded(limits)] : []),
    ...rowSections(run),
    ...(nodes ? nodesSection(nodes) : []),
    ...(run.notes.length > 0 ? ['## Notes', run.notes.map((note) => `- ${note}`).join('\n')] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

function conditions({ machine, peers, clock, date, version }: BenchResult): [string, string][] {
  const builds = machine.builds.map(({ name, bytes }) => `${name} ${bytes} bytes`).join(', ');
  const peak = machine.peak.map((row) => `${row.build} ${row.high.toFixed(1)}`).join(', ');
  return [
    ['date', date],
    ['machine', `${machine.cpu}, ${machine.cores} cores; load average ${machine.load} when the run began`],
    ['node', machine.node],
    ['keyhole', `${version}; kernels: ${builds}`],
    ['peers', peers.map(({ engine, version: theirs }) => `${engine} ${theirs}`).join(', ') || 'not measured'],
    ['clock', clock === 'cpu' ? 'processor time of the process' : 'on the wall'],
    ['multiply-adds in registers', `${peak} GFLOP/s, one thread`],
  ];
}

/** A page of docs/decisions/ inside this one: without its title, its headings a level lower, its links from here. */
function embedded(page: string): string {
  return page
    .replace(/^# .*\n+/, '')
    .replace(/^##/gm, '###')
    .replace(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, (_, link: string) => `](${posix.join('decisions', link)})`)
    .trim();
}
