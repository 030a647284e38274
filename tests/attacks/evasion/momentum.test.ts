/** Momentum PGD: where a running sum of gradients leads, divided by their sizes and as they are. */
import { boundedSpace, evasionAttacks, runEvasionAttack } from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { linearTarget } from '../../support/evasion.ts';

const test = suite('evasion: momentum');

/** One number, whose loss rises four times as steeply before 0.05 as it falls behind it, and never fools. */
function unevenRidge(asked: number[]): Target<'gradients'> {
  const slope = (x: number) => (x < 0.05 ? 4e-3 : -1e-3);
  const logitsOf = (x: Float32Array | Float64Array) => {
    asked.push(...x);
    return Float64Array.from({ length: 2 * x.length }, (_, at) => (at % 2 === 0 ? 0 : -1));
  };
  return {
    ...linearTarget([[0], [0]], [1, 0]),
    logits: async (x) => logitsOf(x),
    async inputGradients(x, use) {
      const z = logitsOf(x);
      use(z, (cotangent) => Float32Array.from(x, (value, i) => slope(value) * cotangent[2 * i + 1]!), 0);
      return z;
    },
  };
}

test('gradients count alike when divided by their sizes, and the steep ones more as they are: worked out by hand', async () => {
  // sums: 1, 1 - 1, 1 - 1 - 1; and 4, 4 - 1, 4 - 1 - 1
  for (const [normalise, walk] of [
    [1, [0, 0.1, 0.1, 0]],
    [0, [0, 0.1, 0.2, 0.3]],
    [2, [0, 0.1, 0.1, 0]],
  ] as const) {
    const asked: number[] = [];
    await runEvasionAttack(evasionAttacks['mi-fgsm'], {
      target: unevenRidge(asked) as Target<'white-box'>,
      x: Float32Array.of(0),
      y: Int32Array.of(0),
      space: boundedSpace([1], [-1, 1]),
      norm: 'linf',
      epsilon: 0.3,
      rng: Rng.from(1),
      options: { steps: 3, normalise },
    });
    const walked = asked.slice(0, walk.length);
    for (const [step, at] of walk.entries()) assert.ok(Math.abs(walked[step]! - at) < 1e-6, `${normalise}: ${walked}`);
  }
});

test('foolbox sums steps: signs in linf, each number by itself', async () => {
  // the second number's slope turns and is smaller than the first's: by l1 sizes its sum keeps its sign, by signs it is 0
  let asked = 0;
  const gradients = [
    [1, 3],
    [1, -1],
  ];
  const walked: number[][] = [];
  const target = {
    ...linearTarget(
      [
        [0, 0],
        [0, 0],
      ],
      [1, 0],
    ),
    async inputGradients(x: Float32Array, use: (z: Float64Array, back: () => Float32Array, from: number) => void) {
      walked.push([...x]);
      const z = Float64Array.of(1, 0);
      use(z, () => Float32Array.from(gradients[asked++]!), 0);
      return z;
    },
    logits: async (x: Float32Array) => {
      walked.push([...x]);
      return Float64Array.of(1, 0);
    },
  } as unknown as Target<'white-box'>;
  const ends: number[] = [];
  for (const normalise of [1, 2]) {
    asked = 0;
    walked.length = 0;
    await runEvasionAttack(evasionAttacks['mi-fgsm'], {
      target,
      x: Float32Array.of(0, 0),
      y: Int32Array.of(0),
      space: boundedSpace([2], [-1, 1]),
      norm: 'linf',
      epsilon: 0.3,
      rng: Rng.from(1),
      options: { steps: 2, step: 1 / 3, normalise },
    });
    ends.push(walked.at(-1)![1]!);
  }
  // 3/4 - 1/2 > 0: on; 1 - 1 = 0: stays
  assert.ok(Math.abs(ends[0]! - 0.2) < 1e-6 && Math.abs(ends[1]! - 0.1) < 1e-6, `${ends}`);
});
