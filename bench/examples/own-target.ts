/** Your own model as a target: any function from rows to probabilities can be attacked. */
import { functionTarget, membershipAttacks, mixCandidates, Rng, runMembershipAttack } from 'keyhole';

// A "model" that remembers its training rows: a nearest-neighbour classifier in the plane.
const rng = Rng.from(3);
const rows = (n: number) => ({
  x: Float32Array.from({ length: 2 * n }, () => rng.normal()),
  y: Int32Array.from({ length: n }, () => rng.below(2)),
});
const members = rows(200);
const nonMembers = rows(200);

function predict(x: ArrayLike<number>): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length / 2; i++) {
    let nearest = 0;
    let best = Number.POSITIVE_INFINITY;
    for (const [j, label] of members.y.entries()) {
      const d = Math.hypot(x[2 * i]! - members.x[2 * j]!, x[2 * i + 1]! - members.x[2 * j + 1]!);
      if (d < best) [best, nearest] = [d, label];
    }
    out[2 * i + nearest] = 0.95;
    out[2 * i + 1 - nearest] = 0.05;
  }
  return out;
}

const target = functionTarget({ inputShape: [2], classes: 2, predict });
const { summary, queries } = await runMembershipAttack(membershipAttacks.gap, {
  target,
  candidates: mixCandidates(members, nonMembers, rng.split('mix')),
  known: { meanTrainingLoss: 0, shadows: [] },
  rng: rng.split('attack'),
});
console.log(`gap attack with ${queries} queries: balanced accuracy ${summary.balancedAccuracy?.value?.toFixed(3)}`);
if (!(summary.balancedAccuracy!.low > 0.6)) throw new Error('a model that remembers its rows must leak');
