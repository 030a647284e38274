// y = a op b over four dimensions. y is contiguous [n0,n1,n2,n3]; aI and bI are element strides of a and b, 0 where an
// operand is repeated (broadcast).
import { loadTail, storeTail } from './lanes';

function broadcast<Op>(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  if (n0 === 0 || n1 === 0 || n2 === 0 || n3 === 0) return;
  // Fold dimension 2 into 3 while both operands step evenly across the border: the row gets as long as it can.
  for (let k = 0; k < 3; k++) {
    if (n3 === 1) {
      a3 = a2;
      b3 = b2;
    } else if (n2 !== 1 && (a2 !== a3 * n3 || b2 !== b3 * n3)) {
      break;
    }
    n3 *= n2;
    n2 = n1;
    a2 = a1;
    b2 = b1;
    n1 = n0;
    a1 = a0;
    b1 = b0;
    n0 = 1;
    a0 = 0;
    b0 = 0;
  }
  // Rows: (1,1), (1,0) and (0,1) are what contiguous operands and per-row or per-column vectors come down to; any other
  // stride goes element by element through the same operation, so the bits are the same.
  const op = changetype<Op>(0);
  const zero = f32x4.splat(0);
  const end = (<usize>(n3 & ~3)) << 2;
  const r = n3 & 3;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      let pa = a + ((<usize>(i0 * a0 + i1 * a1)) << 2);
      let pb = b + ((<usize>(i0 * b0 + i1 * b1)) << 2);
      for (let i2 = 0; i2 < n2; i2++) {
        if (a3 === 1 && b3 === 1) {
          for (let o: usize = 0; o < end; o += 16) v128.store(y + o, op.apply(v128.load(pa + o), v128.load(pb + o)));
          if (r) storeTail(y + end, op.apply(loadTail(pa + end, r, zero), loadTail(pb + end, r, zero)), r);
        } else if (a3 === 1 && b3 === 0) {
          const vb = v128.load_splat<f32>(pb);
          for (let o: usize = 0; o < end; o += 16) v128.store(y + o, op.apply(v128.load(pa + o), vb));
          if (r) storeTail(y + end, op.apply(loadTail(pa + end, r, zero), vb), r);
        } else if (a3 === 0 && b3 === 1) {
          const va = v128.load_splat<f32>(pa);
          for (let o: usize = 0; o < end; o += 16) v128.store(y + o, op.apply(va, v128.load(pb + o)));
          if (r) storeTail(y + end, op.apply(va, loadTail(pb + end, r, zero)), r);
        } else {
          for (let i3 = 0; i3 < n3; i3++) {
            const va = v128.load_splat<f32>(pa + ((<usize>(i3 * a3)) << 2));
            const vb = v128.load_splat<f32>(pb + ((<usize>(i3 * b3)) << 2));
            v128.store_lane<f32>(y + ((<usize>i3) << 2), op.apply(va, vb), 0);
          }
        }
        pa += (<usize>a2) << 2;
        pb += (<usize>b2) << 2;
        y += (<usize>n3) << 2;
      }
    }
  }
}

@unmanaged
class Add {
  apply(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}
@unmanaged
class Sub {
  apply(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}
@unmanaged
class Mul {
  apply(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}
@unmanaged
class Div {
  apply(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}
@unmanaged
class Maximum {
  apply(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}
@unmanaged
class Minimum {
  apply(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

/** y = a + b. */
export function add_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Add>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = a - b. */
export function sub_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Sub>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = a b. */
export function mul_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Mul>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = a / b. */
export function div_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Div>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = max(a, b); NaN when either is NaN. */
export function maximum_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Maximum>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = min(a, b); NaN when either is NaN. */
export function minimum_f32(
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  broadcast<Minimum>(a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
