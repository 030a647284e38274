/** The form that attacks with an attack model share: features of each record, learnt on the shadow models' records. */
import { type Engine, KeyholeError, type Rng, type Rows } from '../../engine/index.ts';
import { fitLogistic } from '../../engine/learn/index.ts';
import type { MembershipScores } from '../define-attack.ts';
import { fitAttackNetwork } from './attack-network.ts';

export interface LearnedAttack<T> {
  readonly target: T;
  readonly candidates: Rows;
  readonly shadows: readonly { readonly target: T; readonly members: Rows; readonly nonMembers: Rows }[];
  /** what the attack model sees of each record, by what the model says about it [n, features] */
  features(target: T, rows: Rows): Promise<Float64Array>;
  /** logistic regression, or a network with so many hidden units */
  readonly model:
    | { readonly kind: 'logistic'; readonly l2: number }
    | {
        readonly kind: 'network';
        readonly hidden: number;
        readonly engine: () => Promise<Engine>;
        readonly rng: Rng;
        readonly signal: AbortSignal | undefined;
      };
}

/** Log-odds of membership for each candidate; above 0: a member. */
export async function learnedScores<T>(o: LearnedAttack<T>): Promise<MembershipScores> {
  const parts: Float64Array[] = [];
  const y: number[] = [];
  for (const shadow of o.shadows) {
    for (const [rows, member] of [
      [shadow.members, 1],
      [shadow.nonMembers, 0],
    ] as const) {
      parts.push(await o.features(shadow.target, rows));
      for (let i = 0; i < rows.y.length; i++) y.push(member);
    }
  }
  if (y.length === 0) throw new KeyholeError('internal: an attack model without shadow models');
  const x = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part, at);
    at += part.length;
  }
  const seen = await o.features(o.target, o.candidates);
  const width = x.length / y.length;
  if (o.model.kind === 'network') {
    const { engine, ...options } = o.model;
    const attackModel = await fitAttackNetwork(await engine(), x, y, options);
    return { scores: await attackModel.decisions(seen).finally(() => attackModel.dispose()), threshold: 0 };
  }
  const { decision } = fitLogistic(x, y, { l2: o.model.l2 });
  return {
    scores: Float64Array.from(o.candidates.y, (_, i) => decision(seen.subarray(i * width, (i + 1) * width))),
    threshold: 0,
  };
}
