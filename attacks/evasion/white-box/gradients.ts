/** Gradients as they come, and what of them can be followed. */
import type { MapBack } from '../../target/index.ts';

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

/** The gradients of some rows where they are wanted, also of a target that gives them in an array of its own. */
export function pullBack(back: MapBack, cotangent: Float64Array, into: Float32Array): Float32Array {
  const given = back(cotangent, into);
  if (given !== into) into.set(given);
  return into;
}

/**
 * Leaves of some rows' gradients what can be followed, in place, writes down their squared lengths, and counts the rows whose gradients
 * say nothing: all zero, or not finite somewhere.
 */
export function tidyGradients(
  gradients: Float32Array,
  squares: Float64Array,
  fixed: Uint8Array,
  silent: { zero: number; broken: number },
): void {
  const width = fixed.length;
  const locked = fixed.includes(1);
  for (let at = 0, row = 0; at < gradients.length; at += width, row++) {
    let square = squareOf(gradients, at, width);
    // in f64 the square of an f32 is zero or infinite only where the number is
    const whole = Number.isFinite(square);
    if (square === 0) silent.zero++;
    if (!whole) silent.broken++;
    if (!whole || locked) {
      usable(gradients, at, fixed, gradients, at);
      square = squareOf(gradients, at, width);
    }
    squares[row] = square;
  }
}

function squareOf(values: Float32Array, at: number, width: number): number {
  let sum = 0;
  for (let j = at; j < at + width; j++) {
    const value = values[j]!;
    sum += value * value;
  }
  return sum;
}
