/** Universal perturbations as data: one change for all inputs, crafted from rows of the attacker's own, judged on others. */
import type { Rng } from '../../../engine/index.ts';
import type { OptionDef, OptionsOf, ThreatModel } from '../../define-attack.ts';
import type { AccessLevel, Target } from '../../target/index.ts';
import type { Norm } from '../norms.ts';
import type { InputSpace } from '../space.ts';

export interface UniversalContext<A extends AccessLevel = AccessLevel, O = Readonly<Record<string, number>>> {
  readonly target: Target<A>;
  /** the attacker's rows [n, width], inside the space */
  readonly x: Float32Array;
  /** what the target says about them without a perturbation [n]: what it is to say no more */
  readonly clean: Int32Array;
  /** the class that every row is to get; null: any other than its own */
  readonly wanted: number | null;
  readonly space: InputSpace;
  readonly norm: Norm;
  readonly epsilon: number;
  /**
   * the best perturbation so far [width], at first zeros: attacks write here as they go, so that a budget that ends or a signal costs
   * nothing
   */
  readonly best: Float32Array;
  readonly options: O;
  readonly rng: Rng;
  readonly signal: AbortSignal | undefined;
  /** @param done of all the work, 0 to 1 */
  readonly onProgress?: (done: number) => void;
}

/** A setting small enough for the test suite: a net that tells digits apart. */
export interface UniversalCanary {
  readonly norm: Norm;
  /** where the share of held-out rows whose class changes must exceed `above`; at a hundredth of it, it must not exceed 5 % */
  readonly epsilon: number;
  readonly above: number;
  readonly options?: Readonly<Record<string, number>>;
}

export interface UniversalAttack<
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
  /** also can be asked for a certain class */
  readonly targeted: boolean;
  readonly canary: UniversalCanary;
  craft(context: UniversalContext<A, OptionsOf<O>>): Promise<void>;
}

/** Types an attack's run against its own access level and options. */
export function defineUniversalAttack<A extends AccessLevel, const O extends Record<string, OptionDef>>(
  attack: UniversalAttack<A, O>,
): UniversalAttack<A, O> {
  return attack;
}
