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

/**
 * Takes over what can be followed of the gradients of some rows, from row k on, and their squared lengths, and counts the rows whose
 * gradients say nothing: all zero, or not finite somewhere.
 */
export function takeGradients(
  from: Float32Array,
  to: Float32Array,
  squares: Float64Array,
  k: number,
  fixed: Uint8Array,
  silent: { zero: number; broken: number },
): void {
  const width = fixed.length;
  const locked = fixed.includes(1);
  for (let at = 0, row = k; at < from.length; at += width, row++) {
    const place = row * width;
    let [size, square] = [0, 0];
    for (let j = 0; j < width; j++) {
      const value = from[at + j]!;
      to[place + j] = value;
      size += Math.abs(value);
      square += value * value;
    }
    const whole = Number.isFinite(size);
    if (size === 0) silent.zero++;
    if (!whole) silent.broken++;
    if (!whole || locked) {
      usable(from, at, fixed, to, place);
      square = 0;
      for (let j = place; j < place + width; j++) square += to[j]! * to[j]!;
    }
    squares[row] = square;
  }
}
