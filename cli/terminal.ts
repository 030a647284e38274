/** What a command may touch of the process around it. Tests bring their own. */
import type { Writable } from 'node:stream';

export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Terminal {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** aborted by Ctrl-C, with an `Interrupted` as reason */
  readonly signal: AbortSignal;
}

/** The reason of an abort by the user or the system. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  readonly exitCode: number;
  /** @param hint how to go on */
  constructor(exitCode: number, hint = '') {
    super(`stopped.${hint}`);
    this.exitCode = exitCode;
  }
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

// npm passes on a Ctrl-C that the terminal has sent to everybody already: twins count once.
const TWIN_MS = 1000;
const SHOW_CURSOR = '\x1b[?25h';

/** The process's own terminal: the first Ctrl-C asks the command to stop, a second one stops it. */
export function processTerminal(): Terminal {
  const controller = new AbortController();
  let askedAt = Number.POSITIVE_INFINITY;
  for (const [name, code] of SIGNALS) {
    process.on(name, () => {
      if (performance.now() - askedAt > TWIN_MS) {
        if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
        process.exit(code);
      }
      if (controller.signal.aborted) return;
      askedAt = performance.now();
      controller.abort(new Interrupted(code));
    });
  }
  // A reader that has gone away (| head) ends the talking, not the work.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      process.exitCode = 1;
      if (stream === process.stdout) process.stderr.write(`keyhole: standard output: ${error.message}\n`);
    });
  }
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: controller.signal };
}
