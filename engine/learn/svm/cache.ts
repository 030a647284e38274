/** Kernel rows that were computed before, as many as fit into the given bytes; the one not used for longest goes first. */
import { type KernelRows, range } from './rows.ts';

interface Cached {
  readonly row: Float64Array;
  /** how often columns had been set aside when it was last brought up to date */
  generation: number;
}

export class RowCache {
  readonly #rows: KernelRows;
  readonly #bytes: number;
  readonly #cached = new Map<number, Cached>();
  #used = 0;
  #columns: number;
  /** for each generation, where today's columns are in its rows */
  #places: Int32Array[] = [];
  /** numbers computed or read to make rows, since the solver last asked */
  #work = 0;

  constructor(rows: KernelRows, bytes: number) {
    this.#rows = rows;
    this.#bytes = Math.max(bytes, 16 * rows.n);
    this.#columns = rows.n;
    rows.restrict(range(rows.n));
  }

  takeWork(): number {
    const work = this.#work;
    this.#work = 0;
    return work;
  }

  /** K(i, columns); the row before the last one asked for stays as it is. */
  get(i: number): Float64Array {
    if (this.#rows.whole && this.#places.length === 0) return this.#rows.whole(i);
    const found = this.#cached.get(i);
    if (!found) return this.#compute(i);
    // the order of use matters only where rows have to go
    if (this.#used + 8 * this.#columns > this.#bytes) {
      this.#cached.delete(i);
      this.#cached.set(i, found);
    }
    if (found.generation < this.#places.length) this.#bringUpToDate(found);
    return found.row;
  }

  #bringUpToDate(found: Cached): void {
    const { row } = found;
    const places = this.#places[found.generation]!;
    // places ascend and are never below t: nothing is read after it was overwritten
    for (let t = 0; t < places.length; t++) row[t] = row[places[t]!]!;
    found.generation = this.#places.length;
    this.#work += places.length;
  }

  #compute(i: number): Float64Array {
    const n = this.#columns;
    let row: Float64Array | undefined;
    while (this.#used + 8 * n > this.#bytes) {
      const [oldest, { row: freed }] = this.#cached.entries().next().value!;
      this.#cached.delete(oldest);
      this.#used -= freed.byteLength;
      if (freed.length >= n) {
        row = freed;
        break;
      }
    }
    row ??= new Float64Array(n);
    this.#used += row.byteLength;
    this.#rows.row(i, row);
    this.#cached.set(i, { row, generation: this.#places.length });
    this.#work += n * this.#rows.cost;
    return row;
  }

  /** Rows keep only the columns at these places, ascending; what they are is `columns`. */
  narrow(keep: Int32Array, columns: Int32Array): void {
    for (const [g, places] of this.#places.entries()) this.#places[g] = keep.map((t) => places[t]!);
    this.#places.push(keep);
    this.#columns = columns.length;
    this.#rows.restrict(columns);
  }

  /** Rows have all columns again; those cached do not, and go. */
  widen(): void {
    this.#cached.clear();
    this.#used = 0;
    this.#places = [];
    this.#columns = this.#rows.n;
    this.#rows.restrict(range(this.#rows.n));
  }
}
