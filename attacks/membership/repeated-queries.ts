/** Membership in a model that answers at random: its answers are steadier, and better, about what it was trained on. */
import { ConfigError, type Rows } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { logOdds } from '../score/index.ts';
import type { LogitTarget, ProbabilityTarget } from '../target/index.ts';
import { learnedScores } from './learned.ts';

/**
 * Mean, standard deviation and minimum of the log-odds of the true class over several answers to the same question [n, 3].
 * @throws ConfigError unless the number of queries is a whole number >= 1
 */
export async function repeatedFeatures(
  target: ProbabilityTarget | LogitTarget,
  { x, y }: Rows,
  { queries }: { readonly queries: number },
): Promise<Float64Array> {
  if (!(Number.isSafeInteger(queries) && queries >= 1)) {
    throw new ConfigError(`repeatedFeatures: expected queries to be a whole number >= 1, got ${queries}.`, 'queries');
  }
  const { classes } = target;
  const kind = 'logits' in target ? 'logits' : 'probabilities';
  const phi = new Float64Array(y.length * queries);
  for (let q = 0; q < queries; q++) {
    // another object each time: a target that remembers what it was asked must ask anew
    const again = q === 0 ? x : x.subarray();
    const answer = await ('logits' in target ? target.logits(again) : target.probabilities(again));
    for (const [i, label] of y.entries())
      phi[i * queries + q] = logOdds({ kind, row: answer.subarray(i * classes, (i + 1) * classes), label });
  }
  const out = new Float64Array(3 * y.length);
  for (let i = 0; i < y.length; i++) {
    const own = phi.subarray(i * queries, (i + 1) * queries);
    // from the first answer: equal answers have a spread of exactly 0, which no attack model can blow up
    const mean = own[0]! + own.reduce((sum, v) => sum + (v - own[0]!), 0) / queries;
    const variance = own.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / queries;
    out.set([mean, Math.sqrt(variance), own.reduce((least, v) => Math.min(least, v), Infinity)], 3 * i);
  }
  return out;
}

export const repeatedQueries = defineMembershipAttack({
  name: 'repeated-queries',
  title: 'Repeated queries: spread of the answers of a random model',
  paper:
    'Carlini et al. 2022, Membership inference attacks from first principles (S&P), section IV-C, for the log-odds; their mean, spread and minimum over repeated answers: this project',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    queries: { about: 'how often each question is asked', kind: 'whole', default: 8, min: 1, max: 1e4 },
    l2: { about: 'weight of the L2 penalty of the attack model', default: 1, min: 0, max: 1e6 },
  },
  needs: { shadowRows: 25 },
  costly: true, // and for nothing, where a target always answers the same
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ options, candidates }) => candidates * options.queries,
  async run({ target, candidates, known, options }) {
    const features = (model: ProbabilityTarget, rows: Rows) =>
      repeatedFeatures(model, rows, { queries: options.queries });
    const model = { kind: 'logistic', l2: options.l2 } as const;
    return learnedScores({ target, candidates, shadows: known.shadows, features, model });
  },
});
