/** Attacks as data: who wrote them, what they may see, what they can be told, how they run, where they must win and must not. */
import type { Rng, Rows } from '../engine/index.ts';
import type { AccessLevel, Target } from './target/index.ts';

export interface ThreatModel<A extends AccessLevel = AccessLevel> {
  readonly access: A;
  /** what the attacker has besides the target */
  readonly knowledge: readonly (
    | 'training-distribution'
    | 'partial-training-data'
    | 'architecture'
    | 'defence'
    | 'labels'
    | 'mean-training-loss'
  )[];
  readonly goal:
    | 'membership'
    | 'attribute'
    | 'property'
    | 'reconstruction'
    | 'extraction'
    | 'evasion'
    | 'poisoning'
    | 'backdoor';
}

/** A setting small enough for the test suite. */
export interface Canary {
  /** where the attack must win: the lower end of its AUC exceeds 0.5 + margin */
  readonly mustSucceedOn: 'memorised-noise';
  /** where it must stay at chance: the AUC's interval contains 0.5 */
  readonly mustFailOn: 'untrained';
  readonly margin: number;
}

/** One option of an attack as it is listed, parsed and documented. */
export interface OptionDef {
  readonly about: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export type OptionsOf<O> = { readonly [K in keyof O]: number };

/** A model of the same kind trained on other data, whose members the attacker knows. */
export interface ShadowModel<A extends AccessLevel = AccessLevel> {
  readonly target: Target<A>;
  readonly members: Rows;
  readonly nonMembers: Rows;
}

export interface MembershipKnowledge<A extends AccessLevel = AccessLevel> {
  /** mean loss of the target on its own training rows, in nats; often published with a model */
  readonly meanTrainingLoss: number;
  readonly shadows: readonly ShadowModel<A>[];
}

/** What a membership attack says about each candidate: the runner computes every metric from it. */
export interface MembershipScores {
  /** higher means more likely a member [n] */
  readonly scores: Float64Array;
  /** "score >= threshold: member", chosen without the target's membership labels; null where the attack only ranks */
  readonly threshold: number | null;
}

export interface MembershipAttack<
  A extends AccessLevel = AccessLevel,
  O extends Record<string, OptionDef> = Record<string, OptionDef>,
> {
  readonly name: string;
  readonly title: string;
  /** authors, year, title, venue, section */
  readonly paper: string;
  readonly threat: ThreatModel<A>;
  readonly options: O;
  /** rows of members, and of non-members, that its shadow models must have; 0 where it needs none */
  readonly shadowRows: number;
  readonly canary: Canary;
  run(context: {
    readonly target: Target<A>;
    /** rows in an order that says nothing about membership */
    readonly candidates: Rows;
    readonly known: MembershipKnowledge<A>;
    readonly options: OptionsOf<O>;
    readonly rng: Rng;
    readonly signal: AbortSignal | undefined;
  }): Promise<MembershipScores>;
}

/** Types an attack's run against its own threat model and options. */
export function defineMembershipAttack<A extends AccessLevel, const O extends Record<string, OptionDef>>(
  attack: MembershipAttack<A, O>,
): MembershipAttack<A, O> {
  return attack;
}
