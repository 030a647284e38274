/** Checkpoints: everything that a killed run needs to go on to the same bits. */
import type { Engine } from '../engine.ts';
import { ConfigError, FormatError } from '../errors.ts';
import type { OptimizerState } from '../optim/index.ts';
import { mapTree, namedTensors, type Tensor, type TypedArray } from '../tensor/index.ts';
import { readSafeTensors, type SafeTensor, type SafeTensorsFile, writeSafeTensors } from './safetensors.ts';

/** Where checkpoints are kept. `save` must replace the old one whole or not at all. */
export interface CheckpointStore {
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
  /** default 30 */
  readonly everySeconds?: number;
}

/** The position of a run; random numbers need no state of their own, as every draw is named by epoch and step. */
export interface Position {
  /** epochs finished */
  epoch: number;
  /** batches finished in the current epoch */
  batch: number;
  /** sum of the losses of those batches' rows */
  lossSum: number;
}

export interface Snapshot<H> {
  readonly position: Position;
  readonly history: H;
  readonly params: unknown;
  /** other tensors that training changes */
  readonly companions?: unknown;
  readonly best: unknown;
  readonly optimizer: OptimizerState;
}

const FORMAT = 'keyhole.checkpoint/1';
const fault = (message: string) => new FormatError(`checkpoint: ${message}`, 'checkpoint');

function put(tensors: Map<string, SafeTensor>, prefix: string, tree: unknown): void {
  for (const [path, t] of namedTensors(tree)) tensors.set(`${prefix}.${path}`, { shape: t.shape, data: t.toArray() });
}

/**
 * @param fingerprint what must be the same for the run to go on; see `restoreCheckpoint`
 * @param beside what else must not be separated from the parameters, such as a privacy ledger
 */
export function writeCheckpoint<H>(
  fingerprint: string,
  snapshot: Snapshot<H>,
  beside: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, SafeTensor>();
  put(tensors, 'params', snapshot.params);
  put(tensors, 'companions', snapshot.companions);
  put(tensors, 'optimizer', snapshot.optimizer.slots);
  if (snapshot.best !== null) put(tensors, 'best', snapshot.best);
  const { position, history, optimizer } = snapshot;
  const state = JSON.stringify({ position, history, step: optimizer.step, best: snapshot.best !== null });
  return writeSafeTensors({ tensors, metadata: { ...beside, format: FORMAT, fingerprint, state } });
}

/** Pairs each tensor of a tree with its saved numbers; overwrites nothing yet, in case a later one is missing. */
function match(file: SafeTensorsFile, prefix: string, tree: unknown): [Tensor, TypedArray][] {
  return namedTensors(tree).map(([path, t]) => {
    const saved = file.tensors.get(`${prefix}.${path}`);
    if (saved?.data.length === t.size) return [t, saved.data];
    throw fault(`expected ${prefix}.${path} with ${t.size} numbers, got ${saved?.data.length ?? 'none'}.`);
  });
}

interface State<H> {
  readonly position: Position;
  readonly history: H;
  readonly step: number;
  readonly best: boolean;
}

function readState<H>(text: string | undefined): State<H> {
  let state: Partial<State<H>> = {};
  try {
    state = JSON.parse(text ?? '') as Partial<State<H>>;
  } catch {
    // told below
  }
  if (state?.position && Array.isArray(state.history) && Number.isSafeInteger(state.step)) return state as State<H>;
  throw fault('expected a state of position, history and step, got something else.');
}

/**
 * Overwrites parameters, companions and optimiser state by a checkpoint's.
 * @throws ConfigError when the checkpoint belongs to another run, FormatError when it is damaged
 */
export function restoreCheckpoint<H>(
  engine: Engine,
  bytes: Uint8Array,
  fingerprint: string,
  into: Pick<Snapshot<H>, 'params' | 'companions' | 'optimizer'>,
): Snapshot<H> {
  const file = readSafeTensors(bytes, 'checkpoint');
  const format = file.metadata['format'] ?? 'none';
  if (format !== FORMAT) throw fault(`expected format ${FORMAT}, got ${format}.`);
  if (file.metadata['fingerprint'] !== fingerprint) {
    throw new ConfigError(
      `checkpoint: expected one of this run (${fingerprint}), got one of ${file.metadata['fingerprint']}. ` +
        'Remove it, or use another folder.',
      'checkpoint',
    );
  }
  const state = readState<H>(file.metadata['state']);
  const found = [
    ...match(file, 'params', into.params),
    ...match(file, 'companions', into.companions),
    ...match(file, 'optimizer', into.optimizer.slots),
  ];
  let best: unknown = null;
  if (state.best) {
    const saved = match(file, 'best', into.params);
    let i = 0;
    best = engine.keep(mapTree(into.params, (t) => engine.tensor(saved[i++]![1], t.shape, { dtype: t.dtype })));
  }
  for (const [t, numbers] of found) t.set(numbers);
  return {
    position: state.position,
    history: state.history,
    params: into.params,
    best,
    optimizer: { ...into.optimizer, step: state.step },
  };
}
