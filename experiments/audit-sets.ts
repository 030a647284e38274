/** The sets of rows in the audit of somebody else's model: read, held against each other, cut down to what was answered. */
import { type Asked, type AttackWarning, argmaxRows, type Candidates, checkSplit } from '../attacks/index.ts';
import { makeRecords, type Records } from '../data/index.ts';
import { ConfigError, KeyholeError, type Rows, type Shape, sizeOf } from '../engine/index.ts';
import type { AuditRecord } from './audit-record.ts';

/** Rows as the model sees them. */
export interface AuditRows {
  /** row-major [n, ...inputShape] */
  readonly x: ArrayLike<number>;
  /** labels [n], without which few attacks run */
  readonly y?: ArrayLike<number> | null;
  /** for messages */
  readonly name?: string;
}

/** below this, rates have no meaning */
const FEWEST_ROWS = 10;

interface Given {
  readonly members: AuditRows;
  readonly nonMembers: AuditRows;
  readonly population?: AuditRows;
}

export interface Sets<R extends Records = Records> {
  readonly members: R;
  readonly nonMembers: R;
  readonly population: R | null;
}

/** Records with what the model said about them: row-major [size, classes], or labels [size]. */
export interface Answered extends Records {
  readonly answers: Float64Array;
}

export function readSets({ members, nonMembers, population }: Given, shape: Shape): Sets {
  const read = (rows: AuditRows, name: string) =>
    makeRecords({ name: rows.name ?? name, shape, x: rows.x, y: rows.y ?? null });
  return {
    members: read(members, 'members'),
    nonMembers: read(nonMembers, 'non-members'),
    population: population ? read(population, 'population') : null,
  };
}

/** @returns what is wrong and was forced, or does not matter much @throws ConfigError for what is wrong otherwise */
export function checkSets({ members, nonMembers, population }: Sets, force: boolean): AuditRecord['warnings'] {
  for (const { name, size } of [members, nonMembers]) {
    if (size < FEWEST_ROWS)
      throw new ConfigError(
        `${name}: expected at least ${FEWEST_ROWS} rows, got ${size}. Rates over so few rows mean nothing: give more.`,
        'members',
      );
  }
  const { warnings } = checkSplit(rowsOf(members), rowsOf(nonMembers), { force });
  if (!population) return [...warnings];
  // what speaks of non-members is about the population here
  const words = (text: string) => text.replaceAll('non-member', 'population row');
  try {
    const more = checkSplit(rowsOf(members), rowsOf(population), { force }).warnings;
    return [...warnings, ...more.map(({ code, message }) => ({ code, message: words(message) }))];
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(words(error.message), 'population') : error;
  }
}

export function together({ members, nonMembers, population }: Sets): Float32Array {
  const parts = [members, nonMembers, ...(population ? [population] : [])];
  const x = new Float32Array(parts.reduce((sum, part) => sum + part.x.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part.x, at);
    at += part.x.length;
  }
  return x;
}

/** Of each set the rows that were answered. @throws KeyholeError when they are too few to say anything */
export function answeredSets(sets: Sets, asked: Asked): Sets<Answered> {
  const width = asked.kind === 'labels' ? 1 : asked.classes;
  let first = 0;
  const read = (set: Records): Answered => {
    const rows = Int32Array.from({ length: set.size }, (_, i) => i).filter((i) => asked.answered[first + i]);
    const answers = new Float64Array(rows.length * width);
    for (const [at, row] of rows.entries())
      answers.set(asked.values.subarray((first + row) * width, (first + row + 1) * width), at * width);
    first += set.size;
    return { ...pick(set, rows), answers };
  };
  const [members, nonMembers] = [read(sets.members), read(sets.nonMembers)];
  const population = sets.population ? read(sets.population) : null;
  if (Math.min(members.size, nonMembers.size) < FEWEST_ROWS)
    throw new KeyholeError(
      `target: expected answers about at least ${FEWEST_ROWS} members and as many non-members, got ${members.size} and ` +
        `${nonMembers.size}: ${asked.stopped?.message ?? 'the model stopped'}. What was answered is kept where answers are kept (--out).`,
    );
  return { members, nonMembers, population: population && population.size > 0 ? population : null };
}

export function pick<R extends Records>(set: R, rows: Int32Array): R {
  const width = sizeOf(set.shape);
  const x = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) x.set(set.x.subarray(row * width, (row + 1) * width), at * width);
  return { ...set, x, y: set.y && rows.map((row) => set.y![row]!), size: rows.length };
}

export function partial(sets: Sets, kept: Sets, because: string): AttackWarning {
  const part = (name: string, of: Records, got: Records | null) => `${got?.size ?? 0} of ${of.size} ${name}`;
  const list = [
    part('members', sets.members, kept.members),
    part('non-members', sets.nonMembers, kept.nonMembers),
    ...(sets.population ? [part('rows of the population', sets.population, kept.population)] : []),
  ];
  return {
    code: 'partial',
    message: `Only ${list.join(', ')} were answered: ${because}. Everything here is about those.`,
  };
}

/** @throws ConfigError for true labels that the model does not know */
export function classesOf({ kind, classes, values }: Asked, sets: Sets, declared: number | undefined): number {
  let most = 0;
  for (const set of [sets.members, sets.nonMembers, sets.population])
    for (const label of set?.y ?? []) most = Math.max(most, label);
  if (kind === 'labels') {
    for (const label of values) if (label > most) most = label;
    return declared ?? Math.max(2, most + 1);
  }
  if (most >= classes)
    throw new ConfigError(
      `labels: expected 0 .. ${classes - 1}, since the model answers with ${classes} numbers a row, got ${most}. Are they labels of this model?`,
      'y',
    );
  return classes;
}

/** Without true labels, zeros: attacks that look at them are left out. */
export function rowsOf({ x, y, size }: Records): Rows {
  return { x, y: y ?? new Int32Array(size) };
}

export function mixedAnswers({ members, nonMembers }: Sets<Answered>, { order }: Candidates): Float64Array {
  const width = members.answers.length / members.size;
  const out = new Float64Array(order.length * width);
  for (const [at, original] of order.entries()) {
    const [from, row] = original < members.size ? [members, original] : [nonMembers, original - members.size];
    out.set(from.answers.subarray(row * width, (row + 1) * width), at * width);
  }
  return out;
}

/** @param rows default: all of them */
export function answersOf({ answers, size }: Answered, rows: Int32Array | null): Float64Array {
  if (!rows) return answers;
  const width = answers.length / size;
  const out = new Float64Array(rows.length * width);
  for (const [at, row] of rows.entries()) out.set(answers.subarray(row * width, (row + 1) * width), at * width);
  return out;
}

export function accuracyOf({ y, answers, size }: Answered, { kind }: Asked, classes: number): number | null {
  if (!y) return null;
  const guesses = kind === 'labels' ? answers : argmaxRows(answers, classes);
  return y.reduce((sum, label, i) => sum + (guesses[i] === label ? 1 : 0), 0) / size;
}
