/** Kernels that never fall, so that the maximum of a window may be taken before them or after them without changing a bit. */
import { assert, suite } from '../harness.ts';
import { arenas } from './arena.ts';

const asFloats = (words: Int32Array): Float32Array => new Float32Array(words.buffer);
const wordOf = (x: number): number => new Int32Array(new Float32Array([x]).buffer)[0]!;

/** The floats around x, `reach` on each side. */
const around = (x: number, reach: number): Float32Array =>
  asFloats(Int32Array.from({ length: 2 * reach + 1 }, (_, i) => wordOf(x) - reach + i));

// where the kernels change from one formula or one power of two to the next: tanh at 0.625; e^2x and e^x at half-odd
// multiples of ln 2
const borders = [0.625, ...Array.from({ length: 12 }, (_, k) => ((k + 0.5) * Math.LN2) / 2)];

/** Every 1009th float from 2^-14 to 16, and every float near the borders, rising. */
const grid = asFloats(
  Int32Array.from(
    { length: Math.floor((wordOf(16) - wordOf(2 ** -14)) / 1009) },
    (_, i) => wordOf(2 ** -14) + 1009 * i,
  ),
);

for (const arena of arenas) {
  const test = suite(`kernels that never fall, ${arena.build}`);
  for (const name of ['relu', 'tanh']) {
    test(name, () => {
      for (const x of [grid, ...borders.map((b) => around(b, 3000))]) {
        const [up, down] = [
          arena.map(name, x),
          arena.map(
            name,
            x.map((v) => -v),
          ),
        ];
        for (let i = 1; i < x.length; i++) {
          assert.ok(up[i]! >= up[i - 1]! && down[i]! <= down[i - 1]!, `${name} falls at ${x[i]}`);
        }
      }
    });
  }
}
