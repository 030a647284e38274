import { Pacer } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { type Observations, observe, thresholdFromReferences, withTarget } from './references.ts';

/**
 * How much lower the target's loss is than the mean loss of the models that were not trained on the record [n]; where there is
 * no such model, than the mean loss of all records under them. Of losses with the sign turned, as scores have it.
 */
export function calibratedLoss({ target, models, trainedOn }: Observations): Float64Array {
  const own = target[0]!;
  const sums = new Float64Array(own.length);
  const counts = new Int32Array(own.length);
  let [total, all] = [0, 0];
  for (const [m, marks] of trainedOn.entries()) {
    for (let i = 0; i < own.length; i++) {
      if (marks[i] === 1) continue;
      const score = models[m]![0]![i]!;
      sums[i]! += score;
      counts[i]!++;
      total += score;
      all++;
    }
  }
  return own.map((score, i) => score - (counts[i]! > 0 ? sums[i]! / counts[i]! : total / Math.max(1, all)));
}

/** Some records are easy for every model: what counts is how much easier they are for the target. */
export const calibratedLossAttack = defineMembershipAttack({
  name: 'calibrated-loss',
  title: 'Loss, calibrated by the difficulty of the record',
  paper:
    'Watson et al. 2022, On the importance of difficulty calibration in membership inference attacks (ICLR), section 3',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {},
  needs: { modelsOut: 1 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known, signal }) {
    const observed = await observe({ target, candidates, known, pacer: new Pacer(signal) }, 'loss');
    const threshold = await thresholdFromReferences(observed.trainedOn, async (j) =>
      calibratedLoss(withTarget(observed, j)),
    );
    return { scores: calibratedLoss(observed), threshold };
  },
});
