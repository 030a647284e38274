/** Rows that Auto-PGD still climbs with, one after another: those that are done leave, and the others close up. */

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

export class Climbers {
  /** how many there are: what is said of each stands in the first places of the arrays */
  count: number;
  /** of the task */
  readonly rows: Int32Array;
  /** class that each is pulled to; null: any other */
  readonly aims: Int32Array | null;
  /** where each is, and where it was a step ago [count, width] */
  points: Float32Array;
  before: Float32Array;
  /** of the loss at the points [count, width], and their squared lengths */
  gradients: Float32Array;
  squares: Float64Array;
  /** of the next step */
  readonly sizes: Float64Array;
  /** losses: at the last point, the highest, and the highest at the last checkpoint */
  readonly last: Float64Array;
  readonly highest: Float64Array;
  readonly highestThen: Float64Array;
  /** steps that climbed since the last checkpoint */
  readonly rises: Int32Array;
  /** 1: the step was halved at the last checkpoint */
  readonly halved: Uint8Array;
  readonly #width: number;
  /** a step ago */
  #gradientsBefore: Float32Array;
  #squaresBefore: Float64Array;
  /** 1: the last point is the best so far, and not copied as long as it is */
  readonly #leads: Uint8Array;
  readonly #bestPoints: Float32Array;
  readonly #bestGradients: Float32Array;
  readonly #bestSquares: Float64Array;
  readonly #all: readonly { readonly values: Numbers; readonly each: number }[];

  constructor(rows: Int32Array, aims: Int32Array | null, points: Float32Array, size: number) {
    const n = rows.length;
    const infinite = () => new Float64Array(n).fill(-Infinity);
    this.count = n;
    this.rows = rows.slice();
    this.aims = aims?.slice() ?? null;
    this.points = points;
    this.before = points.slice();
    this.gradients = new Float32Array(points.length);
    this.squares = new Float64Array(n);
    this.sizes = new Float64Array(n).fill(size);
    this.last = infinite();
    this.highest = infinite();
    this.highestThen = infinite();
    this.rises = new Int32Array(n);
    // as if it had been halved before: the first checkpoint looks at the climbing steps only
    this.halved = new Uint8Array(n).fill(1);
    this.#width = n > 0 ? points.length / n : 0;
    this.#gradientsBefore = new Float32Array(points.length);
    this.#squaresBefore = new Float64Array(n);
    this.#leads = new Uint8Array(n);
    this.#bestPoints = points.slice();
    this.#bestGradients = new Float32Array(points.length);
    this.#bestSquares = new Float64Array(n);
    const whole = [points, this.before, this.gradients, this.#gradientsBefore, this.#bestPoints, this.#bestGradients];
    const lengths = [this.squares, this.#squaresBefore, this.#bestSquares];
    const single = [this.rows, ...lengths, this.sizes, this.last, this.highest, this.highestThen, this.rises];
    this.#all = [
      ...whole.map((values) => ({ values, each: this.#width })),
      ...[...single, this.halved, this.#leads, ...(this.aims ? [this.aims] : [])].map((values) => ({
        values,
        each: 1,
      })),
    ];
  }

  /** Takes down whether its point is the best so far. Where it no longer is, the one before was it, and is kept. */
  judge(k: number, leads: boolean): void {
    if (this.#leads[k] && !leads) {
      const [from, to] = [k * this.#width, (k + 1) * this.#width];
      this.#bestPoints.set(this.before.subarray(from, to), from);
      this.#bestGradients.set(this.#gradientsBefore.subarray(from, to), from);
      this.#bestSquares[k] = this.#squaresBefore[k]!;
    }
    this.#leads[k] = leads ? 1 : 0;
  }

  /** The next points have been written to the places of those before: they are where each is now. */
  advance(): void {
    [this.points, this.before] = [this.before, this.points];
    [this.gradients, this.#gradientsBefore] = [this.#gradientsBefore, this.gradients];
    [this.squares, this.#squaresBefore] = [this.#squaresBefore, this.squares];
  }

  /** Back to its best point. */
  recall(k: number): void {
    if (this.#leads[k]) return;
    const [from, to] = [k * this.#width, (k + 1) * this.#width];
    this.points.set(this.#bestPoints.subarray(from, to), from);
    this.gradients.set(this.#bestGradients.subarray(from, to), from);
    this.squares[k] = this.#bestSquares[k]!;
  }

  /** Only these stay. @param open ascending */
  closeUp(open: readonly number[]): void {
    this.count = open.length;
    for (const [to, from] of open.entries()) {
      if (to === from) continue;
      for (const { values, each } of this.#all) values.copyWithin(to * each, from * each, (from + 1) * each);
    }
  }
}
