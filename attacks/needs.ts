/** Whether an attack has the models and rows that it needs, which of the models it uses, and how their data lie to the target's. */
import type { AttackNeeds, AttackWarning, MembershipAttack } from './define-attack.ts';

interface Counted {
  readonly y: { readonly length: number };
}

interface ModelRows {
  readonly members: Counted;
  readonly nonMembers: Counted;
  readonly trainedOn?: Uint8Array;
}

/** What of an attacker's knowledge decides which attacks can run: how many rows, and who was trained on which candidates. */
export interface Supply {
  readonly shadows: readonly ModelRows[];
  readonly population?: Counted;
}

/** What an attack may be left out for. */
export type Lack = Exclude<keyof AttackNeeds, 'orRanks'>;

export const shadowDataKinds = ['none', 'apart', 'overlapping'] as const;
export type ShadowData = (typeof shadowDataKinds)[number];

/**
 * The warning with which an attack is left out, or null when there are models and rows enough.
 * @param o.ranking whether attacks may run that without shadow models only rank; default false
 * @param o.remedy a sentence on what would supply at least so many; default none
 */
export function cannotRun(
  attack: Pick<MembershipAttack, 'name' | 'needs'>,
  known: Supply,
  o: { readonly ranking?: boolean; readonly remedy?: (lack: Lack, needed: number) => string } = {},
): AttackWarning | null {
  const ranks = o.ranking && attack.needs.orRanks && known.shadows.length === 0;
  const missing = ranks ? null : missingOf(attack.needs, known);
  if (!missing) return null;
  const { lack, needed, words } = missing;
  const remedy = o.remedy ? ` ${o.remedy(lack, needed)}` : '';
  return { code: 'skipped', message: `${attack.name} was left out: it needs ${words}.${remedy}` };
}

function missingOf(needs: AttackNeeds, { shadows, population }: Supply) {
  const { shadowRows = 0, modelsIn = 0, modelsOut = 0, populationRows = 0 } = needs;
  const own = suited(needs, shadows);
  const rows = Math.max(0, ...own.map((s) => Math.min(s.members.y.length, s.nonMembers.y.length)));
  const missing = (lack: Lack, needed: number, words: string) => ({ lack, needed, words });
  if (rows < shadowRows) {
    const words = `a shadow model with at least ${shadowRows} members and as many non-members, got ${rows}`;
    return missing('shadowRows', shadowRows, words);
  }
  const [inside, outside] = modelsOf(own);
  if (inside < modelsIn) {
    const words = `reference models, at least ${modelsIn} of them trained on each record, got ${inside}`;
    return missing('modelsIn', modelsIn, words);
  }
  if (outside < modelsOut) {
    const words = `at least ${modelsOut} shadow or reference models not trained on each record, got ${outside}`;
    return missing('modelsOut', modelsOut, words);
  }
  const others = population?.y.length ?? 0;
  if (others < populationRows) {
    const words = `a population of at least ${populationRows} rows that no model was trained on, got ${others}`;
    return missing('populationRows', populationRows, words);
  }
  return null;
}

/**
 * The models that an attack uses: those that were trained on candidates where it compares a candidate's answers with and
 * without it, and otherwise those of other data where there are any, so that a shadow model never holds the target's records.
 */
export function suited<S extends Pick<ModelRows, 'trainedOn'>>(
  needs: AttackNeeds,
  shadows: readonly S[],
): readonly S[] {
  if (needs.modelsIn) return shadows.filter((s) => s.trainedOn);
  if (!needs.shadowRows) return shadows;
  const apart = shadows.filter((s) => !s.trainedOn);
  return apart.length > 0 ? apart : shadows;
}

/** What has to be said with a result: whether models that the attack used may have been trained on the target's records. */
export function shadowDataOf(
  { shadowRows, modelsIn, modelsOut }: AttackNeeds,
  used: readonly Pick<ModelRows, 'trainedOn'>[],
): ShadowData {
  if (!(shadowRows || modelsIn || modelsOut) || used.length === 0) return 'none';
  return used.some((s) => s.trainedOn) ? 'overlapping' : 'apart';
}

/** How many models were trained on a candidate, and how many were not: of the candidate with the fewest. */
function modelsOf(shadows: Supply['shadows']): [inside: number, outside: number] {
  const n = Math.max(0, ...shadows.map(({ trainedOn }) => trainedOn?.length ?? 0));
  if (n === 0) return [0, shadows.length];
  const counts = new Int32Array(n);
  for (const { trainedOn } of shadows) for (const [i, one] of (trainedOn ?? []).entries()) counts[i]! += one;
  let [least, most] = [shadows.length, 0];
  for (const count of counts) {
    least = Math.min(least, count);
    most = Math.max(most, count);
  }
  return [least, shadows.length - most];
}
