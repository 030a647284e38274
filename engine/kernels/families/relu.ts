import { defineKernel, input, output } from '../family.ts';

export const relu = defineKernel({
  name: 'relu',
  about: 'y[i] = max(x[i], 0)',
  reference(x: Float64Array, y: Float64Array, n: number) {
    for (let i = 0; i < n; i++) y[i] = Math.max(x[i]!, 0);
  },
  problems: [
    { name: 'n0', args: [input(0), output(0), 0] },
    { name: 'n1', args: [input(1), output(1), 1] },
    { name: 'n17', args: [input(17), output(17), 17] },
    { name: '256x1000', args: [input(256000), output(256000), 256000], bytes: 2048000, bench: true },
  ],
  tolerance: () => ({ abs: 0, rel: 0 }),
});
