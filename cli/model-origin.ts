/** What a saved model says about the rows that it was trained on, and so about those that it was not. */
import { type Dataset, type Transform, withTransform } from '../data/index.ts';
import { ConfigError, FormatError, Rng } from '../engine/index.ts';
import { type PartSizes, trainingParts } from './training.ts';

/** Metadata for the file of a model. */
export function originOf(
  { sha256, schema, transform }: Dataset,
  { seed, trainSize, validation, test }: PartSizes & { readonly seed: number },
): Record<string, string> {
  const split = { seed, trainSize, validation, test };
  const { kind, shift, scale, fill } = transform;
  const numbers = (values: Float64Array | null) => values && [...values];
  return {
    data: sha256,
    split: JSON.stringify(split),
    ...(schema.kind === 'table' && {
      transform: JSON.stringify({ kind, shift: numbers(shift), scale: numbers(scale), fill: numbers(fill) }),
    }),
  };
}

export interface HeldOut {
  /** as the model was trained to see it */
  readonly dataset: Dataset;
  /** not trained on, as far as is known */
  readonly rows: Int32Array;
  /** those that it was trained on; null: nobody says */
  readonly trained: Int32Array | null;
  /** what is not known, in a sentence */
  readonly doubt: string | null;
}

/**
 * The rows to measure a model on: those of its own test part, where the file says which they were; else the set's official test
 * part; else all.
 * @throws ConfigError for data of another shape, FormatError for metadata that cannot be read
 */
export function heldOut(
  given: Dataset,
  model: { readonly inputShape: readonly number[]; readonly classes: number } | null,
  metadata: Readonly<Record<string, string>> = {},
  rng = Rng.from(0),
): HeldOut {
  if (model && (String(model.inputShape) !== String(given.inputShape) || model.classes !== given.classes))
    throw new ConfigError(
      `--data ${given.name}: expected rows of [${model.inputShape.join(', ')}] in ${model.classes} classes, as the model was trained on, ` +
        `got [${given.inputShape.join(', ')}] in ${given.classes}. Name the set that it was trained on.`,
      'data',
    );
  const transform = metadata['transform'] === undefined ? null : readTransform(metadata['transform']);
  const dataset = transform ? withTransform(given, transform) : given;
  if (metadata['split'] !== undefined && metadata['data'] === given.sha256) {
    const { seed, ...sizes } = parsed(metadata['split'], 'split') as PartSizes & { readonly seed: number };
    const { train, test } = trainingParts(given, sizes, Rng.from(seed).split('train').split('split'));
    return { dataset, rows: test, trained: train, doubt: null };
  }
  const { split, size } = given;
  const unknown = 'Nothing says which rows the model was trained on:';
  if (split) {
    const rows = Int32Array.from({ length: size - split.train }, (_, i) => split.train + i);
    return {
      dataset,
      rows,
      trained: null,
      doubt: `${unknown} it is attacked on the official test part of ${given.name}.`,
    };
  }
  return {
    dataset,
    rows: rng.split('rows').permutation(size),
    trained: null,
    doubt: `${unknown} it is attacked on rows from all of ${given.name}, which may hold some that it knows.`,
  };
}

function readTransform(text: string): Transform {
  const { kind, shift, scale, fill } = parsed(text, 'transform') as Record<string, unknown>;
  const numbers = (values: unknown) => Float64Array.from(values as number[]);
  return {
    kind: kind as Transform['kind'],
    shift: numbers(shift),
    scale: numbers(scale),
    fill: fill === null ? null : numbers(fill),
  };
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FormatError(`model: expected ${what} of its metadata as JSON, got ${text}. Train it again.`, 'model');
  }
}
