/** Classes, slices, single records, the paired comparison and the control as lines for a terminal. */
import { aboveAfter } from '../../attacks/metrics/index.ts';
import type { AuditEstimate, AuditRecord } from '../audit-record.ts';
import { FPRS, integer, intervalText, percent, signed, type Unit, valueText } from './format.ts';
import { strongestOf, titleOf } from './parts.ts';
import { CLASSIFIERS, SLICES_BY } from './words.ts';

const NAMED = 5;

/** One paragraph for each part that the record has. */
export function partLines(audit: AuditRecord): string[] {
  return [control(audit), ...pairs(audit), classes(audit), ...slices(audit), exposed(audit)].filter(
    (line) => line !== null,
  );
}

const withInterval = (e: AuditEstimate, unit: Unit) => `${valueText(e, unit)} ${intervalText(e, unit)}`;

function control({ control: found }: AuditRecord): string | null {
  if (!found) return null;
  const each = found.classifiers.map(
    ({ name, auc }) => `${CLASSIFIERS[name] ?? name} AUC ${withInterval(auc, 'fraction')}`,
  );
  const words = found.broken ? 'the split is broken' : 'as it should be';
  return `Control, which never sees the model: ${each.join(', ')}; ${words}.`;
}

function pairs(audit: AuditRecord): string[] {
  return (audit.paired ?? []).map(({ a, b, auc, tprAtFpr }) => {
    const rates = FPRS.flatMap(({ key, label }) => {
      const e = tprAtFpr[key];
      return e ? [`TPR @ ${label} FPR ${signed(e, 'percent')} ${intervalText(e, 'percent')}`] : [];
    });
    const differences = [`AUC ${signed(auc, 'fraction')} ${intervalText(auc, 'fraction')}`, ...rates];
    return `${titleOf(audit, a)} less ${titleOf(audit, b)}: ${differences.join(', ')}.`;
  });
}

function classes(audit: AuditRecord): string | null {
  const judged = audit.attacks.filter((a) => a.perClass && a.perClass.classes.length > 1);
  const strongest = strongestOf({ ...audit, attacks: judged });
  if (!strongest) return null;
  const { medianPrecision, medianRecall, classes: all } = strongest.perClass!;
  return (
    `${strongest.title}, median of ${all.length} classes: precision ${withInterval(medianPrecision, 'percent')}, ` +
    `recall ${withInterval(medianRecall, 'percent')}.`
  );
}

function slices({ slices: tables }: AuditRecord): string[] {
  if (!tables) return [];
  const looks = tables.reduce((sum, { looks: own }) => sum + own, 0);
  return tables.flatMap(({ by, slices: rows }) => {
    const known = rows.filter((s) => s.auc !== null).sort((a, b) => b.auc!.value! - a.auc!.value!);
    const small = rows.length - known.length;
    const left = small > 0 ? [`${integer(small)} with too few records`] : [];
    const shown = known.slice(0, NAMED).map((s) => {
      const mark = aboveAfter(looks, s.auc!, 0.5) ? '▲ ' : '';
      return `${s.value}: ${mark}${withInterval(s.auc!, 'fraction')}`;
    });
    const rest = known.length > NAMED ? [`${integer(known.length - NAMED)} more below`] : [];
    const parts = [...shown, ...rest, ...left];
    if (parts.length === 0) return [];
    return [`AUC by ${SLICES_BY[by]?.by ?? by}, ${parts.join('; ')}.`];
  });
}

function exposed({ exposed: found }: AuditRecord): string | null {
  if (!found || found.records.length === 0) return null;
  const named = found.records.slice(0, NAMED).map((r) => `row ${r.row} (${r.class}, ${percent(r.risk)})`);
  return `Members with the highest privacy risk score: ${named.join(', ')}.`;
}
