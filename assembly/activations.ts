// Activations whose slope is a function of the result: y = f(x), and dx = g f'(x) from g = dy and y.
import { F32x4 } from './math';

// pmax(x, 0) is one x86 instruction where max is several, and keeps a NaN in x.
@unmanaged
export class Relu {
  @inline
  apply(x: v128): v128 {
    return f32x4.pmax(x, f32x4.splat(0));
  }
  @inline
  back(g: v128, y: v128): v128 {
    return v128.and(g, f32x4.gt(y, f32x4.splat(0)));
  }
}

@unmanaged
export class Tanh {
  @inline
  apply(x: v128): v128 {
    return F32x4.tanh(x);
  }
  // (1 - y)(1 + y), since 1 - y^2 cancels near 1.
  @inline
  back(g: v128, y: v128): v128 {
    const one = f32x4.splat(1);
    return f32x4.mul(g, f32x4.mul(f32x4.sub(one, y), f32x4.add(one, y)));
  }
}

@unmanaged
export class Sigmoid {
  @inline
  apply(x: v128): v128 {
    return F32x4.sigmoid(x);
  }
  @inline
  back(g: v128, y: v128): v128 {
    return f32x4.mul(g, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
  }
}

@unmanaged
export class Identity {
  @inline
  apply(x: v128): v128 {
    return x;
  }
  @inline
  back(g: v128, _y: v128): v128 {
    return g;
  }
}
