/** `keyhole train --dp`: what is trained how, what is said about it, and what the record keeps. */
import { type Classifier, type Examples, nn, type optim } from '../engine/index.ts';
import {
  fitPrivate,
  type Ledger,
  type PrivateClipping,
  type PrivateFitResult,
  type PrivateStart,
  roundedUp,
} from '../privacy/index.ts';
import type { CheckpointFile } from './checkpoints.ts';
import { countText, type Output, wrap } from './output.ts';
import type { PrivateOptions } from './private-options.ts';
import { progressOn } from './progress.ts';
import type { PrivacyRecord } from './schemas.ts';
import type { Terminal } from './terminal.ts';

export interface PrivateWork {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly options: PrivateOptions & { readonly seed: number };
  readonly classifier: Classifier;
  readonly train: Examples;
  readonly validation: Examples | null;
  readonly ledger: Ledger;
  readonly epochs: number;
  readonly batchSize: number;
  readonly labelSmoothing: number;
  readonly optimizer: optim.Optimizer;
  readonly checkpoint: CheckpointFile | undefined;
}

export const DEFAULT_DELTA = 1e-5;
export const DEFAULT_CLIP = 1;

export const clippingOf = ({ clipping, clip = DEFAULT_CLIP }: PrivateOptions): PrivateClipping => ({
  kind: clipping ?? 'flat',
  norm: clip,
});

/** Trains the classifier in place. */
export async function trainPrivately(work: PrivateWork): Promise<PrivateFitResult> {
  const { terminal, output, options, classifier, labelSmoothing, validation } = work;
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  const smoothed: nn.Loss = (logits, labels) => nn.losses.smoothedCrossEntropy(logits, labels, labelSmoothing);
  try {
    return await fitPrivate(classifier.engine, classifier.model, classifier.params, work.train, {
      epochs: work.epochs,
      batchSize: work.batchSize,
      clip: clippingOf(options),
      delta: options.delta ?? DEFAULT_DELTA,
      optimizer: work.optimizer,
      ledger: work.ledger,
      signal: terminal.signal,
      ...(options.epsilon !== undefined && { epsilon: options.epsilon }),
      ...(options.noise !== undefined && { noise: options.noise }),
      ...(options.records !== undefined && { records: options.records }),
      ...(options.sampler && { sampler: options.sampler }),
      ...(options.exact && { exact: true }),
      ...(options.chunk !== undefined && { chunk: options.chunk }),
      ...(options.reproducibleNoise && { reproducible: options.seed }),
      ...(labelSmoothing > 0 && { loss: smoothed }),
      ...(validation && { validation }),
      ...(work.checkpoint && { checkpoint: work.checkpoint }),
      onStart: (start) => output.note(startText(start, options)),
      ...(!output.quiet && {
        onProgress: (p) =>
          meter.update({
            phase: 'training',
            done: p.step,
            total: p.steps,
            unit: 'steps',
            note: `epsilon ${figure(p.epsilon)}`,
          }),
      }),
    });
  } finally {
    meter.stop();
  }
}

const figure = (epsilon: number) => (Number.isFinite(epsilon) ? epsilon.toFixed(2) : 'infinite');

/** Before the first step: what the noise is, what it costs, how gradients are clipped, and every warning. */
function startText({ plannedSteps, noise, rate, epsilon, plan, warnings }: PrivateStart, o: PrivateOptions): string {
  const calibrated = o.noise === undefined ? ` (calibrated to epsilon ${o.epsilon})` : '';
  const delta = o.delta ?? DEFAULT_DELTA;
  return [
    `${countText(plannedSteps)} steps at sample rate ${rate.toPrecision(4)}, noise ${noise.toPrecision(5)}${calibrated}: epsilon ${figure(epsilon)} at delta ${delta}`,
    'Clipping, as the cost model picked it for each parameter:',
    ...plan.map((line) => `  ${line}`),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ].join('\n');
}

const finite = (x: number | null) => (x === Infinity ? 'Infinity' : x);

/** The part of the record, and of the saved model's metadata, that says what was promised. */
export function privacyRecord(fitted: PrivateFitResult, o: PrivateOptions, records: number): PrivacyRecord {
  const { epsilon, ledger } = fitted;
  return {
    epsilon: { upper: finite(epsilon.upper), lower: epsilon.lower },
    delta: fitted.delta,
    target: o.epsilon ?? null,
    accountant: fitted.accountant,
    neighbouring: ledger.neighbouring,
    unit: 'record',
    sampler: o.sampler ?? 'poisson',
    records,
    sampleRate: fitted.rate,
    noise: fitted.noise,
    clipping: o.clipping ?? 'flat',
    clip: o.clip ?? DEFAULT_CLIP,
    finalClip: fitted.norm,
    exact: o.exact ?? false,
    inputs: o.inputs?.kind ?? 'public',
    plannedSteps: fitted.plannedSteps,
    stopped: fitted.stopped,
    resumedAt: fitted.resumedAt,
    history: fitted.history.map(({ epoch, step, epsilon: spent }) => ({ epoch, step, epsilon: finite(spent)! })),
    plan: fitted.plan,
    warnings: fitted.warnings,
    statement: { promises: fitted.statement.promises, limits: fitted.statement.limits },
    ledger: ledger.toJSON(),
    notes: fitted.notes,
  };
}

/** For people, after training. */
export function privacyText(record: PrivacyRecord, width: number): string {
  const { epsilon, delta, records, sampler, noise, ledger, notes, statement, stopped } = record;
  const bound = typeof epsilon.upper === 'number' ? roundedUp(epsilon.upper) : 'infinite';
  const sampling = sampler === 'poisson' ? 'Poisson sampling' : 'shuffled batches';
  const wrapped = (mark: string) => (text: string) =>
    wrap(text, width - 4).map((line, i) => `${i === 0 ? mark : '    '}${line}`);
  return [
    `Privacy: epsilon ${bound} at delta ${delta}${stopped === 'budget' ? ', stopped at the limit' : ''}`,
    `  ${countText(records)} records, ${sampling}, noise multiplier ${noise.toPrecision(5)}`,
    ...ledger.marks.map((mark) => `  [${mark}]`),
    ...statement.promises.flatMap(wrapped('  + ')),
    ...[...statement.limits, ...notes].flatMap(wrapped('  - ')),
  ].join('\n');
}
