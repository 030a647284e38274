/** What a model says, held against what it is said to be: probabilities, logits or labels in f64, or a message that names the fault. */
import { ConfigError, KeyholeError, ShapeError } from '../../engine/index.ts';

/** 'unnormalised': scores of at least 0 that become probabilities when divided by their sum */
export const outputKinds = ['probabilities', 'logits', 'labels', 'unnormalised'] as const;
export type OutputKind = (typeof outputKinds)[number];

export interface Answer {
  /** row-major [n, columns]; labels [n] */
  readonly values: ArrayLike<number>;
  /** what the model itself calls them; absent: it does not say */
  readonly kind?: OutputKind;
}

export interface Outputs {
  readonly kind: Exclude<OutputKind, 'unnormalised'>;
  /** of probabilities and logits; labels do not say */
  readonly classes: number;
  /** row-major [n, classes]; labels [n] */
  readonly values: Float64Array;
}

/** An answer that is not what it should be. Asking again may help where the model is a service. */
export class AnswerError extends KeyholeError {
  override name = 'AnswerError';
}

/** Probabilities in half precision, or rounded to two digits, are off by less; a forgotten softmax by more. */
const SUM_TOLERANCE = 0.01;
const EDGE_TOLERANCE = 1e-6;

export interface Expected {
  readonly rows: number;
  /** what the answers are declared to be; default: what the model says, or probabilities where they look like it */
  readonly outputs?: OutputKind | undefined;
  /** default: as many as there are numbers a row */
  readonly classes?: number | undefined;
}

/**
 * A single number a row is read as the second of two classes: p as (1 - p, p), z as (0, z).
 * @throws AnswerError for another number of rows or classes, for numbers that are not finite, and for rows that are not
 * what they are declared to be; ConfigError where a declaration is missing (logits and other scores)
 */
export function outputsOf({ values, kind: said }: Answer, { rows, outputs, classes }: Expected): Outputs {
  const columns = values.length / rows;
  if (!Number.isInteger(columns) || columns === 0)
    throw new ShapeError(
      `target: expected ${rows} rows of ${classes ?? 'as many'} probabilities, got ${values.length} numbers.`,
    );
  if (typeof values[0] !== 'number')
    throw new ShapeError(
      `target: expected ${rows} rows of probabilities as one flat list of numbers, got a list of ${Array.isArray(values[0]) ? 'lists' : typeof values[0]}. Flatten it.`,
    );
  const given = Float64Array.from(values);
  const bad = given.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new AnswerError(
      `target: expected finite numbers, got ${given[bad]} in row ${Math.floor(bad / columns)}. Does the model divide by zero, or get inputs that it was not made for?`,
    );
  const kind = outputs ?? said ?? detected(given, columns);
  if (kind === 'labels') return { kind, classes: classes ?? 0, values: labelsOf(given, rows, classes) };
  const full = columns === 1 ? bothClasses(given, kind) : given;
  const width = full.length / rows;
  if (classes !== undefined && width !== classes)
    throw new ShapeError(`target: expected ${rows} rows of ${classes} probabilities, got ${values.length} numbers.`);
  if (kind === 'logits') return { kind, classes: width, values: full };
  if (kind === 'unnormalised') return { kind: 'probabilities', classes: width, values: normalised(full, width) };
  checkProbabilities(full, width);
  return { kind, classes: width, values: full };
}

/** @throws ConfigError naming logits where the numbers are no probabilities */
function detected(values: Float64Array, columns: number): OutputKind {
  const at = values.findIndex((v) => v < -EDGE_TOLERANCE || v > 1 + EDGE_TOLERANCE);
  if (at < 0) return 'probabilities';
  if (columns === 1 && values.every(Number.isInteger))
    throw new ConfigError(
      `target: expected probabilities, got one whole number a row, as labels are. Say so: outputs 'labels'.`,
      'outputs',
      outputKinds,
    );
  throw new ConfigError(
    `target: expected probabilities from 0 to 1, got ${values[at]} in row ${Math.floor(at / columns)}: these look like logits. Apply softmax, or say so (outputs 'logits') and it is applied.`,
    'outputs',
    outputKinds,
  );
}

function checkProbabilities(values: Float64Array, classes: number): void {
  for (let row = 0; row < values.length / classes; row++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const p = values[row * classes + c]!;
      if (!(p >= -EDGE_TOLERANCE && p <= 1 + EDGE_TOLERANCE))
        throw new AnswerError(
          `target: expected probabilities from 0 to 1, got ${p} in row ${row}: these look like logits. Apply softmax, or say so (outputs 'logits') and it is applied.`,
        );
      sum += p;
      values[row * classes + c] = Math.min(1, Math.max(0, p));
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE)
      throw new AnswerError(
        `target: expected probabilities that sum to 1, got a sum of ${+sum.toFixed(6)} in row ${row}. Say what they are: outputs 'unnormalised' divides each row by its sum.`,
      );
  }
}

function normalised(values: Float64Array, classes: number): Float64Array {
  for (let at = 0; at < values.length; at += classes) {
    const row = values.subarray(at, at + classes);
    const sum = row.reduce((a, b) => a + b, 0);
    if (row.some((v) => v < 0) || sum <= 0)
      throw new AnswerError(
        `target: expected scores of at least 0 with a sum above 0, got ${row.join(', ')} in row ${at / classes}.`,
      );
    for (let c = 0; c < classes; c++) row[c]! /= sum;
  }
  return values;
}

function labelsOf(values: Float64Array, rows: number, classes = Number.POSITIVE_INFINITY): Float64Array {
  if (values.length !== rows)
    throw new ShapeError(
      `target: expected a label for each of ${rows} rows, got ${values.length} numbers${values.length > rows ? ", as scores are. Say so: outputs 'probabilities' or 'logits'" : ''}.`,
    );
  const bad = values.findIndex((v) => !(Number.isInteger(v) && v >= 0 && v < classes));
  if (bad >= 0)
    throw new AnswerError(`target: expected labels from 0 to ${classes - 1}, got ${values[bad]} in row ${bad}.`);
  return values;
}

function bothClasses(values: Float64Array, kind: OutputKind): Float64Array {
  const both = new Float64Array(2 * values.length);
  for (const [i, v] of values.entries()) {
    both[2 * i] = kind === 'logits' ? 0 : 1 - v;
    both[2 * i + 1] = v;
  }
  return both;
}
