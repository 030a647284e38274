/** Members and non-members before anything is attacked: the same kind of rows, in the same units, and none in both. */
import { ConfigError, type Rows } from '../engine/index.ts';
import type { SplitWarning } from './control.ts';

export interface SplitCheck {
  /** non-members whose input equals a member's */
  readonly overlap: number;
  readonly warnings: readonly SplitWarning[];
}

/**
 * Counts common rows and compares shape and scale.
 * @param o.force go on, with warnings, where rows are in both or the scales differ
 * @throws ConfigError for rows of different lengths or with values that are not finite, and unless forced for common rows and for inputs in other units
 */
export function checkSplit(members: Rows, nonMembers: Rows, o: { force?: boolean } = {}): SplitCheck {
  const [m, n] = [members.y.length, nonMembers.y.length];
  if (m === 0 || n === 0) {
    throw new ConfigError(
      `split: expected members and non-members, got ${m} and ${n}.`,
      m === 0 ? 'members' : 'nonMembers',
    );
  }
  const [width, other] = [members.x.length / m, nonMembers.x.length / n];
  if (width !== other) {
    throw new ConfigError(
      `split: expected members and non-members of the same shape, got rows of ${width} and of ${other} values. ` +
        'Prepare both as the model was trained.',
      'nonMembers',
    );
  }
  checkFinite('members', members, width);
  checkFinite('nonMembers', nonMembers, width);
  const warnings: SplitWarning[] = [];
  const refuse = (code: SplitWarning['code'], message: string, remedy: string) => {
    if (!o.force) throw new ConfigError(`split: ${message} ${remedy}`, 'nonMembers');
    warnings.push({ code, message });
  };
  const scales = compareScales(members, nonMembers, width);
  if (scales?.most) refuse('scaling', scales.message, 'Prepare both as the model was trained, or use force.');
  else if (scales) warnings.push({ code: 'scaling', message: scales.message });
  const { count, first } = commonRows(members.x, nonMembers.x, width, n);
  if (first) {
    refuse(
      'overlap',
      `${count} of ${n} non-members have the input of a member, the first being non-member ${first.nonMember} and ` +
        `member ${first.member}. A record in both is no evidence either way.`,
      'Take them out, or use force.',
    );
  }
  return { overlap: count, warnings };
}

function checkFinite(side: 'members' | 'nonMembers', { x }: Rows, width: number): void {
  const at = x.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new ConfigError(
    `split: expected finite inputs, got ${x[at]} in row ${Math.floor(at / width)}, value ${at % width} of ${side}. ` +
      'Fill missing values in as the model was trained.',
    side,
  );
}

interface Common {
  readonly count: number;
  readonly first: { readonly member: number; readonly nonMember: number } | null;
}

/** Rows of b that are equal, value by value, to a row of a. */
function commonRows(a: Rows['x'], b: Rows['x'], width: number, rows: number): Common {
  const places = new Map<number, number[]>();
  for (let row = 0; row * width < a.length; row++) {
    const hash = hashOf(a, row * width, width);
    const bucket = places.get(hash);
    if (bucket) bucket.push(row);
    else places.set(hash, [row]);
  }
  let count = 0;
  let first: Common['first'] = null;
  for (let row = 0; row < rows; row++) {
    const bucket = places.get(hashOf(b, row * width, width));
    const member = bucket?.find((candidate) => sameRow(a, candidate * width, b, row * width, width));
    if (member === undefined) continue;
    count++;
    first ??= { member, nonMember: row };
  }
  return { count, first };
}

const bits = new Float32Array(1);
const words = new Int32Array(bits.buffer);

// FNV-1a over the values as f32: whatever they are stored as, equal rows have equal hashes; collisions are compared.
function hashOf(x: Rows['x'], start: number, width: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < start + width; i++) {
    bits[0] = x[i]! + 0;
    h = Math.imul(h ^ words[0]!, 0x01000193);
    h ^= h >>> 15;
  }
  return h >>> 0;
}

function sameRow(a: Rows['x'], atA: number, b: Rows['x'], atB: number, width: number): boolean {
  for (let i = 0; i < width; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

// A change of units moves a feature much further than another sample of the same source would: several standard
// deviations, or several times as wide.
const FAR_SHIFT = 3;
const FAR_SPREAD = 4;
/** with fewer rows, standard deviations say little */
const FEWEST = 20;
const NAMED = 5;

/** What differs in scale; `most`: in more than half of the features that vary. null where nothing does. */
function compareScales(members: Rows, nonMembers: Rows, width: number): { message: string; most: boolean } | null {
  if (Math.min(members.y.length, nonMembers.y.length) < FEWEST) return null;
  const [a, b] = [moments(members, width), moments(nonMembers, width)];
  const far: number[] = [];
  let varying = 0;
  for (let j = 0; j < width; j++) {
    const [low, high] = [Math.min(a.std[j]!, b.std[j]!), Math.max(a.std[j]!, b.std[j]!)];
    const shift = Math.abs(a.mean[j]! - b.mean[j]!);
    if (high > 0 || shift > 0) varying++;
    if (shift > FAR_SHIFT * high || (low > 0 && high > FAR_SPREAD * low)) far.push(j);
  }
  if (far.length === 0) return null;
  const show = (j: number) =>
    `value ${j}: ${number(a.mean[j]!)} ± ${number(a.std[j]!)} and ${number(b.mean[j]!)} ± ${number(b.std[j]!)}`;
  const message =
    `members and non-members differ in scale in ${far.length} of ${width} input values (mean ± standard deviation, ` +
    `${far.slice(0, NAMED).map(show).join('; ')}${far.length > NAMED ? '; …' : ''}).`;
  return { message, most: far.length > varying / 2 };
}

const number = (x: number) => String(+x.toPrecision(3));

function moments({ x, y }: Rows, width: number): { mean: Float64Array; std: Float64Array } {
  const mean = new Float64Array(width);
  const std = new Float64Array(width);
  const n = y.length;
  for (let i = 0, j = 0; i < x.length; i++, j = j + 1 === width ? 0 : j + 1) mean[j]! += x[i]! / n;
  for (let i = 0, j = 0; i < x.length; i++, j = j + 1 === width ? 0 : j + 1) std[j]! += (x[i]! - mean[j]!) ** 2 / n;
  for (let j = 0; j < width; j++) {
    // what is no more than the rounding of the mean is a constant feature
    const sd = Math.sqrt(std[j]!);
    std[j] = sd > n * Number.EPSILON * Math.abs(mean[j]!) ? sd : 0;
  }
  return { mean, std };
}
