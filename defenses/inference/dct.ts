/**
 * The discrete cosine transform of 8 x 8 blocks, orthonormal:
 *
 *   F(u, v) = C(u) C(v) / 4 sum_{x, y} f(x, y) cos((2x + 1) u pi / 16) cos((2y + 1) v pi / 16),   C(0) = 1 / sqrt 2, else 1
 *
 * Source: ITU-T T.81 (1992), A.3.3.
 */
export const BLOCK = 8;

/** cos(k pi / 16), k = 0 .. 8, written out: Math.cos differs between engines. */
const COSINES = [
  1,
  0.9807852804032304,
  0.9238795325112867,
  0.8314696123025452,
  Math.SQRT1_2,
  0.5555702330196022,
  0.3826834323650898,
  0.19509032201612828,
  0,
];

/** cos(k pi / 16) for any whole k >= 0. */
function cosine(k: number): number {
  const turn = k % 32;
  const half = turn <= 16 ? turn : 32 - turn;
  return half <= 8 ? COSINES[half]! : -COSINES[16 - half]!;
}

/** [u, x]: row u of the transform. */
const BASIS = Float64Array.from({ length: BLOCK * BLOCK }, (_, i) => {
  const [u, x] = [Math.floor(i / BLOCK), i % BLOCK];
  return (cosine((2 * x + 1) * u) * (u === 0 ? COSINES[4]! : 1)) / 2;
});

/** B f B^T, or B^T F B back. */
function product(block: Float64Array, entry: (row: number, k: number) => number): Float64Array {
  const half = new Float64Array(BLOCK * BLOCK);
  const out = new Float64Array(BLOCK * BLOCK);
  for (let i = 0; i < BLOCK; i++)
    for (let j = 0; j < BLOCK; j++)
      for (let k = 0; k < BLOCK; k++) half[i * BLOCK + j]! += entry(i, k) * block[k * BLOCK + j]!;
  for (let i = 0; i < BLOCK; i++)
    for (let j = 0; j < BLOCK; j++)
      for (let k = 0; k < BLOCK; k++) out[i * BLOCK + j]! += half[i * BLOCK + k]! * entry(j, k);
  return out;
}

export const dct = (block: Float64Array): Float64Array => product(block, (u, x) => BASIS[u * BLOCK + x]!);
export const inverseDct = (block: Float64Array): Float64Array => product(block, (x, u) => BASIS[u * BLOCK + x]!);
