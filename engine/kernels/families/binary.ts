/** Broadcast binary operations over four dimensions: y contiguous [n0,n1,n2,n3], a and b by strides (0 = repeated). */
import { defineKernel, type Four, WORD } from '../family.ts';

function binary(name: string, about: string, f: (a: number, b: number) => number) {
  return defineKernel({
    name,
    about,
    reference(
      a: Float64Array,
      b: Float64Array,
      y: Float64Array,
      ...[n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3]: [...n: Four, ...a: Four, ...b: Four]
    ) {
      let k = 0;
      for (let i = 0; i < n0; i++)
        for (let j = 0; j < n1; j++)
          for (let l = 0; l < n2; l++)
            for (let m = 0; m < n3; m++)
              y[k++] = f(a[i * a0 + j * a1 + l * a2 + m * a3]!, b[i * b0 + j * b1 + l * b2 + m * b3]!);
    },
    // along the first dimension that is not 1, since only its parts are contiguous in y
    split(_a, _b, _y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3) {
      const work = 3 * WORD * n0 * n1 * n2 * n3;
      const along = (dimension: number, units: number, aStep: number, bStep: number, yStep: number, grain = 1) => {
        const walks = [[0, aStep] as const, [1, bStep] as const, [2, yStep] as const];
        return { units, size: 3 + dimension, walks, grain, work };
      };
      if (n0 > 1) return along(0, n0, a0, b0, n1 * n2 * n3);
      if (n1 > 1) return along(1, n1, a1, b1, n2 * n3);
      return n2 > 1 ? along(2, n2, a2, b2, n3) : along(3, n3, a3, b3, 1, 16);
    },
  });
}

export const add = binary('add', 'y = a + b, broadcast', (a, b) => a + b);
export const sub = binary('sub', 'y = a - b, broadcast', (a, b) => a - b);
export const mul = binary('mul', 'y = a b, broadcast', (a, b) => a * b);
export const div = binary('div', 'y = a / b, broadcast', (a, b) => a / b);
export const maximum = binary('maximum', 'y = max(a, b), broadcast', Math.max);
export const minimum = binary('minimum', 'y = min(a, b), broadcast', Math.min);
