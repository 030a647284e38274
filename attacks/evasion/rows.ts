/** Rows of arrays. */

/** The chosen rows, one after another [rows, width]. */
export function gather<T extends Float32Array | Float64Array>(from: T, rows: Int32Array, width: number): T {
  const out = new (from.constructor as new (n: number) => T)(rows.length * width);
  for (const [k, i] of rows.entries()) out.set(from.subarray(i * width, (i + 1) * width), k * width);
  return out;
}
