/** What a job has while it runs, in memory. */
import { type Dataset, memoryShards } from '../../../data/index.ts';
import { type CheckpointStore, createEngine, type Engine } from '../../../engine/index.ts';
import type { JobContext, JobKind, Needed } from '../../../experiments/runner/index.ts';

export interface TestJob {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  readonly checkpoints: Map<string, Uint8Array>;
  run(): Promise<unknown>;
  /** as a job that needs this one sees it */
  needed(): Needed;
}

export function testJob(
  kind: JobKind,
  settings: unknown,
  dataset: Dataset,
  options: {
    readonly needs?: readonly Needed[];
    /** the job's second data set, and so on */
    readonly others?: readonly Dataset[];
    readonly onProgress?: (fraction: number) => void;
    readonly signal?: AbortSignal;
    /** seconds between checkpoints; default 0: after each step */
    readonly checkpointEvery?: number;
  } = {},
): TestJob {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const checkpoints = new Map<string, Uint8Array>();
  const shards = memoryShards();
  let result: unknown;
  const store = (name: string): CheckpointStore => ({
    load: async () => checkpoints.get(name) ?? null,
    save: async (bytes) => void checkpoints.set(name, bytes.slice()),
    everySeconds: options.checkpointEvery ?? 0,
  });
  return {
    files,
    checkpoints,
    async run() {
      let engine: Engine | null = null;
      const context: JobContext<never> = {
        settings: kind.parseSettings(settings) as never,
        signal: options.signal ?? new AbortController().signal,
        needs: options.needs ?? [],
        engine: async () => {
          engine ??= await createEngine();
          return engine;
        },
        dataset: async (index = 0) => [dataset, ...(options.others ?? [])][index]!,
        async write(name, content) {
          files.set(name, new Uint8Array(typeof content === 'string' ? new TextEncoder().encode(content) : content));
        },
        checkpoint: (name = 'training') => store(name),
        shards: () => shards,
        progress: (fraction) => options.onProgress?.(fraction),
      };
      try {
        result = kind.parseResult(await kind.run(context as never));
        return result;
      } finally {
        (engine as Engine | null)?.dispose();
      }
    },
    needed: () => ({
      result: (asked) => asked.parseResult(result),
      file: async (name) => files.get(name)!,
    }),
  };
}
