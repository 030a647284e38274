/** Shape arithmetic that several ops share: broadcasting, axes, strides and their collapse to the four that kernels loop over. */
import { ShapeError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';

/** The broadcast shape of two operands, aligned at the last axis. @throws ShapeError */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: expected shapes that broadcast (equal or 1 in each axis, from the last), got [${a}] and [${b}].`,
      );
    }
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Strides of an operand read at the positions of `out`: 0 along broadcast axes. */
export function broadcastStrides(shape: Shape, out: Shape): number[] {
  const own = stridesOf(shape);
  const lead = out.length - shape.length;
  return out.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : own[i - lead]!));
}

export const KERNEL_DIMS = 4;

/**
 * Merges neighbouring axes that every operand walks through evenly, and pads to four.
 * @throws ShapeError when more than four axes remain
 */
export function collapse(
  op: string,
  shape: Shape,
  operands: readonly (readonly number[])[],
): { dims: number[]; strides: number[][] } {
  const dims: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [i, n] of shape.entries()) {
    if (n === 1) continue;
    const last = dims.length - 1;
    const even = last >= 0 && operands.every((s, o) => strides[o]![last] === s[i]! * n);
    if (even) {
      dims[last]! *= n;
      for (const [o, s] of operands.entries()) strides[o]![last] = s[i]!;
    } else {
      dims.push(n);
      for (const [o, s] of operands.entries()) strides[o]!.push(s[i]!);
    }
  }
  if (dims.length > KERNEL_DIMS) {
    throw new ShapeError(
      `${op}: expected at most ${KERNEL_DIMS} axes that cannot be merged, got ${dims.length} in [${shape}]. Reshape first.`,
    );
  }
  while (dims.length < KERNEL_DIMS) {
    dims.unshift(1);
    for (const s of strides) s.unshift(0);
  }
  return { dims, strides };
}

/** An axis counted from 0; negative ones count from the end. @throws ShapeError */
export function normaliseAxis(op: string, axis: number, shape: Shape): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= shape.length) {
    throw new ShapeError(
      `${op}: expected an axis from ${-shape.length} to ${shape.length - 1} for shape [${shape}], got ${axis}.`,
    );
  }
  return at;
}

/** Sizes before, at and after an axis. */
export function aroundAxis(shape: Shape, axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

export function expectRank(op: string, name: string, shape: Shape, rank: number, layout: string): void {
  if (shape.length !== rank) throw new ShapeError(`${op}: expected ${name} ${layout}, got [${shape}].`);
}
