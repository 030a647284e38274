/** A check of an evaluation as data: what it asks, who asked it first, how it is judged; and the counts that judgements rest on. */
import { clopperPearson } from '../../metrics/index.ts';
import type { RobustnessEvidence } from './evidence.ts';

export interface Finding {
  /** what a sound evaluation of a model without tricks does not show */
  readonly flag: boolean;
  /** so much of it that gradient masking is likely from this alone */
  readonly grave: boolean;
  /** the numbers, in a sentence */
  readonly evidence: string;
}

export interface RobustnessCheck {
  readonly name: string;
  readonly question: string;
  /** authors, year, section */
  readonly source: string;
  /** what to do when it is flagged */
  readonly remedy: string;
  /** false: a fault of the adversarial rows, which says nothing about gradients */
  readonly ofMasking: boolean;
  /** null when the evidence for it is not there */
  judge(evidence: RobustnessEvidence): Finding | null;
}

export const defineCheck = (check: RobustnessCheck): RobustnessCheck => check;

/** AutoAttack warns when Square takes this share of the rows from gradient attacks (Croce & Hein 2020, checks.py) */
export const TOLERATED = 0.002;
/** above it the fault decides the result, and is no accident of a few rows */
export const GRAVE = 0.05;

/**
 * A count of rows held against a tolerated share: flagged when the lower end of its 95 % interval lies above, so that few rows
 * prove nothing.
 */
export function countOver(
  hits: number,
  n: number,
  tolerated: number,
  grave = GRAVE,
): { readonly flag: boolean; readonly grave: boolean; readonly text: string } {
  const { low, high } = clopperPearson({ hits, n });
  const text = `${hits} of ${n} rows (${percent(n === 0 ? 0 : hits / n)}, 95 % interval ${percent(low)} to ${percent(high)})`;
  return { flag: n > 0 && low > tolerated, grave: n > 0 && low > grave, text };
}

export const percent = (share: number): string => `${+(100 * share).toFixed(1)} %`;

export const countOf = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

/** Marked in any of the lists [n]. */
export function anyOf(lists: readonly Uint8Array[], n: number): Uint8Array {
  const all = new Uint8Array(n);
  for (const list of lists) for (let i = 0; i < n; i++) if (list[i]) all[i] = 1;
  return all;
}

/** Marked in the first and not in the second. */
export const onlyFirst = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, mark, i) => sum + (mark && !b[i] ? 1 : 0), 0);
