// y[i] = max(x[i], 0). pmax is one x86 instruction where max is several; pmax(x, 0) keeps a NaN in x.
export function relu_f32(x: usize, y: usize, n: i32): void {
  const n4 = n & ~3;
  let i = 0;
  for (; i < n4; i += 4) v128.store(y + (i << 2), f32x4.pmax(v128.load(x + (i << 2)), f32x4.splat(0)));
  for (; i < n; i++) store<f32>(y + (i << 2), max(load<f32>(x + (i << 2)), 0));
}
