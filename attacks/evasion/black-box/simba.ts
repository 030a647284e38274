/**
 * The simple black-box attack: along directions of an orthonormal basis in random order, up or down, whatever raises the loss:
 *
 *   q of the basis, without replacement;  x = x + e q, or x - e q, where -log p_y rises (targeted: log p_t)
 *
 * Numbers of the input themselves, or waves of low frequency. Inputs with categories: a category is turned on, the rest of its group
 * off.
 *
 * Source: Guo, Gardner, You, Wilson, Weinberger 2019, Simple black-box adversarial attacks (ICML), algorithm 1 and section 3.3.
 */
import { Pacer } from '../../../engine/index.ts';
import { defineEvasionAttack } from '../define-evasion.ts';
import { losses } from '../losses.ts';
import type { Row } from '../norms.ts';
import { type InputSpace, project, settle } from '../space.ts';
import { cosineBasis } from './cosines.ts';
import { askScores, type ScoreQuestions } from './scores.ts';

/** Moves a row along direction k of a basis. @param by 1 or -1 */
type Move = (k: number, by: number, row: Row) => void;

export const simba = defineEvasionAttack({
  name: 'simba',
  title: 'SimBA (simple black-box attack)',
  paper: 'Guo, Gardner, You, Wilson, Weinberger 2019, Simple Black-box Adversarial Attacks, ICML, algorithm 1',
  threat: { access: 'probabilities', knowledge: ['training-distribution'], goal: 'evasion' },
  options: {
    queries: { about: 'questions about each row', kind: 'whole', default: 2000, min: 2, max: 1e7 },
    step: { about: "size of a step, of each number's range", default: 0.2, min: 1e-6, max: 1 },
    dct: { about: 'steps along waves instead of single numbers: 1 or 0', kind: 'switch', default: 0, min: 0, max: 1 },
    share: {
      about: 'of the frequencies of each axis, the lowest, that are waves to step along',
      default: 0.5,
      min: 0.01,
      max: 1,
    },
  },
  norms: ['l2', 'linf'],
  seeks: 'within',
  targeted: true,
  family: 'score-based',
  canary: { norm: 'l2', epsilon: 1.5, below: 0.1, options: { queries: 500 } },
  async run({ target, options, ...task }) {
    const { x, y, targets, space, norm, epsilon, best, rng, signal } = task;
    const { width } = space;
    const questions: ScoreQuestions = { target, loss: losses.crossEntropy, y, targets, width, signal };
    const pacer = new Pacer(signal);
    const { size, move } =
      options.dct === 1
        ? waves(space, cosineBasis(target.inputShape, options.share), options.step)
        : numbers(space, options.step);
    const own = (i: number) => best.subarray(i * width, (i + 1) * width);
    const start = await askScores(
      questions,
      y.length,
      (i) => i,
      (i, into, at) => into.set(own(i), at),
    );
    const highest = start.losses;
    const asked = new Int32Array(y.length).fill(1);
    let open = Int32Array.from(y.keys()).filter((i) => !start.won[i]);
    if (size === 0) return;
    /** 1: some direction of the pass led on */
    const changed = new Uint8Array(y.length);
    const orders = new Map<number, Int32Array>();
    for (let step = 0; ; step++) {
      open = open.filter((i) => asked[i]! < options.queries);
      if (open.length === 0) return;
      const [pass, place] = [Math.floor(step / size), step % size];
      if (place === 0) for (const i of open) orders.set(i, rng.split(`row ${i} pass ${pass}`).permutation(size));
      let trying = open;
      for (const by of [1, -1]) {
        const candidates = new Float32Array(trying.length * width);
        for (const [k, i] of trying.entries()) {
          const row = { values: candidates, at: k * width };
          candidates.set(own(i), row.at);
          move(orders.get(i)![place]!, by, row);
          const fit = space.discrete.includes(1) ? settle : project;
          fit(space, norm, epsilon, row, { values: x, at: i * width });
        }
        // what the ball or the bounds leave as it was need not be asked about
        const moved = Int32Array.from(trying.keys()).filter((k) => {
          const row = own(trying[k]!);
          return row.some((value, j) => value !== candidates[k * width + j]);
        });
        const now = await askScores(
          questions,
          moved.length,
          (m) => trying[moved[m]!]!,
          (m, into, at) => into.set(candidates.subarray(moved[m]! * width, (moved[m]! + 1) * width), at),
        );
        const settled = new Set<number>();
        for (const [m, k] of moved.entries()) {
          const i = trying[k]!;
          asked[i]!++;
          if (!(now.losses[m]! > highest[i]!) && !now.won[m]) continue;
          highest[i] = now.losses[m]!;
          own(i).set(candidates.subarray(k * width, (k + 1) * width));
          settled.add(i);
          changed[i] = 1;
          if (now.won[m]) open = open.filter((other) => other !== i);
        }
        trying = trying.filter((i) => !settled.has(i) && asked[i]! < options.queries);
      }
      task.onProgress?.(Math.min(1, (2 * step) / options.queries));
      // after a pass that changed nothing, neither will the next
      if (place === size - 1) {
        open = open.filter((i) => changed[i]!);
        changed.fill(0);
      }
      await pacer.breathe();
    }
  },
});

/** Single numbers that can change; those of a group of categories on or off. */
function numbers(space: InputSpace, step: number): { readonly size: number; readonly move: Move } {
  const { width, low, high, fixed, discrete, groups } = space;
  const free = Array.from({ length: width }, (_, j) => j).filter((j) => !fixed[j]);
  const groupOf = (j: number) => groups.find(({ at, width: size }) => j >= at && j < at + size);
  const move: Move = (k, by, { values, at }) => {
    const j = free[k]!;
    const group = groupOf(j);
    if (group) {
      if (by < 0) return;
      for (let g = group.at; g < group.at + group.width; g++) values[at + g] = g === j ? high[g]! : low[g]!;
    } else if (discrete[j]) values[at + j] = by > 0 ? high[j]! : low[j]!;
    else values[at + j]! += by * step * (high[j]! - low[j]!);
  };
  return { size: free.length, move };
}

function waves({ width, low, high }: InputSpace, basis: ReturnType<typeof cosineBasis>, step: number) {
  const wave = new Float64Array(width);
  const move: Move = (k, by, { values, at }) => {
    basis.write(k, wave);
    for (let j = 0; j < width; j++) values[at + j]! += by * step * wave[j]! * (high[j]! - low[j]!);
  };
  return { size: basis.size, move };
}
