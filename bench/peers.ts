/**
 * Other engines on the same work. Each is a script of the package in bench/peers, run as a child that takes one job a line
 * and answers with one line, so that rows of one name are measured within the same seconds, whatever else the machine does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ConfigError, hasRelaxedSimd } from '../engine/index.ts';
import type { Job } from './job.ts';
import { parseName } from './names.ts';
import { type EngineName, millisecondsRow, type Row, rowSchema } from './row.ts';
import { outputOf } from './startup.ts';
import { summarise, type TimeOptions } from './timing.ts';

// Beside this file, or, when it was compiled to dist/bench/, beside its source.
const peersFolder = [new URL('./peers/', import.meta.url), new URL('../../bench/peers/', import.meta.url)]
  .map((url) => fileURLToPath(url))
  .find((path) => existsSync(`${path}package.json`));
export const PEERS_INSTALL = 'npm ci --prefix bench/peers';

interface PeerDef {
  readonly engine: EngineName;
  readonly script: string;
  readonly packageName: string;
  /** Node flags of each child: jax-js takes relaxed SIMD where the process has it, so it is measured with and without */
  readonly variants: readonly (readonly string[])[];
}

function peerDefs(folder: string): PeerDef[] {
  // From Node 22 on relaxed SIMD needs no flag and cannot be refused.
  const flag = '--experimental-wasm-relaxed-simd';
  const needsFlag = Number(process.versions.node.split('.')[0]) < 22 && hasRelaxedSimd();
  return [
    { engine: 'tfjs-wasm', script: `${folder}tfjs.mjs`, packageName: '@tensorflow/tfjs-backend-wasm', variants: [[]] },
    {
      engine: 'jax-js',
      script: `${folder}jax.mjs`,
      packageName: '@jax-js/jax',
      variants: needsFlag ? [[], [flag]] : [[]],
    },
  ];
}

const answerSchema = v.union([
  v.strictObject({ row: rowSchema, note: v.optional(v.string()) }),
  v.strictObject({ note: v.string() }),
  v.strictObject({ nothing: v.literal(true) }),
]);
type Answer = v.InferOutput<typeof answerSchema>;

const marksSchema = v.strictObject({ build: v.string(), import: v.number(), engine: v.number(), product: v.number() });

/** One engine in a child process. */
class Peer {
  readonly def: PeerDef;
  readonly flags: readonly string[];
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor(def: PeerDef, flags: readonly string[]) {
    this.def = def;
    this.flags = flags;
    this.#child = spawn(process.execPath, [...flags, def.script], { stdio: 'pipe' });
    this.#child.stderr!.on('data', (part: Buffer) => {
      this.#said = (this.#said + part.toString()).slice(-2000);
    });
    this.#child.stdin!.on('error', () => {}); // it has ended: the missing answer says so, with what it printed last
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async measure(job: object): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(job)}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.def.script} ended before it answered. ${this.#said}`);
      // the libraries print greetings of their own
      if (value.startsWith('{"')) return v.parse(answerSchema, JSON.parse(value));
    }
  }

  /** Import, initialisation and a first product, each in a fresh process. */
  async startup(name: string, until: string, samples: number): Promise<Row> {
    const runs: v.InferOutput<typeof marksSchema>[] = [];
    for (let i = 0; i <= samples; i++) {
      const text = await outputOf(this.def.script, ['--startup'], [...this.flags]);
      runs.push(v.parse(marksSchema, JSON.parse(text.trim().split('\n').at(-1)!)));
    }
    const mark = until === 'first-product' ? 'product' : until === 'engine' ? 'engine' : 'import';
    const subject = { engine: this.def.engine, build: runs[0]!.build, threads: 1 };
    return millisecondsRow(name, subject, summarise(runs.slice(1).map((r) => r[mark] / 1000)));
  }

  close(): void {
    this.#child.stdin!.end();
    this.#child.kill();
  }
}

export interface Peers {
  /** rows of the peers that do this job; what they cannot do, or not alone, is said once, through onNote */
  measure(job: Job, time: TimeOptions): Promise<Row[]>;
  close(): void;
}

export interface PeerVersion {
  readonly engine: EngineName;
  readonly version: string;
}

/**
 * The peers that are installed.
 * @throws ConfigError when bench/peers is not there or lacks a package, with the command that installs them
 */
export function peerVersions(folder = peersFolder): PeerVersion[] {
  return installed(folder).map(({ engine, packageName }) => {
    const file = readFileSync(`${folder}node_modules/${packageName}/package.json`, 'utf8');
    return { engine, version: (JSON.parse(file) as { version: string }).version };
  });
}

function installed(folder: string | undefined): PeerDef[] {
  if (!folder) {
    throw new ConfigError(
      '--peers: expected a checkout of the repository, where bench/peers is. Clone it first.',
      'peers',
    );
  }
  const defs = peerDefs(folder);
  const missing = defs.filter((def) => !existsSync(`${folder}node_modules/${def.packageName}/package.json`));
  if (missing.length > 0) {
    const names = missing.map((def) => def.packageName).join(' and ');
    throw new ConfigError(
      `--peers: expected ${names} in bench/peers/node_modules, found none. Install with: ${PEERS_INSTALL}`,
      'peers',
    );
  }
  return defs;
}

/** @throws ConfigError as peerVersions does */
export function openPeers(onNote: (note: string) => void, folder = peersFolder): Peers {
  const defs = installed(folder);
  const peers = defs.flatMap((def) => def.variants.map((flags) => new Peer(def, flags)));
  const noted = new Set<string>();
  return {
    async measure(job, time) {
      const spec = parseName(job.name);
      const rows: Row[] = [];
      for (const peer of spec ? peers : []) {
        if (spec!.kind === 'startup') {
          rows.push(await peer.startup(job.name, spec!.until, time.samples ?? 7));
          continue;
        }
        const answer = await peer.measure({ name: job.name, ...job.work, ...time, spec });
        if ('row' in answer) rows.push(answer.row);
        const note = 'note' in answer ? answer.note : undefined;
        if (note !== undefined && !noted.has(note)) {
          noted.add(note);
          onNote(note);
        }
      }
      return rows;
    },
    close: () => {
      for (const peer of peers) peer.close();
    },
  };
}
