import type { Rows } from '../../engine/index.ts';
import { fitLogistic } from '../../engine/learn/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { signals } from '../score/index.ts';
import type { ProbabilityTarget } from '../target/index.ts';

const used = ['log-odds', 'entropy', 'modified-entropy'] as const;

/** What the attack model sees of a record: three signals, the largest log-odds of any class, and whether the guess is right. */
async function features(target: ProbabilityTarget, rows: Rows): Promise<Float64Array> {
  const p = await target.probabilities(rows.x);
  const { classes } = target;
  const width = used.length + 2;
  const out = new Float64Array(rows.y.length * width);
  for (const [i, label] of rows.y.entries()) {
    const row = p.subarray(i * classes, (i + 1) * classes);
    let top = 0;
    for (let c = 1; c < classes; c++) if (row[c]! > row[top]!) top = c;
    for (const [f, name] of used.entries())
      out[i * width + f] = signals[name].score({ kind: 'probabilities', row, label });
    out[i * width + used.length] = signals['log-odds'].score({ kind: 'probabilities', row, label: top });
    out[i * width + used.length + 1] = top === label ? 1 : 0;
  }
  return out;
}

/** A shadow model shows an attack model what members look like; the attack model then judges the target's answers. */
export const shadowLogistic = defineMembershipAttack({
  name: 'shadow-logistic',
  title: 'Shadow model with logistic regression',
  paper:
    'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section V; one shadow model as Salem et al. 2019',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: { l2: { about: 'weight of the L2 penalty of the attack model', default: 1, min: 0, max: 1e6 } },
  needs: { shadowRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates, known, options }) {
    const x: number[] = [];
    const y: number[] = [];
    for (const shadow of known.shadows) {
      for (const [rows, member] of [
        [shadow.members, 1],
        [shadow.nonMembers, 0],
      ] as const) {
        for (const v of await features(shadow.target, rows)) x.push(v);
        for (let i = 0; i < rows.y.length; i++) y.push(member);
      }
    }
    const attackModel = fitLogistic(Float64Array.from(x), y, { l2: options.l2 });
    const seen = await features(target, candidates);
    const width = seen.length / candidates.y.length;
    const scores = Float64Array.from(candidates.y, (_, i) =>
      attackModel.decision(seen.subarray(i * width, (i + 1) * width)),
    );
    return { scores, threshold: 0 };
  },
});
