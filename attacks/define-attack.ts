/** Attacks as data: who wrote them, what they may see, what they can be told, how they run, where they must win and must not. */
import type { Engine, Model, Rng, Rows, Shape } from '../engine/index.ts';
import type { AccessLevel, Samples, Target } from './target/index.ts';

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
  /** options of these runs, where the defaults would take long */
  readonly options?: Readonly<Record<string, number>>;
}

/** One option of an attack as it is listed, parsed and documented. */
export interface OptionDef {
  readonly about: string;
  /** whole numbers alone, or 1 and 0 for yes and no; default: any number */
  readonly kind?: 'whole' | 'switch';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export type OptionsOf<O> = { readonly [K in keyof O]: number };

/** A model of the same kind that the attacker trained, so that its members are known. */
export interface ShadowModel<A extends AccessLevel = AccessLevel> {
  readonly target: Target<A>;
  readonly members: Rows;
  readonly nonMembers: Rows;
  /**
   * for each candidate, members first, 1 if this model was trained on it [n]; an attack gets it in the order of its candidates: reference models in the sense of Carlini et al. 2022, whose
   * training data overlap the target's. Default: on none of them, as in Shokri et al. 2017
   */
  readonly trainedOn?: Uint8Array;
}

/** Further questions about the same records: the ways in which training may have shown them (flips, shifts). */
export interface Views {
  readonly count: number;
  /** view k of rows; view 0 is the rows themselves. The same array for the same rows, so that answers are remembered */
  view(x: Samples, k: number): Samples;
}

export interface MembershipKnowledge<A extends AccessLevel = AccessLevel> {
  /** mean loss of the target on its own training rows, in nats; often published with a model. null: not known */
  readonly meanTrainingLoss: number | null;
  readonly shadows: readonly ShadowModel<A>[];
  /** rows of the same distribution that neither the target nor any of the shadow models was trained on */
  readonly population?: Rows;
  /** default: the rows themselves only */
  readonly views?: Views;
  /** the target's architecture, where the attacker knows it */
  readonly model?: Model;
}

/** What an attack cannot do without; what is left out it does not need. */
export interface AttackNeeds {
  /** rows of members, and of non-members, in one of the shadow models */
  readonly shadowRows?: number;
  /** without any shadow model it still ranks, and gives no threshold */
  readonly orRanks?: true;
  /** shadow models that were trained on each candidate, and that were not */
  readonly modelsIn?: number;
  readonly modelsOut?: number;
  readonly populationRows?: number;
}

export type WarningCode =
  | 'few-samples'
  | 'not-converged'
  | 'random-outputs'
  | 'skipped'
  | 'partial'
  | 'budget-exhausted'
  | 'norm-violated-and-clipped';
export interface AttackWarning {
  readonly code: WarningCode;
  readonly message: string;
}

/** What the number of questions depends on. */
export interface QueryPlan<O> {
  readonly options: O;
  /** of one row */
  readonly inputShape: Shape;
  readonly candidates: number;
  /** rows of the population, and views of each record, that the attacker has */
  readonly population: number;
  readonly views: number;
}

/** What a membership attack says about each candidate: the runner computes every metric from it. */
export interface MembershipScores {
  /** higher means more likely a member [n] */
  readonly scores: Float64Array;
  /** "score >= threshold: member", chosen without the target's membership labels; null where the attack only ranks */
  readonly threshold: number | null;
  /** what a reader of the result should know about how it came about; default none */
  readonly warnings?: readonly AttackWarning[];
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
  readonly needs: AttackNeeds;
  readonly canary: Canary;
  /** trains models, or asks many questions about each record for what few targets need: runs only where it is named */
  readonly costly?: true;
  /** rows that it asks the target about, at most; default: each candidate once */
  queries?(plan: QueryPlan<OptionsOf<O>>): number;
  run(context: {
    readonly target: Target<A>;
    /** rows in an order that says nothing about membership */
    readonly candidates: Rows;
    readonly known: MembershipKnowledge<A>;
    readonly options: OptionsOf<O>;
    /** for attack models that are networks */
    readonly engine: () => Promise<Engine>;
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
