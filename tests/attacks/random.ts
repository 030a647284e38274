/** A seeded generator for statistical tests: xoshiro128** (Blackman and Vigna 2018) and normal deviates. */
import type { MetricRng } from '../../attacks/metrics/index.ts';

export interface TestRng extends MetricRng {
  normal(): number;
  /** [n] independent N(mean, 1) */
  normals(n: number, mean?: number): Float64Array;
}

export function testRng(seed: number): TestRng {
  // splitmix32 spreads one seed over the state
  let z = seed >>> 0;
  const next = () => {
    z = (z + 0x9e3779b9) >>> 0;
    let x = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return x ^ (x >>> 15);
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const uint32 = () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
  const uniform = () => uint32() / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uint32, uniform, normal, normals: (n, mean = 0) => Float64Array.from({ length: n }, () => mean + normal()) };
}
