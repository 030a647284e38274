import { defineMembershipAttack } from '../define-attack.ts';

/** Calls a record a member when the model classifies it correctly: the least that over-fitting gives away. */
export const gap = defineMembershipAttack({
  name: 'gap',
  title: 'Gap attack: correct means member',
  paper: 'Yeom et al. 2018, Privacy risk in machine learning (CSF), adversary 1',
  threat: { access: 'label-only', knowledge: ['labels'], goal: 'membership' },
  options: {},
  needs: {},
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates }) {
    const guesses = await target.labels(candidates.x);
    return { scores: Float64Array.from(candidates.y, (label, i) => (guesses[i] === label ? 1 : 0)), threshold: 0.5 };
  },
});
