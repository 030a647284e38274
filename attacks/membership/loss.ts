import { defineMembershipAttack } from '../define-attack.ts';
import { signalScores } from './signal-attack.ts';

/** Members have a lower loss; the threshold is the mean training loss, which needs no shadow model; where it is not known, the attack only ranks. */
export const loss = defineMembershipAttack({
  name: 'loss',
  title: 'Loss threshold',
  paper: 'Yeom et al. 2018, Privacy risk in machine learning (CSF), adversary 2',
  threat: { access: 'probabilities', knowledge: ['labels', 'mean-training-loss'], goal: 'membership' },
  options: {},
  needs: {},
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known }) {
    const mean = known.meanTrainingLoss;
    return { scores: await signalScores(target, candidates, 'loss'), threshold: mean === null ? null : -mean };
  },
});
