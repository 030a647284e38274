import { argmaxRows, type Samples, type Target } from '../../attacks/index.ts';
import { type Rng, sizeOf } from '../../engine/index.ts';
import { type AnyTarget, defineDefense } from '../define-defense.ts';
import { smoothedGradients } from './smoothed-gradients.ts';
import { noisyVotes } from './smoothing.ts';

export interface SmoothedOptions {
  readonly sigma: number;
  /** noisy copies of a row that vote */
  readonly draws: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
}

/** The class that most noisy copies of a row get, with the shares of the votes as probabilities. Each question draws anew. */
export function smoothed(target: AnyTarget, { sigma, draws, rng, signal }: SmoothedOptions): Target<'probabilities'> {
  const { inputShape, classes } = target;
  const width = sizeOf(inputShape);
  let asked = 0;
  const probabilities = async (x: Samples) => {
    const own = rng.split(`answer ${asked++}`);
    const shares = new Float64Array((x.length / width) * classes);
    for (let i = 0; i < x.length / width; i++) {
      const row = x.subarray(i * width, (i + 1) * width);
      const votes = await noisyVotes(target, row, { sigma, draws, rng: own.split(`row ${i}`), signal });
      for (const [c, count] of votes.entries()) shares[i * classes + c] = count / draws;
    }
    return shares;
  };
  return {
    inputShape,
    classes,
    queries: () => target.queries(),
    labels: async (x) => argmaxRows(await probabilities(x), classes),
    probabilities,
  };
}

/** Copies over which an attacker averages who knows of the noise. */
const ATTACKER_DRAWS = 64;

export const randomisedSmoothing = defineDefense({
  name: 'randomised-smoothing',
  title: 'Randomised smoothing: noisy copies vote',
  paper:
    'Cohen, Rosenfeld and Kolter 2019, Certified adversarial robustness via randomized smoothing (ICML), section 3',
  stage: 'inference',
  options: {
    sigma: {
      about: 'standard deviation of the noise, in the units that the model sees',
      default: 0.25,
      min: 0,
      max: 1e6,
    },
    draws: { about: 'copies that vote on an answer', kind: 'whole', default: 100, min: 1, max: 1_000_000 },
  },
  off: { sigma: 0 },
  needsReserve: false,
  canary: null, // votes flatten answers, and what a member was trained on they mostly leave
  robust: { norm: 'l2', epsilon: 0.5, options: { sigma: 0.25 }, claim: 'certifies' },
  wrap({ options: { sigma, draws }, rng, signal, engine }) {
    return (target, { adaptive = false } = {}) => {
      const votes = smoothed(target, { sigma, draws, rng: rng.split('votes'), signal });
      if (!adaptive || !('inputGradients' in target)) return votes;
      // noise of the attacker's own, the same at every question, so that steps can be compared; votes judge by other noise
      const seen = smoothedGradients(target, { draws: ATTACKER_DRAWS, sigma, rng: rng.split('attacker'), engine });
      return { ...votes, ...seen };
    };
  },
});
