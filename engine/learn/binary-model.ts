/** What every fitted classifier of two classes can be asked. */
export interface BinaryModel {
  /** above 0: class 1, for a row of features */
  decision(row: ArrayLike<number>): number;
  /** the same for rows x, row-major [n, features] -> [n] */
  decisions(x: Float64Array): Float64Array;
}
