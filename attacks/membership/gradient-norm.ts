/** White-box membership: training ends where the gradients of its own records are small. */
import { ConfigError, type Rows } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { PROBABILITY_FLOOR } from '../score/index.ts';
import type { GradientNorms, WhiteBoxTarget } from '../target/index.ts';
import { bestThreshold } from './threshold.ts';

export const gradientNorm = defineMembershipAttack({
  name: 'gradient-norm',
  title: 'White-box: norm of the gradient by the parameters',
  paper:
    'Nasr, Shokri & Houmansadr 2019, Comprehensive privacy analysis (S&P), section VI-A; Sablayrolles et al. 2019 (ICML)',
  threat: { access: 'white-box', knowledge: ['training-distribution', 'architecture', 'labels'], goal: 'membership' },
  options: {
    layer: {
      about: 'the layer whose gradient is measured, from 1; 0: all of them together',
      kind: 'whole',
      default: 0,
      min: 0,
      max: 1000,
    },
  },
  needs: { shadowRows: 10 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known, options }) {
    const scores = async (model: WhiteBoxTarget, { x, y }: Rows) =>
      scoresFrom(await model.gradientNorms(x, y), options.layer);
    const inside: number[] = [];
    const outside: number[] = [];
    for (const shadow of known.shadows) {
      for (const s of await scores(shadow.target, shadow.members)) inside.push(s);
      for (const s of await scores(shadow.target, shadow.nonMembers)) outside.push(s);
    }
    const threshold = bestThreshold(Float64Array.from(inside), Float64Array.from(outside));
    return { scores: await scores(target, candidates), threshold };
  },
});

/** -log |g|, over one layer or all of them [n]; lowest where a gradient is not finite. */
function scoresFrom({ layers, norms }: GradientNorms, layer: number): Float64Array {
  if (layer > layers.length) {
    throw new ConfigError(
      `gradient-norm.layer: expected a layer from 0 to ${layers.length} (${layers.join(', ')}), got ${layer}.`,
      'gradient-norm.layer',
    );
  }
  return Float64Array.from({ length: norms.length / layers.length }, (_, i) => {
    const own = norms.subarray(i * layers.length, (i + 1) * layers.length);
    const norm = layer > 0 ? own[layer - 1]! : Math.sqrt(own.reduce((sum, g) => sum + g * g, 0));
    return Number.isFinite(norm) ? -log(norm + PROBABILITY_FLOOR) : -Infinity;
  });
}
