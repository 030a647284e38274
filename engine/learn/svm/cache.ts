/** Kernel rows that were computed before, as many as fit into the given bytes; the one not used for longest goes first. */
import { type KernelRows, range, rounded, type Workspace } from './rows.ts';

/** Numbers handled between two yields: a few milliseconds. */
export const SLICE = 1e6;

/** How many numbers a cache of so many bytes has for n rows: at least two of them, at most all. */
export function cacheNumbers(n: number, bytes: number): number {
  const width = rounded(n);
  return Math.min(n * width, Math.max(2 * width, Math.floor(bytes / 8)));
}

export class RowCache {
  readonly #rows: KernelRows;
  readonly #numbers: Float64Array;
  /** in the order of use, where not all rows fit */
  readonly #cached = new Map<number, Float64Array>();
  /** numbers from one row to the next */
  #width = 0;
  #most = 0;
  /** numbers computed or read to make rows, since the solver last asked */
  #work = 0;

  constructor(rows: KernelRows, workspace: Workspace, bytes: number) {
    this.#rows = rows;
    this.#numbers = workspace.vector(cacheNumbers(rows.n, bytes));
    this.widen();
  }

  takeWork(): number {
    const work = this.#work;
    this.#work = 0;
    return work;
  }

  /** K(i, columns); the row asked for before stays as it is. */
  get(i: number): Float64Array {
    const found = this.#cached.get(i);
    if (found) {
      if (this.#most < this.#rows.n) {
        this.#cached.delete(i);
        this.#cached.set(i, found);
      }
      return found;
    }
    let row: Float64Array;
    if (this.#cached.size < this.#most) row = this.#place(this.#cached.size);
    else {
      const [oldest, freed] = this.#cached.entries().next().value!;
      this.#cached.delete(oldest);
      row = freed;
    }
    this.#rows.row(i, row);
    this.#cached.set(i, row);
    this.#work += this.#width * this.#rows.cost;
    return row;
  }

  #place(slot: number): Float64Array {
    return this.#numbers.subarray(slot * this.#width, (slot + 1) * this.#width);
  }

  #setWidth(columns: number): void {
    this.#width = rounded(columns);
    this.#most = Math.min(this.#rows.n, Math.floor(this.#numbers.length / this.#width));
  }

  /** Rows keep only the columns at these places, ascending; what they are is `columns`. Yields every few milliseconds. */
  *narrow(keep: Int32Array, columns: Int32Array): Generator<void> {
    const start = this.#numbers.byteOffset;
    const old = [...this.#cached].map(([i, row]) => ({ i, slot: (row.byteOffset - start) / (8 * this.#width), row }));
    this.#setWidth(columns.length);
    let moved = 0;
    // from the front, so that nothing is read after it was overwritten
    for (const { i, slot, row } of old.sort((a, b) => a.slot - b.slot)) {
      const to = this.#place(slot);
      for (let t = 0; t < keep.length; t++) to[t] = row[keep[t]!]!;
      this.#cached.set(i, to);
      moved += keep.length;
      if (moved < SLICE) continue;
      moved = 0;
      yield;
    }
    this.#rows.restrict(columns);
  }

  /** Rows have all columns again; those cached do not, and go. */
  widen(): void {
    this.#cached.clear();
    this.#setWidth(this.#rows.n);
    this.#rows.restrict(range(this.#rows.n));
  }
}
