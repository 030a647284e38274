/** The training loop: shuffled batches, one fused optimiser step each, progress, early stopping, checkpoints. */
import type { Engine } from '../engine.ts';
import { ConfigError, NumericError } from '../errors.ts';
import { valueAndGrad } from '../grad/index.ts';
import { losses, type Model } from '../nn/index.ts';
import { mean } from '../ops/index.ts';
import { adam, type Optimizer, type OptimizerState } from '../optim/index.ts';
import { Rng } from '../random/index.ts';
import { mapTree, namedTensors, type Shape, type Tensor, tensorsOf } from '../tensor/index.ts';
import { type CheckpointStore, type Position, restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { batchOf, type Examples, type Rows } from './examples.ts';
import { Pacer } from './pacer.ts';

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  /** batches done and to do, over all epochs */
  readonly step: number;
  readonly steps: number;
  /** of the last batch */
  readonly loss: number;
}

export interface EpochRecord {
  readonly epoch: number;
  /** mean over the epoch's rows, while they were trained on */
  readonly loss: number;
  readonly validation?: Evaluation;
}

export interface EarlyStopping {
  /** epochs without a better validation loss after which training stops */
  readonly patience: number;
  /** what counts as better; default 0 */
  readonly minDelta?: number;
  /** go back to the best epoch's parameters; default true */
  readonly restoreBest?: boolean;
}

/** Where training is, for functions that change a step. */
export interface StepContext {
  /** from 0 */
  readonly epoch: number;
  /** from 0, over all epochs */
  readonly step: number;
  /** of this step alone; split it by a label of your own */
  readonly rng: Rng;
}

export interface Batch {
  /** [n, ...inputShape] */
  readonly x: Tensor;
  /** i32 labels [n], or probabilities [n, classes] */
  readonly y: Tensor;
}

export interface FitOptions {
  readonly epochs: number;
  /** default 64; the last batch of an epoch may be smaller */
  readonly batchSize?: number;
  /** default adam with learning rate 1e-3 */
  readonly optimizer?: Optimizer;
  /** of each row, from logits and labels (or what `batch` made of them); default cross-entropy */
  readonly loss?: (outputs: Tensor, targets: Tensor, at: StepContext) => Tensor;
  /** names the shuffles and dropout masks; default 0 */
  readonly seed?: number | bigint;
  /** changes a batch in place before it is used: x row-major [n, ...inputShape] */
  readonly augment?: (x: Float32Array | Float64Array, inputShape: Shape, rng: Rng) => void;
  /** another batch for each, made in the step's scope, without gradients */
  readonly batch?: (batch: Batch, at: StepContext) => Batch;
  /** what `loss`, `augment` and `batch` do, in words: a checkpoint of a run with others is refused */
  readonly method?: string;
  /** tensors that those functions overwrite in place, saved with each checkpoint and restored from it */
  readonly companions?: unknown;
  /** what is measured after each epoch: rows, or a function that measures the parameters as they are by another rule */
  readonly validation?: Examples | (() => Promise<Evaluation>);
  /** needs `validation` */
  readonly earlyStopping?: EarlyStopping;
  readonly checkpoint?: CheckpointStore;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** epochs trained, fewer than asked for when training stopped early */
  readonly epochs: number;
  readonly steps: number;
}

function check(model: Model, data: Examples, o: FitOptions, batchSize: number): void {
  const whole = (name: string, value: number, least: number) => {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ConfigError(`fit: expected ${name} to be a whole number >= ${least}, got ${value}.`, name);
    }
  };
  const notNegative = (name: string, value: number) => {
    if (!(value >= 0)) throw new ConfigError(`fit: expected ${name} to be a number >= 0, got ${value}.`, name);
  };
  whole('epochs', o.epochs, 0);
  whole('batchSize', batchSize, 1);
  if (o.epochs > 0) checkRows('data', model, data);
  if (typeof o.validation === 'object') checkRows('validation', model, o.validation);
  if (o.earlyStopping) {
    whole('earlyStopping.patience', o.earlyStopping.patience, 1);
    notNegative('earlyStopping.minDelta', o.earlyStopping.minDelta ?? 0);
    if (!o.validation) {
      throw new ConfigError(
        'fit: expected validation data for early stopping, got none. Pass { validation }.',
        'earlyStopping',
      );
    }
  }
  notNegative('checkpoint.everySeconds', o.checkpoint?.everySeconds ?? 0);
}

function checkRows(path: 'data' | 'validation', model: Model, rows: Examples): void {
  if (rows.size === 0) throw new ConfigError(`fit: expected at least one row of ${path}, got none.`, path);
  if (String(rows.inputShape) === String(model.inputShape) && rows.classes <= model.classes) return;
  throw new ConfigError(
    `fit: expected rows of shape [${model.inputShape}] in at most ${model.classes} classes for model '${model.name}', ` +
      `got [${rows.inputShape}] in ${rows.classes}.`,
    path,
  );
}

/**
 * Trains parameters in place.
 *
 * The same seed gives the same bits, also after a kill and a resume from a checkpoint.
 * @throws NumericError when the loss is not finite, ConfigError for options that do not fit, the signal's reason when aborted
 */
export async function fit(
  engine: Engine,
  model: Model,
  params: unknown,
  data: Examples,
  options: FitOptions,
): Promise<FitResult> {
  const { epochs, batchSize = 64, optimizer = adam(), loss = losses.crossEntropy, checkpoint } = options;
  check(model, data, options, batchSize);
  const dtype = tensorsOf(params)[0]!.dtype;
  const rng = Rng.from(options.seed ?? 0).split('fit');
  const perEpoch = Math.ceil(data.size / batchSize);
  const pacer = new Pacer(options.signal);
  const watched = options.signal ? { signal: options.signal } : {};
  const fingerprint = JSON.stringify({
    model: model.name,
    parameters: namedTensors(params).map(([path, t]) => `${path}[${t.shape}]`),
    build: engine.build,
    dtype,
    rows: data.size,
    batchSize,
    optimizer: optimizer.name,
    seed: String(options.seed ?? 0),
    validation: typeof options.validation === 'function' ? 'measured' : (options.validation?.size ?? null),
    method: options.method,
  });
  const { companions = null } = options;
  let state: OptimizerState = engine.keep(optimizer.init(params));
  let best: unknown = null;
  let position: Position = { epoch: 0, batch: 0, lossSum: 0 };
  let history: EpochRecord[] = [];
  try {
    const saved = await checkpoint?.load();
    if (saved) {
      const into = { params, companions, optimizer: state };
      const snapshot = restoreCheckpoint<EpochRecord[]>(engine, saved, fingerprint, into);
      ({ position, history, best, optimizer: state } = snapshot);
    }
  } catch (error) {
    engine.free(state);
    throw error;
  }
  const save = async () =>
    checkpoint?.save(writeCheckpoint(fingerprint, { position, history, params, companions, best, optimizer: state }));
  let savedAt = performance.now();
  const validated = (by: NonNullable<FitOptions['validation']>) =>
    typeof by === 'function' ? by() : evaluate(engine, model, params, by, watched);

  const trainBatch = (rows: Int32Array, stepRng: Rng): number =>
    engine.run('train step', () => {
      const step = position.epoch * perEpoch + position.batch;
      const at: StepContext = { epoch: position.epoch, step, rng: stepRng };
      const taken = batchOf(engine, data, rows, model.inputShape, dtype);
      options.augment?.(taken.x.view() as Rows['x'], model.inputShape, stepRng.split('augment'));
      const { x, y } = options.batch?.(taken, at) ?? taken;
      const context = { mode: 'train', rng: stepRng.split('model') } as const;
      const batchLoss = (p: unknown) => mean(loss(model.apply(p, x, context), y, at));
      const { value, grads } = valueAndGrad(batchLoss, params, { release: true });
      const number = value.item();
      if (!Number.isFinite(number)) {
        throw new NumericError(
          `fit: the loss became ${number} at step ${step} (epoch ${position.epoch + 1}, batch ${position.batch + 1}). ` +
            'Lower the learning rate, or look for extreme values in the data.',
          step,
        );
      }
      state = optimizer.step(params, grads, state);
      return number;
    });

  try {
    while (position.epoch < epochs && !shouldStop(history, options.earlyStopping)) {
      const epochRng = rng.split(`epoch ${position.epoch}`);
      const order = epochRng.split('shuffle').permutation(data.size);
      while (position.batch < perEpoch) {
        const rows = order.subarray(position.batch * batchSize, (position.batch + 1) * batchSize);
        const number = trainBatch(rows, epochRng.split(`batch ${position.batch}`));
        position.lossSum += number * rows.length;
        position.batch++;
        const step = position.epoch * perEpoch + position.batch;
        options.onProgress?.({ epoch: position.epoch + 1, epochs, step, steps: epochs * perEpoch, loss: number });
        if (checkpoint && performance.now() - savedAt >= (checkpoint.everySeconds ?? 30) * 1000) {
          await save();
          savedAt = performance.now();
        }
        await pacer.breathe();
      }
      const record: EpochRecord = {
        epoch: position.epoch + 1,
        loss: position.lossSum / data.size,
        ...(options.validation && { validation: await validated(options.validation) }),
      };
      history.push(record);
      position = { epoch: position.epoch + 1, batch: 0, lossSum: 0 };
      const rule = options.earlyStopping;
      if (rule && rule.restoreBest !== false && isBest(history, rule)) best = keepCopy(engine, params, best);
    }
    await save();
    if (best !== null) copyInto(params, best);
  } catch (error) {
    // what was trained stays resumable, unless the numbers themselves are broken; a store that fails as well must not
    // hide the reason
    if (!(error instanceof NumericError)) await save().catch(() => {});
    throw error;
  } finally {
    engine.free([state, best]);
  }
  return { history, epochs: history.length, steps: position.epoch * perEpoch };
}

const validationLoss = (r: EpochRecord) => r.validation!.loss;

/** index of the epoch with the best validation loss, where "better" means by more than minDelta */
function bestEpoch(history: readonly EpochRecord[], { minDelta = 0 }: EarlyStopping): number {
  let best = 0;
  for (const [i, r] of history.entries()) if (validationLoss(r) < validationLoss(history[best]!) - minDelta) best = i;
  return best;
}

const isBest = (history: readonly EpochRecord[], rule: EarlyStopping) =>
  bestEpoch(history, rule) === history.length - 1;

function shouldStop(history: readonly EpochRecord[], rule: EarlyStopping | undefined): boolean {
  return rule !== undefined && history.length > 0 && history.length - 1 - bestEpoch(history, rule) >= rule.patience;
}

function copyInto(to: unknown, from: unknown): void {
  const source = tensorsOf(from);
  for (const [i, t] of tensorsOf(to).entries()) t.set(source[i]!.view());
}

function keepCopy(engine: Engine, params: unknown, into: unknown): unknown {
  const copy = into ?? engine.keep(mapTree(params, (t: Tensor) => engine.alloc(t.shape, t.dtype, 'best parameters')));
  copyInto(copy, params);
  return copy;
}
