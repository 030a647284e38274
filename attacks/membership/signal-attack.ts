/** The form that attacks by one number per record share: score it, threshold it where the shadow models say. */
import type { Rows } from '../../engine/index.ts';
import { defineMembershipAttack, type MembershipAttack } from '../define-attack.ts';
import { type SignalName, signals } from '../score/index.ts';
import type { ProbabilityTarget } from '../target/index.ts';
import { bestThreshold } from './threshold.ts';

/** One score per row from the target's probabilities. */
export async function signalScores(target: ProbabilityTarget, rows: Rows, name: SignalName): Promise<Float64Array> {
  const p = await target.probabilities(rows.x);
  const { classes } = target;
  return Float64Array.from(rows.y, (label, i) =>
    signals[name].score({ kind: 'probabilities', row: p.subarray(i * classes, (i + 1) * classes), label }),
  );
}

/** A threshold attack whose threshold is the best one on the shadow models, all their records taken together. */
export function signalAttack(o: {
  signal: SignalName;
  name: string;
  title: string;
  paper: string;
  /** whether it looks at the true label; default true */
  labels?: false;
}): MembershipAttack<'probabilities', Record<string, never>> {
  return defineMembershipAttack({
    name: o.name,
    title: o.title,
    paper: o.paper,
    threat: {
      access: 'probabilities',
      knowledge:
        o.labels === false
          ? ['training-distribution', 'architecture']
          : ['training-distribution', 'architecture', 'labels'],
      goal: 'membership',
    },
    options: {},
    needs: { shadowRows: 10, orRanks: true },
    canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
    async run({ target, candidates, known }) {
      const inside: number[] = [];
      const outside: number[] = [];
      for (const shadow of known.shadows) {
        for (const s of await signalScores(shadow.target, shadow.members, o.signal)) inside.push(s);
        for (const s of await signalScores(shadow.target, shadow.nonMembers, o.signal)) outside.push(s);
      }
      const threshold = inside.length > 0 ? bestThreshold(Float64Array.from(inside), Float64Array.from(outside)) : null;
      return { scores: await signalScores(target, candidates, o.signal), threshold };
    },
  });
}
