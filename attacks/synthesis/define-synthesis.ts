/** Ways to make shadow data, as data: who wrote them, what the attacker must have, what they can be told, how they run. */
import type { Rng, Rows } from '../../engine/index.ts';
import type { OptionDef, OptionsOf } from '../define-attack.ts';
import type { Target } from '../target/index.ts';
import type { Field } from './fields.ts';

/** What an attacker may have to make shadow data from. Rows and questions are in the same units. */
export interface SynthesisSources {
  /** rows of the target's distribution, none of them its own */
  readonly reference: Rows;
  /** is asked about rows as they are made */
  readonly target: Target<'probabilities'>;
}
export type SourceName = keyof SynthesisSources;

export interface SynthesisTask {
  readonly fields: readonly Field[];
  readonly classes: number;
  /** how many to make */
  readonly rows: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
  /** share of the work that is done */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface SyntheticRows {
  /** row-major [n, numbers of a row]; n is smaller than asked for where tries failed, or the budget ended */
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Int32Array<ArrayBuffer>;
  /** rows that the target was asked about */
  readonly queries: number;
  /** tries that gave no row */
  readonly failed: number;
  readonly stopped: 'budget' | null;
}

export interface Synthesis<
  S extends SourceName = SourceName,
  O extends Record<string, OptionDef> = Record<string, OptionDef>,
> {
  readonly name: string;
  readonly title: string;
  /** authors, year, title, venue, section */
  readonly paper: string;
  /** what the attacker knows, to follow "the attacker has" */
  readonly knows: string;
  readonly needs: readonly S[];
  readonly options: O;
  make(context: SynthesisTask & Pick<SynthesisSources, S> & { readonly options: OptionsOf<O> }): Promise<SyntheticRows>;
}

/** Types a method's run against its own needs and options. */
export function defineSynthesis<S extends SourceName, const O extends Record<string, OptionDef>>(
  synthesis: Synthesis<S, O>,
): Synthesis<S, O> {
  return synthesis;
}
