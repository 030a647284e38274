/** Evasion attacks as data: who wrote them, what they may see, what they can be told, how they run. */
import type { Engine, Rng } from '../../engine/index.ts';
import type { OptionDef, OptionsOf, ThreatModel } from '../define-attack.ts';
import type { AccessLevel, Target } from '../target/index.ts';
import type { Norm } from './norms.ts';
import type { InputSpace } from './space.ts';

/** Rows of the attacker's own, with their labels. */
export interface OwnRows {
  /** [n, width] */
  readonly x: Float32Array;
  readonly y: Int32Array;
}

/** What the attacker has beside the target; what an attack cannot do without, its `check` says. */
export interface EvasionKnowledge {
  /** a model of the attacker's own */
  readonly substitute?: Target<'gradients'>;
  /** valid inputs, where walks of label-only attacks start, and which substitutes are trained on */
  readonly rows?: OwnRows;
}

/** One step of an attack that climbs a loss, for those who judge whether it climbed. */
export interface StepTrace {
  /** from 0 on; each climbs anew */
  readonly restart: number;
  /** from 0 on: before any step */
  readonly step: number;
  /** of the rows that are still climbed */
  readonly rows: number;
  /** mean loss of those */
  readonly loss: number;
  /** how many of their gradients are all zeros, and how many are not finite */
  readonly zero: number;
  readonly broken: number;
}

export interface EvasionTask {
  /** rows to change [n, width], inside the space; all of them get the class `y` now, or not yet the wanted one */
  readonly x: Float32Array;
  /** their class [n] */
  readonly y: Int32Array;
  /** classes to reach [n]; null: any other than y */
  readonly targets: Int32Array | null;
  readonly space: InputSpace;
  readonly norm: Norm;
  /** the ball that perturbations lie in; Infinity only for attacks that look for the nearest adversarial example */
  readonly epsilon: number;
  /**
   * the best row found so far [n, width], at first x: attacks write here as they go, so that a budget that ends or a signal
   * costs nothing. A row that is not adversarial may be the nearest to it
   */
  readonly best: Float32Array;
  readonly rng: Rng;
  readonly signal: AbortSignal | undefined;
  readonly onStep?: (step: StepTrace) => void;
  /** @param done of all the work, 0 to 1 */
  readonly onProgress?: (done: number) => void;
}

export interface EvasionContext<A extends AccessLevel = AccessLevel, O = Readonly<Record<string, number>>>
  extends EvasionTask {
  readonly target: Target<A>;
  readonly known: EvasionKnowledge;
  readonly options: O;
  /** for models that the attack trains */
  readonly engine: () => Promise<Engine>;
}

/** A setting small enough for the test suite: a net that tells digits apart. */
export interface EvasionCanary {
  readonly norm: Norm;
  /** where the attack must leave the net right on fewer than `below` of the rows; at a hundredth of it, it must not */
  readonly epsilon: number;
  readonly below: number;
  /** where the defaults would take long */
  readonly options?: Readonly<Record<string, number>>;
}

export interface EvasionAttack<
  A extends AccessLevel = AccessLevel,
  O extends Record<string, OptionDef> = Record<string, OptionDef>,
> {
  readonly name: string;
  readonly title: string;
  /** authors, year, title, venue, section */
  readonly paper: string;
  readonly threat: ThreatModel<A>;
  readonly options: O;
  readonly norms: readonly Norm[];
  /** within: as wrong as can be inside the ball; nearest: the smallest perturbation, of which the ball is asked afterwards */
  readonly seeks: 'within' | 'nearest';
  /** also can be asked for a certain class */
  readonly targeted: boolean;
  /** what kind it is: the checks of an evaluation hold kinds against each other */
  readonly family: 'single-step' | 'iterative' | 'score-based' | 'decision-based' | 'transfer' | 'ensemble';
  readonly canary: EvasionCanary;
  /** what else it cannot do without, asked before the target is asked anything. @throws ConfigError */
  check?(run: { readonly known: EvasionKnowledge; readonly targets: Int32Array | null }): void;
  run(context: EvasionContext<A, OptionsOf<O>>): Promise<void>;
}

/** Types an attack's run against its own access level and options. */
export function defineEvasionAttack<A extends AccessLevel, const O extends Record<string, OptionDef>>(
  attack: EvasionAttack<A, O>,
): EvasionAttack<A, O> {
  return attack;
}
