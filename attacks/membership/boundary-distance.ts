/** Label-only membership: the decision boundary lies farther from the records that it was trained to go around. */
import { type Rows, sizeOf } from '../../engine/index.ts';
import { boundaryWalk, noiseDistances } from '../boundary/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import type { LabelTarget, Samples } from '../target/index.ts';
import { bestThreshold } from './threshold.ts';

/** Below these questions for each record a walk has no time for a second step. */
const LEAST_OF_A_WALK = 100;
/** Questions about each record that is not walked from. */
const NOISE_QUERIES = 33;
/** Rows of the attacker's that a walk may start at. */
const STARTS = 100;

export const boundaryDistance = defineMembershipAttack({
  name: 'boundary-distance',
  title: 'Label-only: distance to the decision boundary',
  paper:
    'Choquette-Choo et al. 2021, Label-only membership inference attacks (ICML), section 3.2; Li & Zhang 2021, Membership leakage in label-only exposures (CCS)',
  threat: { access: 'label-only', knowledge: ['training-distribution', 'architecture', 'labels'], goal: 'membership' },
  options: {
    queries: {
      about: `questions about each record; below ${LEAST_OF_A_WALK} its distance is estimated from labels under random noise`,
      kind: 'whole',
      default: 1000,
      min: 2,
      max: 1e5,
    },
    walks: {
      about: 'records walked from; the distances of the others are estimated from random noise',
      kind: 'whole',
      default: 2000,
      min: 0,
      max: 1e7,
    },
    shadowRows: {
      about: 'members and non-members of each shadow model for the threshold',
      kind: 'whole',
      default: 200,
      min: 10,
      max: 1e6,
    },
  },
  needs: { shadowRows: 10 },
  costly: true,
  canary: {
    mustSucceedOn: 'memorised-noise',
    mustFailOn: 'untrained',
    margin: 0.1,
    options: { queries: 120, shadowRows: 100 },
  },
  queries: ({ options, candidates }) => {
    const walked = options.queries < LEAST_OF_A_WALK ? 0 : Math.min(candidates, options.walks);
    const other = options.queries < LEAST_OF_A_WALK ? options.queries : NOISE_QUERIES;
    return walked * options.queries + (candidates - walked) * other + STARTS;
  },
  async run({ target, candidates, known, options, rng, signal }) {
    const width = sizeOf(target.inputShape);
    const attackers = known.shadows[0]!.nonMembers;
    const starts = attackers.x.subarray(0, STARTS * width);
    const scales = scalesFrom(attackers.x, width);
    const walks = options.queries < LEAST_OF_A_WALK ? 0 : options.walks;
    const distances = async (model: LabelTarget, rows: Rows, walked: number): Promise<Float64Array> => {
      const labels = (x: Samples) => model.labels(x);
      const n = Math.min(walked, rows.y.length);
      const common = { labels, width, signal };
      const near = await boundaryWalk({
        ...common,
        ...part(rows, 0, n, width),
        starts,
        queries: Math.max(LEAST_OF_A_WALK, options.queries),
        rng: rng.split('walk'),
      });
      const rest = await noiseDistances({
        ...common,
        ...part(rows, n, rows.y.length, width),
        scales,
        queries: walks > 0 ? NOISE_QUERIES : options.queries,
        rng: rng.split('noise'),
      });
      // no row of another class anywhere: farther than all others
      const far = near.distances.reduce((most, d) => (d < Infinity ? Math.max(most, d) : most), 0) + 1;
      return joined(
        near.distances.map((d) => (d < Infinity ? d : far)),
        rest,
      );
    };
    const inside: number[] = [];
    const outside: number[] = [];
    for (const shadow of known.shadows) {
      // as many walks, in proportion, as for the target: the threshold is for the same mixture
      const share = Math.min(1, walks / Math.max(1, candidates.y.length));
      for (const [rows, into] of [
        [shadow.members, inside],
        [shadow.nonMembers, outside],
      ] as const) {
        const some = part(rows, 0, Math.min(rows.y.length, options.shadowRows), width);
        for (const d of await distances(shadow.target, some, Math.round(share * some.y.length))) into.push(d);
      }
    }
    const threshold = bestThreshold(Float64Array.from(inside), Float64Array.from(outside));
    return { scores: await distances(target, candidates, walks), threshold };
  },
});

function part({ x, y }: Rows, from: number, to: number, width: number): Rows {
  return { x: x.subarray(from * width, to * width), y: y.subarray(from, to) };
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** From a quarter of the features' standard deviation (root mean square over them) to twice as much as it. */
function scalesFrom(x: Samples, width: number): number[] {
  const n = x.length / width;
  let total = 0;
  for (let j = 0; j < width; j++) {
    let [sum, squares] = [0, 0];
    for (let at = j; at < x.length; at += width) {
      sum += x[at]!;
      squares += x[at]! * x[at]!;
    }
    total += Math.max(0, squares / n - (sum / n) * (sum / n));
  }
  const std = Math.sqrt(total / width) || 1;
  return [0.25, 0.5, 1, 2].map((scale) => scale * std);
}
