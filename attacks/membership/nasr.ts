/**
 * White-box membership by an attack network: per layer the norm of the record's gradient, the loss, the output, a summary
 * of the hidden layers' outputs, and the label.
 *
 * Simpler than the paper's: norms stand for the gradients themselves (there: a convolution over each layer's gradient),
 * three numbers for each hidden layer's output (there: all of them), one attack network sees all of it (there: one
 * component for each), and it learns from shadow models (there: from known members of the target itself).
 */
import type { Rows } from '../../engine/index.ts';
import { log } from '../../engine/math/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { PROBABILITY_FLOOR, signals } from '../score/index.ts';
import { softmaxRows, type WhiteBoxTarget } from '../target/index.ts';
import { hiddenSummaries } from './hidden-outputs.ts';
import { learnedScores } from './learned.ts';

export const nasr = defineMembershipAttack({
  name: 'nasr',
  title: 'White-box: attack network on gradients, loss, outputs and hidden layers',
  paper:
    'Nasr, Shokri & Houmansadr 2019, Comprehensive privacy analysis of deep learning (S&P), section III, simplified',
  threat: { access: 'white-box', knowledge: ['training-distribution', 'architecture', 'labels'], goal: 'membership' },
  options: {
    hidden: {
      about: 'units of the attack network; 0: logistic regression',
      kind: 'whole',
      default: 64,
      min: 0,
      max: 4096,
    },
    l2: { about: 'weight of the L2 penalty of the logistic regression', default: 1, min: 0, max: 1e6 },
  },
  needs: { shadowRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ candidates }) => 2 * candidates,
  async run({ target, candidates, known, options, engine, rng, signal }) {
    const { hidden } = options;
    const model =
      hidden > 0
        ? ({ kind: 'network', hidden, engine, rng: rng.split('attack network'), signal } as const)
        : ({ kind: 'logistic', l2: options.l2 } as const);
    const see = (from: WhiteBoxTarget, rows: Rows) => features(from, rows, signal);
    return learnedScores({ target, candidates, shadows: known.shadows, features: see, model });
  },
});

/** [n, layers + 2 + 2 classes + hidden summaries] */
async function features(target: WhiteBoxTarget, rows: Rows, signal: AbortSignal | undefined): Promise<Float64Array> {
  const { classes } = target;
  const n = rows.y.length;
  const logits = await target.logits(rows.x);
  const p = softmaxRows(logits, classes);
  const { layers, norms } = await target.gradientNorms(rows.x, rows.y);
  const hidden = await hiddenSummaries(target, rows, signal);
  const ofHidden = hidden.length / Math.max(1, n);
  const width = layers.length + 2 + 2 * classes + ofHidden;
  const out = new Float64Array(n * width);
  for (const [i, label] of rows.y.entries()) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    let at = i * width;
    for (let layer = 0; layer < layers.length; layer++) {
      const norm = norms[i * layers.length + layer]!;
      // norms span many orders of magnitude; one that is not finite is as large as any
      out[at++] = log(Number.isFinite(norm) ? norm + PROBABILITY_FLOOR : 1e30);
    }
    out[at++] = signals['log-odds'].score({ kind: 'logits', row, label });
    out[at++] = signals.loss.score({ kind: 'logits', row, label });
    out.set(p.subarray(i * classes, (i + 1) * classes), at);
    out[at + classes + label] = 1;
    out.set(hidden.subarray(i * ofHidden, (i + 1) * ofHidden), at + 2 * classes);
  }
  return out;
}
