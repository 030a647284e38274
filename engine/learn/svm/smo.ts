/**
 * The dual problem of a support vector classifier, by sequential minimal optimisation with second-order working sets.
 *
 *   min  1/2 sum_ij a_i s_i a_j s_j K_ij - sum_i a_i   with  0 <= a_i <= C_i,  sum_i s_i a_i = 0,  s_i = -1 or 1
 *
 * With F_t = sum_j s_j a_j K_jt - s_t, a solution is optimal when min F over "up" (s_t a_t can grow) is not below max F over
 * "low" (it can shrink). Each step takes i with the least F in up, j in low with the largest decrease (F_j - F_i)^2 / q_ij,
 * q_ij = K_ii + K_jj - 2 K_ij, and moves s_i a_i up and s_j a_j down by the same amount.
 *
 * F is kept twice, as U (infinite where t is not in up) and L (minus infinite where not in low): an infinity stays one when
 * numbers are added to it, so the loops need no branches for bounds.
 *
 * Fan, Chen, Lin 2005, Working set selection using second order information, WSS 2; shrinking: Chang, Lin 2011, LIBSVM,
 * section 5.1. Unlike there, a row set aside remembers the coefficients of that moment, so that its F is brought up to date
 * from those that have changed since.
 */
import { NumericError } from '../../errors.ts';
import { cacheNumbers, RowCache, SLICE } from './cache.ts';
import { type KernelRows, range, rounded, TINY, type Workspace } from './rows.ts';

export interface SmoProblem {
  readonly rows: KernelRows;
  /** of workspaceNumbers(n, cacheBytes) */
  readonly workspace: Workspace;
  /** -1 or 1 [n] */
  readonly sign: Float64Array;
  /** C_i [n] */
  readonly bound: Float64Array;
  readonly tolerance: number;
  readonly iterations: number;
  readonly cacheBytes: number;
  readonly shrinking: boolean;
}

export interface SmoSolution {
  /** a [n] */
  readonly alpha: Float64Array;
  /** the decision is sum_j s_j a_j K(x_j, x) - rho */
  readonly rho: number;
  readonly objective: number;
  readonly iterations: number;
  /** max F over low - min F over up, where that is positive */
  readonly violation: number;
}

export interface SmoProgress {
  readonly iterations: number;
  readonly violation: number;
}

/** Steps between two looks for rows to set aside. */
const SHRINK_EVERY = 1000;
/** Fewer than this part of the rows are not worth the bookkeeping. */
const WORTH_SHRINKING = 0.1;

/** What the solver needs of a workspace: the cache, and vectors of n. */
export const workspaceNumbers = (n: number, cacheBytes: number) => cacheNumbers(n, cacheBytes) + 8 * rounded(n);

/** Rows set aside, with their F and all coefficients as they were then. */
interface SetAside {
  readonly ids: Int32Array;
  readonly f: Float64Array;
  readonly alpha: Float64Array;
}

const overflow = () =>
  new NumericError('svm: kernel values left the finite range. Scale the features, or lower the degree.', 0);

class Smo {
  readonly p: SmoProblem;
  readonly cache: RowCache;
  readonly alpha: Float64Array;
  /** the rows that take part: ids[t], and their U, L and K(i, i); behind the end nothing can be chosen */
  ids: Int32Array;
  readonly u: Float64Array;
  readonly l: Float64Array;
  readonly diagonal: Float64Array;
  readonly zeros: Float64Array;
  readonly spare: Float64Array;
  aside: SetAside[] = [];
  /** where U is least, and by how much the largest L exceeds it */
  i = 0;
  violation = Infinity;

  constructor(p: SmoProblem) {
    const { rows, sign, workspace } = p;
    const { n } = rows;
    this.p = p;
    workspace.reset();
    [this.u, this.l, this.diagonal] = [workspace.vector(n), workspace.vector(n), workspace.vector(n)];
    this.zeros = workspace.vector(n).fill(0);
    this.spare = workspace.vector(n);
    this.cache = new RowCache(rows, workspace, p.cacheBytes);
    this.alpha = new Float64Array(n);
    this.ids = range(n);
    this.begin(sign.map((s) => -s));
  }

  /** All rows take part, with these F. */
  begin(f: Float64Array): void {
    this.ids = range(f.length);
    this.diagonal.set(this.p.rows.diagonal);
    for (const t of this.ids.keys()) this.place(t, f[t]!);
    this.look();
  }

  f(t: number): number {
    return this.u[t]! < Infinity ? this.u[t]! : this.l[t]!;
  }

  /** Sets U and L of a row from F and its coefficient. */
  place(t: number, f: number): void {
    const id = this.ids[t]!;
    const atUpper = this.alpha[id] === this.p.bound[id];
    const atLower = this.alpha[id] === 0;
    const positive = this.p.sign[id]! > 0;
    this.u[t] = (positive ? atUpper : atLower) ? Infinity : f;
    this.l[t] = (positive ? atLower : atUpper) ? -Infinity : f;
  }

  look(): void {
    this.u.fill(Infinity, this.ids.length);
    this.l.fill(-Infinity, this.ids.length);
    this.advance(this.zeros, this.zeros, 0);
  }

  /** F += step (a - b). */
  advance(a: Float64Array, b: Float64Array, step: number): void {
    const { workspace } = this.p;
    this.i = workspace.advance(this.u, this.l, a, b, this.ids.length, step);
    this.violation = workspace.found.largest - workspace.found.least;
  }

  step(): void {
    const { ids, alpha, u, l, i } = this;
    const { sign, bound } = this.p;
    const id = ids[i]!;
    const row = this.cache.get(id);
    const f = u[i]!;
    const j = this.p.workspace.partner(l, row, this.diagonal, ids.length, f, this.diagonal[i]!);
    if (j < 0) throw overflow();
    const jd = ids[j]!;
    const other = this.cache.get(jd);
    const fj = l[j]!;
    const roomI = sign[id]! > 0 ? bound[id]! - alpha[id]! : alpha[id]!;
    const roomJ = sign[jd]! > 0 ? alpha[jd]! : bound[jd]! - alpha[jd]!;
    const q = this.diagonal[i]! + this.diagonal[j]! - 2 * row[j]!;
    const step = Math.min((fj - f) / (q > 0 ? q : TINY), roomI, roomJ);
    alpha[id] = moved(alpha[id]!, sign[id]! * step, bound[id]!, step === roomI);
    alpha[jd] = moved(alpha[jd]!, -sign[jd]! * step, bound[jd]!, step === roomJ);
    this.place(i, f);
    this.place(j, fj);
    this.advance(row, other, step);
  }

  /** Sets aside the rows at a bound that they would only press harder against, if there are enough of them. */
  *shrink(): Generator<void> {
    const { u, l, ids } = this;
    const least = u[this.i]!;
    const largest = least + this.violation;
    const stays = (t: number) => (l[t] === -Infinity ? u[t]! <= largest : u[t] !== Infinity || l[t]! >= least);
    const keep = range(ids.length).filter(stays);
    if (keep.length > (1 - WORTH_SHRINKING) * ids.length) return;
    const gone = range(ids.length).filter((t) => !stays(t));
    this.aside.push({
      ids: gone.map((t) => ids[t]!),
      f: Float64Array.from(gone, (t) => this.f(t)),
      alpha: this.alpha.slice(),
    });
    this.ids = keep.map((t) => ids[t]!);
    for (const v of [u, l, this.diagonal]) for (const [to, t] of keep.entries()) v[to] = v[t]!;
    yield* this.cache.narrow(keep, this.ids);
    this.look();
  }

  /** Brings back all rows that were set aside, with their F of now. */
  *widen(): Generator<void> {
    const { rows, sign } = this.p;
    const f = new Float64Array(rows.n);
    for (const [t, id] of this.ids.entries()) f[id] = this.f(t);
    const row = this.spare;
    let work = 0;
    for (const { ids, f: then, alpha } of this.aside) {
      rows.restrict(ids);
      for (let k = 0; k < rows.n; k++) {
        const change = sign[k]! * (this.alpha[k]! - alpha[k]!);
        if (change === 0) continue;
        rows.row(k, row);
        for (let t = 0; t < ids.length; t++) then[t]! += change * row[t]!;
        work += ids.length * rows.cost;
        if (work < SLICE) continue;
        work = 0;
        yield;
      }
      for (const [t, id] of ids.entries()) f[id] = then[t]!;
    }
    this.aside = [];
    this.cache.widen();
    this.begin(f);
  }

  /** F of the rows between their bounds, which is 0 off rho; where there are none, the middle of what is allowed. */
  rho(): number {
    let [sum, free, least, largest] = [0, 0, Infinity, -Infinity];
    for (let t = 0; t < this.ids.length; t++) {
      if (this.u[t] === this.l[t]) {
        sum += this.u[t]!;
        free++;
      }
      least = Math.min(least, this.u[t]!);
      largest = Math.max(largest, this.l[t]!);
    }
    return free > 0 ? sum / free : (least + largest) / 2;
  }

  solution(iterations: number): SmoSolution {
    const { alpha } = this;
    const { sign } = this.p;
    let twice = 0;
    for (let t = 0; t < alpha.length; t++) twice += alpha[t]! * (sign[t]! * this.f(t) - 1);
    if (!Number.isFinite(twice)) throw overflow();
    return { alpha, rho: this.rho(), objective: twice / 2, iterations, violation: Math.max(0, this.violation) };
  }
}

/** Exactly at the bound where the step ends there: what is at a bound is told from what is not by its value. */
function moved(alpha: number, by: number, bound: number, ends: boolean): number {
  if (ends) return by > 0 ? bound : 0;
  return Math.min(bound, Math.max(0, alpha + by));
}

/** Yields every few milliseconds. The solution's violation is below the tolerance unless the iterations ran out. */
export function* smo(p: SmoProblem): Generator<SmoProgress, SmoSolution> {
  const s = new Smo(p);
  const { n } = p.rows;
  const every = Math.min(n, SHRINK_EVERY);
  let iterations = 0;
  let untilShrink = every;
  let widened = false;
  let work = 0;
  const progress = () => ({ iterations, violation: s.violation });
  function* during(slices: Generator<void>) {
    for (const _ of slices) yield progress();
  }
  for (;;) {
    if (s.violation < p.tolerance || iterations >= p.iterations) {
      if (s.ids.length === n) return s.solution(iterations);
      yield* during(s.widen());
      untilShrink = every;
      continue;
    }
    if (p.shrinking && untilShrink-- === 0) {
      untilShrink = every;
      // once near the end, in case that rows were set aside too early
      if (!widened && s.violation < 10 * p.tolerance) {
        widened = true;
        if (s.ids.length < n) yield* during(s.widen());
      }
      yield* during(s.shrink());
    }
    s.step();
    iterations++;
    work += 4 * s.ids.length + s.cache.takeWork();
    if (work >= SLICE) {
      work = 0;
      yield progress();
    }
  }
}
