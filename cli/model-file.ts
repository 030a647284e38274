/** Models that `keyhole train` and `keyhole audit` have saved: read again, with the rows that they were not trained on. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Dataset, type Transform, withTransform } from '../data/index.ts';
import {
  Classifier,
  ConfigError,
  type Engine,
  FormatError,
  modelNames,
  Rng,
  readSafeTensors,
} from '../engine/index.ts';
import { type PartSizes, trainingParts } from './training.ts';

/** What a saved model says about the rows that it was trained on, beside how it was made. */
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

export interface ModelFile {
  readonly classifier: Classifier;
  readonly metadata: Readonly<Record<string, string>>;
  readonly path: string;
}

/** As --out FOLDER has it. */
const MODEL_FILE = 'model.safetensors';

/**
 * @param text a file, or the folder that a command left it in
 * @throws ConfigError where there is none, FormatError for a damaged file, or one that keyhole did not write
 */
export async function loadModel(engine: Engine, text: string): Promise<ModelFile> {
  const found = await stat(text).catch(() => null);
  if (!found) {
    const isName = (modelNames as readonly string[]).includes(text);
    throw new ConfigError(
      `--model ${text}: expected the file of a trained model, or a folder with ${MODEL_FILE}, ` +
        (isName
          ? `got the name of a model without weights. Train it first: keyhole train --model ${text} --out FOLDER.`
          : 'there is none. `keyhole train --out FOLDER` and `keyhole audit --out FOLDER` leave one.'),
      'model',
    );
  }
  const path = found.isDirectory() ? join(text, MODEL_FILE) : text;
  const bytes = new Uint8Array(await readFile(path));
  const { metadata } = readSafeTensors(bytes, basename(path));
  return { classifier: Classifier.load(engine, bytes, { file: basename(path) }), metadata, path };
}

export interface HeldOut {
  /** as the model was trained to see it */
  readonly dataset: Dataset;
  /** not trained on, as far as is known */
  readonly rows: Int32Array;
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
    const rows = trainingParts(given, sizes, Rng.from(seed).split('train').split('split')).test;
    return { dataset, rows, doubt: null };
  }
  const { split, size } = given;
  const unknown = 'Nothing says which rows the model was trained on:';
  if (split) {
    const rows = Int32Array.from({ length: size - split.train }, (_, i) => split.train + i);
    return { dataset, rows, doubt: `${unknown} it is attacked on the official test part of ${given.name}.` };
  }
  return {
    dataset,
    rows: rng.split('rows').permutation(size),
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
