/**
 * An attacker who knows that a detector compares answers before and after squeezing (`squeezingDetector`): it makes the model and its
 * squeezed copies say the same wrong class, all of them surely,
 *
 *   maximise over x' in the ball:  mean over s of log p_t(s(x')),   s = identity, squeezers;  t a wrong class
 *
 * since |p - q|_1 <= 2 (1 - min(p_t, q_t)): where all are sure of t, no distance is left to detect. Squeezers have the identity for a
 * gradient (BPDA). Several t are tried; of those that fool, the x' of the smallest distance is kept.
 *
 * Sources: He, Wei, Chen, Carlini & Song 2017 (WOOT), Adversarial example defenses: ensembles of weak defenses are not strong, section 4,
 * who put the distance into the loss of Carlini and Wagner; BPDA: Athalye, Carlini & Wagner 2018 (ICML).
 */
import { type AttackLoss, ascend, defineEvasionAttack, type EvasionAttack } from '../../attacks/evasion/index.ts';
import { argmaxRows, GRADIENT_ROWS, type GradientTarget, softmaxRows } from '../../attacks/index.ts';
import { type Squeezer, squeezingDistance } from '../../defenses/index.ts';
import { sizeOf } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';

/** Climbed on mean log-probabilities, so that those who are convinced already do not hide those who are not. */
const agreement: AttackLoss = {
  classes: { untargeted: 2, targeted: 2 },
  of(z, _, t, derivative) {
    derivative?.fill(0);
    if (derivative) derivative[t!] = 1;
    return z[t!]!;
  },
};

/** keeps the logarithm of a probability that is 0 in f64 finite */
const LEAST = 1e-300;

/** Mean log-probabilities of the model and of the model behind each squeezer, as the logits of one target. */
export function squeezedMean(
  target: GradientTarget,
  squeezers: readonly Squeezer[],
): Pick<GradientTarget, 'classes' | 'logits' | 'inputGradients'> {
  const { classes } = target;
  const width = sizeOf(target.inputShape);
  const copies = squeezers.length + 1;
  const stacked = (x: Float32Array) => {
    const all = new Float32Array(copies * x.length);
    all.set(x);
    for (const [k, squeeze] of squeezers.entries()) all.set(squeeze(x), (k + 1) * x.length);
    return all;
  };
  const meanOf = (probabilities: Float64Array) => {
    const mean = new Float64Array(probabilities.length / copies);
    for (const [j, p] of probabilities.entries()) mean[j % mean.length]! += log(Math.max(p, LEAST)) / copies;
    return mean;
  };
  return {
    classes,
    logits: async (x) => meanOf(softmaxRows(await target.logits(stacked(Float32Array.from(x))), classes)),
    async inputGradients(x, use) {
      const n = x.length / width;
      const logits = new Float64Array(n * classes);
      const atOnce = Math.floor(GRADIENT_ROWS / copies);
      for (let at = 0; at < n; at += atOnce) {
        const part = Float32Array.from(x.subarray(at * width, (at + atOnce) * width));
        await target.inputGradients(stacked(part), (all, back) => {
          const p = softmaxRows(all, classes);
          const mean = meanOf(p);
          logits.set(mean, at * classes);
          // of log softmax: c - p sum(c)
          const meanBack = (cotangent: Float64Array) => {
            const own = new Float64Array(all.length);
            for (let row = 0; row < all.length; row += classes) {
              const c = cotangent.subarray(row % mean.length, (row % mean.length) + classes);
              const sum = c.reduce((a, b) => a + b, 0);
              for (let j = 0; j < classes; j++) own[row + j] = (c[j]! - p[row + j]! * sum) / copies;
            }
            const gradient = new Float32Array(part.length);
            for (const [j, value] of back(own).entries()) gradient[j % part.length]! += value;
            return gradient;
          };
          use(mean, meanBack, at);
        });
      }
      return logits;
    },
  };
}

/** The attack, for `runEvasionAttack`. It is made for the squeezers of one detector, so it is in no registry. */
export function evadingSqueezers(squeezers: readonly Squeezer[]): EvasionAttack {
  return defineEvasionAttack({
    name: 'evading-squeezers',
    title: 'Every squeezed copy sure of the same wrong class',
    paper:
      'He, Wei, Chen, Carlini and Song 2017, Adversarial example defenses: ensembles of weak defenses are not strong (WOOT)',
    threat: { access: 'gradients', knowledge: ['architecture'], goal: 'evasion' },
    options: {
      steps: { about: 'gradient steps for each class', default: 40, min: 1, max: 100_000 },
      classes: { about: 'wrong classes that are tried, the likeliest first', default: 3, min: 1, max: 1000 },
    },
    norms: ['linf', 'l2', 'l1'],
    seeks: 'within',
    targeted: true,
    family: 'iterative',
    canary: { norm: 'linf', epsilon: 0.3, below: 0.1 },
    async run({ target, options, ...task }) {
      const { x, y, targets, best, space } = task;
      const { width } = space;
      const [clean, all] = [await target.logits(x), squeezedMean(target, squeezers)];
      const kept = new Float64Array(y.length).fill(Infinity);
      const rounds = targets ? 1 : Math.min(Math.round(options.classes), target.classes - 1);
      for (let round = 0; round < rounds; round++) {
        task.signal?.throwIfAborted();
        const wanted = targets ?? y.map((label, i) => likeliest(clean, target.classes, i, label)[round]!);
        const found = x.slice();
        await ascend(
          all,
          { ...task, targets: wanted, best: found, rng: task.rng.split(`class ${round}`) },
          {
            loss: agreement,
            steps: options.steps,
            stepSize: Math.max(1 / 30, 2.5 / options.steps) * task.epsilon,
            restarts: 1,
            start: 'random',
            momentum: 0,
            full: true,
          },
        );
        const said = argmaxRows(await target.logits(found), target.classes);
        const distances = await squeezingDistance(target, squeezers, found);
        for (let i = 0; i < y.length; i++) {
          if (!(targets ? said[i] === targets[i] : said[i] !== y[i]) || !(distances[i]! < kept[i]!)) continue;
          kept[i] = distances[i]!;
          best.set(found.subarray(i * width, (i + 1) * width), i * width);
        }
        task.onProgress?.((round + 1) / rounds);
      }
    },
  }) as unknown as EvasionAttack;
}

/** Classes of row i but one, the largest logits first. */
function likeliest(logits: Float64Array, classes: number, i: number, but: number): number[] {
  const z = logits.subarray(i * classes, (i + 1) * classes);
  return Array.from(z.keys())
    .filter((c) => c !== but)
    .sort((a, b) => z[b]! - z[a]! || a - b);
}
