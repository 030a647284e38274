// The two passes over all rows of a step of sequential minimal optimisation (engine/learn/svm/smo.ts), on two lanes each. Both
// find what plain loops find: the first of equals. n is rounded up to two: what is behind the end is infinite.

// biome-ignore lint/complexity/noStaticOnlyClass: methods may be decorated, functions may not
class Lanes {
  @inline
  static first(v: v128): f64 {
    return f64x2.extract_lane(v, 0);
  }
  @inline
  static second(v: v128): f64 {
    return f64x2.extract_lane(v, 1);
  }
}

/** The place of the largest (l - f)^2 / q among l > f, q = kii + diagonal - 2 row or `tiny` where that is not above 0; -1: none. */
export function partner_f64(l: usize, row: usize, diagonal: usize, n: i32, f: f64, kii: f64, tiny: f64): i32 {
  const zero = f64x2.splat(0);
  const two = f64x2.splat(2);
  const ff = f64x2.splat(f);
  const kk = f64x2.splat(kii);
  const tt = f64x2.splat(tiny);
  let place = f64x2.replace_lane(zero, 1, 1);
  let best = zero;
  let at = f64x2.splat(-1);
  for (let o: usize = 0, end = (<usize>n) << 3; o < end; o += 16) {
    const b = f64x2.sub(v128.load(l + o), ff);
    const q = f64x2.sub(f64x2.add(kk, v128.load(diagonal + o)), f64x2.mul(two, v128.load(row + o)));
    const ratio = f64x2.div(f64x2.mul(b, b), v128.bitselect(q, tt, f64x2.gt(q, zero)));
    const better = v128.and(f64x2.gt(b, zero), f64x2.gt(ratio, best));
    best = v128.bitselect(ratio, best, better);
    at = v128.bitselect(place, at, better);
    place = f64x2.add(place, two);
  }
  const second =
    Lanes.second(best) > Lanes.first(best) ||
    (Lanes.second(best) === Lanes.first(best) && Lanes.second(at) < Lanes.first(at));
  return <i32>(second ? Lanes.second(at) : Lanes.first(at));
}

/** u += step (a - b) and l likewise; the place of the least u. The least u and the largest l go to `found`. */
export function advance_f64(u: usize, l: usize, a: usize, b: usize, n: i32, step: f64, found: usize): i32 {
  const two = f64x2.splat(2);
  const ss = f64x2.splat(step);
  let place = f64x2.replace_lane(f64x2.splat(0), 1, 1);
  let least = f64x2.splat(Infinity);
  let at = f64x2.splat(0);
  let largest = f64x2.splat(-Infinity);
  for (let o: usize = 0, end = (<usize>n) << 3; o < end; o += 16) {
    const move = f64x2.mul(ss, f64x2.sub(v128.load(a + o), v128.load(b + o)));
    const x = f64x2.add(v128.load(u + o), move);
    const y = f64x2.add(v128.load(l + o), move);
    v128.store(u + o, x);
    v128.store(l + o, y);
    const less = f64x2.lt(x, least);
    least = v128.bitselect(x, least, less);
    at = v128.bitselect(place, at, less);
    largest = f64x2.pmax(largest, y);
    place = f64x2.add(place, two);
  }
  const second =
    Lanes.second(least) < Lanes.first(least) ||
    (Lanes.second(least) === Lanes.first(least) && Lanes.second(at) < Lanes.first(at));
  store<f64>(found, second ? Lanes.second(least) : Lanes.first(least));
  store<f64>(found, max(Lanes.first(largest), Lanes.second(largest)), 8);
  return <i32>(second ? Lanes.second(at) : Lanes.first(at));
}
