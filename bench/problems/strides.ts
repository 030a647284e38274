/** What problems over four strided dimensions share. */

export type Dims = readonly [number, number, number, number];

export const count = (n: Dims): number => n[0] * n[1] * n[2] * n[3];

/** One past the last element that these strides reach. */
export const extent = (n: Dims, strides: Dims): number =>
  n.includes(0) ? 0 : 1 + n.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
