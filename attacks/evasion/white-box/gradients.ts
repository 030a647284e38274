/** Gradients as they come, and what of them can be followed. */

/** What can be followed of a gradient: nothing of numbers that stay as they are, nothing that is not finite. */
export function usable(
  from: Float32Array,
  at: number,
  fixed: Uint8Array,
  to: Float32Array | Float64Array,
  place: number,
): void {
  for (let j = 0; j < fixed.length; j++) {
    const value = from[at + j]!;
    to[place + j] = fixed[j] || !Number.isFinite(value) ? 0 : value;
  }
}
