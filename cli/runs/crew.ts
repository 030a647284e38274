/** Worker processes: started when there is work, replaced when lost, stopped with time for a checkpoint. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, KeyholeError } from '../../engine/errors.ts';
import { type DataFacts, type DataRef, type Json, type Lane, LaneLost } from '../../experiments/runner/index.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';

export interface CrewOptions {
  readonly workers: number;
  readonly settings: WorkerSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  onNote(text: string): void;
  /** a process has come or gone */
  onProcesses(pids: readonly number[]): void;
}

export interface Crew {
  /** @param settings complete settings of the experiment */
  lanes(settings: Json): readonly Lane[];
  facts(ref: DataRef): Promise<DataFacts>;
  end(): Promise<void>;
}

/** What asked-to-stop workers get for their last checkpoints. */
const GRACE_MS = 10_000;
/** for what a worker printed last, once it has exited */
const DRAIN_MS = 500;
/** characters of what a worker printed that are kept to explain its end */
const TAIL = 2000;

export function startCrew(options: CrewOptions): Crew {
  const { workers, signal } = options;
  const members = Array.from({ length: workers }, () => member(options, told));
  function told(): void {
    options.onProcesses(members.flatMap(({ pid }) => pid() ?? []));
  }
  const stop = () => {
    for (const { stop } of members) stop();
  };
  // The second Ctrl-C, or an error that nobody caught: nobody is left behind.
  const kill = () => {
    for (const { kill } of members) kill();
  };
  signal.addEventListener('abort', stop);
  process.on('exit', kill);
  return {
    lanes: (settings) =>
      members.map(({ ask }) => ({
        async run(job, onProgress) {
          const { seconds } = await ask({ kind: 'job', job, settings }, 'done', onProgress);
          return { seconds };
        },
      })),
    facts: async (ref) => (await members[0]!.ask({ kind: 'facts', ref }, 'facts')).facts,
    async end() {
      signal.removeEventListener('abort', stop);
      await Promise.all(members.map(({ end }) => end()));
      process.off('exit', kill);
    },
  };
}

type Answer<Kind> = FromWorker & { readonly kind: Kind };

interface Member {
  ask<Kind extends 'done' | 'facts'>(
    message: ToWorker,
    answer: Kind,
    onProgress?: (fraction: number) => void,
  ): Promise<Answer<Kind>>;
  pid(): number | undefined;
  stop(): void;
  kill(): void;
  end(): Promise<void>;
}

interface Current {
  settle(outcome: FromWorker | Error): void;
  onProgress(fraction: number): void;
}

function member(options: CrewOptions, changed: () => void): Member {
  const { settings, signal } = options;
  let child: ChildProcess | null = null;
  let current: Current | null = null;
  let gone: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = (outcome: FromWorker | Error) => {
    current?.settle(outcome);
    current = null;
  };
  const start = (): ChildProcess => {
    const started = forkWorker(options.env);
    let tail = '';
    const pipes = [started.stdout!, started.stderr!];
    for (const pipe of pipes) pipe.on('data', (data) => (tail = (tail + String(data)).slice(-TAIL)));
    const said = Promise.all(pipes.map((pipe) => once(pipe, 'end')));
    started.on('message', (message) => {
      const said = message as FromWorker;
      if (said.kind === 'progress') current?.onProgress(said.fraction);
      else if (said.kind === 'note') options.onNote(said.text);
      else settle(said);
    });
    started.on('error', () => {}); // a message to a process that has gone: its exit tells
    // 'close' would wait for the pipes, but it never comes for a child that was disconnected
    gone = once(started, 'exit').then(async ([code, killedBy]) => {
      await Promise.race([said, sleep(DRAIN_MS)]);
      clearTimeout(timer);
      if (child === started) child = null;
      changed();
      settle(lost((killedBy as string | null) ?? `exit code ${code}`, tail));
    });
    started.send(settings satisfies ToWorker);
    return started;
  };
  return {
    async ask<Kind extends 'done' | 'facts'>(message: ToWorker, answer: Kind, onProgress = (_: number) => {}) {
      signal.throwIfAborted();
      if (!child) {
        child = start();
        changed();
      }
      const worker = child;
      const outcome = await new Promise<FromWorker | Error>((resolve) => {
        current = { settle: resolve, onProgress };
        worker.send(message);
      });
      signal.throwIfAborted();
      if (outcome instanceof Error) throw outcome;
      if (outcome.kind === 'failed') throw fault(outcome.error);
      if (outcome.kind !== answer)
        throw new KeyholeError(`internal: a worker answered ${outcome.kind} to ${message.kind}`);
      return outcome as Answer<Kind>;
    },
    pid: () => child?.pid,
    stop() {
      if (!child?.connected) return;
      child.send({ kind: 'stop' } satisfies ToWorker);
      const asked = child;
      timer = setTimeout(() => asked.kill('SIGKILL'), GRACE_MS);
    },
    kill: () => void child?.kill('SIGKILL'),
    async end() {
      const ending = child;
      if (!ending) return;
      if (ending.connected) ending.disconnect();
      const late = setTimeout(() => ending.kill('SIGKILL'), GRACE_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

function fault({ message, stack, isWrongUse }: (FromWorker & { kind: 'failed' })['error']): Error {
  const error = isWrongUse ? new ConfigError(message, 'job') : new KeyholeError(message);
  error.stack = stack;
  return error;
}

function lost(how: string, tail: string): LaneLost {
  const said = tail.trim();
  return new LaneLost(`its process ended (${how})${said ? `, and its last words were:\n${said}` : ' without a word'}`);
}

// package.json names the module: bundling may move the code, and a checkout runs the .ts file through tsx.
function forkWorker(env: CrewOptions['env']): ChildProcess {
  const url = import.meta.resolve('#job-worker');
  const fromSource = () => ['--conditions=keyhole-source', '--import', import.meta.resolve('tsx')];
  return fork(fileURLToPath(url), [], {
    execArgv: url.endsWith('.ts') ? fromSource() : [],
    env: { ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
