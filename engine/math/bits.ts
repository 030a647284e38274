/** The bits of an f64, for exact powers of two: the only way in which these functions look inside a number. */

let view: DataView | undefined;
const scratch = (): DataView => (view ??= new DataView(new ArrayBuffer(8)));

/** The upper 32 bits of x: sign, 11 exponent bits, 20 mantissa bits. */
export function highWord(x: number): number {
  const v = scratch();
  v.setFloat64(0, x);
  return v.getInt32(0);
}

/** x with its upper 32 bits replaced. */
export function withHighWord(x: number, high: number): number {
  const v = scratch();
  v.setFloat64(0, x);
  v.setInt32(0, high);
  return v.getFloat64(0);
}

/** 2^k for -1022 <= k <= 1023: a one in the mantissa's place and k in the exponent's. */
export function powerOfTwo(k: number): number {
  const v = scratch();
  v.setInt32(0, (k + 1023) << 20);
  v.setInt32(4, 0);
  return v.getFloat64(0);
}
