/** What shadow models answered about their own members and non-members: the data that attack models are fitted on. */
import { type Pacer, type Rng, ShapeError } from '../../../engine/index.ts';
import type { ShadowModel } from '../../define-attack.ts';
import { logOdds } from '../../score/index.ts';

/** Answers to records with their labels. */
export interface Outputs {
  readonly classes: number;
  /** row-major [n, classes] */
  readonly probabilities: Float64Array;
  /** true class of each record [n] */
  readonly y: Int32Array;
}

export interface ShadowOutputs extends Outputs {
  /** 1: the shadow model was trained on the record [n] */
  readonly member: Uint8Array;
  /** number of the shadow model that answered [n] */
  readonly shadow: Int32Array;
}

/** The rows of one attack model. */
export interface AttackRows {
  /** row-major [n, features] */
  readonly x: Float64Array;
  readonly member: Uint8Array;
  readonly shadow: Int32Array;
}

/** @throws ShapeError unless there are as many of each */
export function checkOutputs({ classes, probabilities, y, ...marks }: Outputs & Partial<ShadowOutputs>): void {
  const counts = { probabilities: probabilities.length / classes, y: y.length };
  const all = { ...counts, member: marks.member?.length ?? y.length, shadow: marks.shadow?.length ?? y.length };
  if (Object.values(all).every((n) => n === y.length)) return;
  const got = Object.entries(all).map(([name, n]) => `${n} of ${name}`);
  throw new ShapeError(`shadow outputs: expected as many rows of each, got ${got.join(', ')}.`);
}

/** Asks each shadow model about its members and its non-members. */
export async function askShadows(
  shadows: readonly ShadowModel<'probabilities'>[],
  classes: number,
  pacer: Pacer,
): Promise<ShadowOutputs> {
  const parts: ShadowOutputs[] = [];
  for (const [number, { target, members, nonMembers }] of shadows.entries()) {
    for (const [{ x, y }, member] of [
      [members, 1],
      [nonMembers, 0],
    ] as const) {
      const probabilities = await target.probabilities(x);
      const [n, marks] = [y.length, { member: new Uint8Array(y.length).fill(member) }];
      parts.push({ classes, probabilities, y, ...marks, shadow: new Int32Array(n).fill(number) });
      await pacer.breathe();
    }
  }
  const join = <A extends Float64Array | Int32Array | Uint8Array>(out: A, of: (part: ShadowOutputs) => A): A => {
    let at = 0;
    for (const part of parts) {
      out.set(of(part) as never, at);
      at += of(part).length;
    }
    return out;
  };
  const n = parts.reduce((sum, { y }) => sum + y.length, 0);
  return {
    classes,
    probabilities: join(new Float64Array(n * classes), (p) => p.probabilities),
    y: join(new Int32Array(n), (p) => p.y),
    member: join(new Uint8Array(n), (p) => p.member),
    shadow: join(new Int32Array(n), (p) => p.shadow),
  };
}

/** How an attack model sees an answer, as `classes` numbers. */
export interface View {
  /** the log-odds of each class instead of its probability: the differences that a saturated softmax hides */
  readonly logOdds: boolean;
  /** the true class first, then the others from the largest on: what records of different classes have in common */
  readonly trueClassFirst: boolean;
}

/** The features of some records: the prediction vector as published, or a view of it. [rows, classes] */
export function featuresOf({ classes, probabilities, y }: Outputs, rows: ArrayLike<number>, view: View): Float64Array {
  const x = new Float64Array(rows.length * classes);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * classes;
    const answer = probabilities.subarray(from, from + classes);
    const out = x.subarray(i * classes, (i + 1) * classes);
    if (view.logOdds)
      for (let c = 0; c < classes; c++) out[c] = logOdds({ kind: 'probabilities', row: answer, label: c });
    else out.set(answer);
    if (view.trueClassFirst) putFirst(out, y[rows[i]!]!);
  }
  return x;
}

function putFirst(row: Float64Array, label: number): void {
  const own = row[label]!;
  row.copyWithin(1, 0, label);
  row[0] = own;
  row.subarray(1).sort().reverse();
}

/** The records of a class by number; null: all of them. */
export function rowsOf({ y }: Outputs, label: number | null): Int32Array {
  const all = Int32Array.from(y.keys());
  return label === null ? all : all.filter((i) => y[i] === label);
}

/** At most so many rows, the same share of every shadow model's members and of its non-members. */
export function stratifiedSample(
  rows: Int32Array,
  { member, shadow }: ShadowOutputs,
  most: number,
  rng: Rng,
): Int32Array {
  if (rows.length <= most) return rows;
  const order = rng.permutation(rows.length).map((i) => rows[i]!);
  const groups = new Map<number, number[]>();
  for (const row of order) {
    const key = shadow[row]! * 2 + member[row]!;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const chosen = [...groups.values()].flatMap((group) =>
    group.slice(0, Math.max(1, Math.floor((group.length * most) / rows.length))),
  );
  return Int32Array.from(chosen).sort();
}

/**
 * The fold of each row for cross-validation. All rows of a shadow model are in one fold: a record that several of them were
 * asked about would otherwise be fitted on in one fold and judged in another. Of a single shadow model each record is a row
 * once, and its members and non-members are spread over the folds.
 */
export function foldsByShadow({ member, shadow }: Omit<AttackRows, 'x'>, folds: number, rng: Rng): Int32Array {
  const shadows = [...new Set(shadow)].sort((a, b) => a - b);
  if (shadows.length > 1) {
    const order = rng.permutation(shadows.length);
    const dealt = (count: number) => {
      const fold = new Map(shadows.map((s, i) => [s, order[i]! % count]));
      return shadow.map((s) => fold.get(s)!);
    };
    const few = dealt(Math.min(folds, shadows.length));
    // where one fold took every shadow model with members, or with others, each is a fold of its own
    return [0, 1].every((side) => new Set(few.filter((_, i) => member[i] === side)).size > 1)
      ? few
      : dealt(shadows.length);
  }
  const seen = [0, 0];
  const out = new Int32Array(shadow.length);
  for (const i of rng.permutation(shadow.length)) out[i] = seen[member[i]!]!++ % folds;
  return out;
}
