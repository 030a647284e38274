/** The module of a training thread: an engine of its own, one job after another, checkpoints through the leading thread. */
import { thisModule } from '#platform';
import { type CheckpointStore, createEngine, type Progress } from '../../engine/index.ts';
import { runJob } from './job.ts';
import { type FromThread, packError, type ThreadData, type ToThread, unpackError } from './messages.ts';

const PROGRESS_EVERY_MS = 100;

const { data, post, receive } = thisModule<ThreadData>();
const say = (message: FromThread, transfer?: readonly ArrayBuffer[]) => post(message, transfer);
const { build, maxBytes, kernels } = data;
const engine = createEngine({ build, maxBytes, ...(kernels && { wasm: kernels }) });
engine.catch(() => {}); // the first job tells
const stop = new AbortController();
/** settles the save that waits for the leading thread's word */
let kept: ((error: Error | null) => void) | null = null;

receive((message) => {
  const told = message as ToThread;
  if (told.kind === 'stop') stop.abort();
  else if (told.kind === 'kept') kept?.(told.error && unpackError(told.error));
  else void train(told);
});

async function train({ job, checkpoint }: ToThread & { kind: 'train' }): Promise<void> {
  try {
    const { classifier, fitted, seconds } = await runJob(await engine, data.dataset, job, {
      signal: stop.signal,
      onProgress: paced((progress) => say({ kind: 'progress', progress })),
      ...(checkpoint && { checkpoint: sentAway(checkpoint) }),
    });
    const model = classifier.save();
    classifier.dispose();
    say({ kind: 'done', model, fitted, seconds }, [model.buffer]);
  } catch (error) {
    say({ kind: 'failed', error: packError(error) });
  }
}

function sentAway({ saved, everySeconds }: NonNullable<(ToThread & { kind: 'train' })['checkpoint']>): CheckpointStore {
  return {
    load: async () => saved,
    save: (bytes) =>
      new Promise((resolve, reject) => {
        kept = (error) => (error ? reject(error) : resolve());
        say({ kind: 'checkpoint', bytes });
      }),
    ...(everySeconds !== undefined && { everySeconds }),
  };
}

/** Passes on the last step, and of the others one now and then. */
function paced(onProgress: (progress: Progress) => void): (progress: Progress) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = performance.now();
    if (progress.step < progress.steps && now - saidAt < PROGRESS_EVERY_MS) return;
    saidAt = now;
    onProgress(progress);
  };
}
