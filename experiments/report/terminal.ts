/** The audit as a table for a terminal. */
import pc from 'picocolors';
import { nonMembersNeeded } from '../../attacks/metrics/index.ts';
import type { AuditAttack, AuditEstimate, AuditRecord } from '../audit-record.ts';
import { FPRS, integer, intervalText, percent, type Unit, valueText } from './format.ts';
import { partLines } from './terminal-parts.ts';
import { cut, displayWidth, pad, printable, wrap } from './text.ts';
import { judge, type VerdictLevel } from './verdict.ts';
import { attackersHelp } from './words.ts';

interface Column {
  readonly head: string;
  readonly unit: Unit;
  readonly chance: number;
  readonly intervals: boolean;
  pick(attack: AuditAttack): AuditEstimate | null;
}

interface Cell {
  readonly text: string;
  /** the interval lies wholly above chance */
  readonly above: boolean;
}

const GAP = 2;
// titles are cut to this before a column is given up
const SHORTEST_TITLE = 20;

/**
 * Verdict, one row per attack, and what could not be resolved; no line is wider than `width` (at least 40) cells. When the
 * table does not fit, balanced accuracy goes first, then the intervals of the TPRs, then the TPRs at higher FPR.
 */
export function renderAuditTable(audit: AuditRecord, o: { colour: boolean; width: number }): string {
  const width = Math.max(40, o.width);
  const color = pc.createColors(o.colour);
  const verdict = judge(audit);
  const tone = { strong: color.red, visible: color.red, hint: color.yellow, none: color.cyan }[verdict.level];
  const confidence = `${+((audit.attacks[0]?.auc.confidence ?? 0.95) * 100).toFixed(4)} %`;
  const notes = [
    ...(audit.attacks.length > 0
      ? [`[low, high] are ${confidence} intervals; ${MARK} lies wholly above guessing.`]
      : []),
    ...(audit.slices?.length
      ? ['Parts of the records are further looks at the same scores: ▲ there allows for all of them.']
      : []),
    ...unresolved(audit),
  ];
  const help = attackersHelp(audit);
  const parts = [...(help === null ? [] : [help]), ...partLines(audit)];
  const lines = [
    ...wrap(`${SIGNS[verdict.level]} ${verdict.headline}`, width, 2).map((l) => color.bold(tone(l))),
    ...verdict.reasons.flatMap((r) => wrap(printable(r), width)),
    '',
    ...wrap(
      `${audit.model.name} on ${audit.dataset.name}: ${integer(audit.dataset.members)} members, ` +
        `${integer(audit.dataset.nonMembers)} non-members${accuracyWords(audit.train)}`,
      width,
      2,
    ).map((l) => color.dim(printable(l))),
    '',
    ...(audit.attacks.length > 0 ? [...table(audit, width, color), ''] : []),
    ...parts.flatMap((p) => wrap(printable(p), width, 2)),
    ...(parts.length > 0 ? [''] : []),
    ...notes.flatMap((n) => wrap(n, width, 2)).map((l) => color.dim(l)),
  ];
  return `${lines.join('\n').replaceAll('\u00a0', ' ').trimEnd()}\n`;
}

function accuracyWords({ accuracy, testAccuracy }: AuditRecord['train']): string {
  if (accuracy === null || testAccuracy === null) return '; true labels unknown';
  return `; accuracy ${percent(accuracy)} on training, ${percent(testAccuracy)} on test records`;
}

const MARK = '▲';
const SIGNS: Readonly<Record<VerdictLevel, string>> = { strong: '▲', visible: '▲', hint: '◆', none: '●' };

function table(audit: AuditRecord, width: number, color: ReturnType<typeof pc.createColors>): string[] {
  const { attacks } = audit;
  const titles = attacks.map((a) => printable(a.title));
  const layouts = columnSets(audit).map((columns) => {
    const cells = attacks.map((a) => columns.map((c) => cellOf(c, a)));
    const widths = columns.map((c, i) =>
      Math.max(displayWidth(c.head), ...cells.map((row) => displayWidth(row[i]!.text))),
    );
    return { columns, cells, widths, room: width - widths.reduce((s, w) => s + w + GAP, 0) };
  });
  const longest = Math.max(displayWidth('Guessing'), ...titles.map(displayWidth));
  const layout = layouts.find((l) => l.room >= Math.min(longest, SHORTEST_TITLE)) ?? layouts.at(-1)!;
  const first = Math.max(1, Math.min(longest, layout.room));
  const line = (title: string, texts: readonly string[], paint: (text: string, column: number) => string) =>
    pad(cut(title, first), first, 'left') +
    texts.map((t, i) => ' '.repeat(GAP) + paint(pad(t, layout.widths[i]!, 'right'), i)).join('');
  const same = (t: string) => t;
  const guessing = layout.columns.map((c) =>
    c.unit === 'percent' ? `${+(c.chance * 100).toFixed(4)} %` : c.chance.toFixed(3),
  );
  return [
    color.bold(
      line(
        'Attack',
        layout.columns.map((c) => c.head),
        same,
      ),
    ),
    color.dim('─'.repeat(first + layout.widths.reduce((s, w) => s + w + GAP, 0))),
    ...attacks.map((_, r) => {
      const row = layout.cells[r]!;
      return line(
        titles[r]!,
        row.map((c) => c.text),
        (text, i) => (row[i]!.above ? color.bold(text) : text),
      );
    }),
    color.dim(line('Guessing', guessing, same)),
  ];
}

function cellOf(column: Column, attack: AuditAttack): Cell {
  const e = column.pick(attack);
  if (e === null) return { text: '–', above: false };
  const above = e.value !== null && e.low > column.chance;
  const value = `${above ? `${MARK} ` : ''}${valueText(e, column.unit)}`;
  return { text: column.intervals ? `${value} ${intervalText(e, column.unit)}` : value, above };
}

/** From everything to the least that is worth showing: AUC, and the TPR at the lowest resolved rate. */
function columnSets({ attacks }: AuditRecord): Column[][] {
  const auc: Column = { head: 'AUC', unit: 'fraction', chance: 0.5, intervals: true, pick: (a) => a.auc };
  const balanced: Column = {
    head: 'Bal. accuracy',
    unit: 'percent',
    chance: 0.5,
    intervals: true,
    pick: (a) => a.balancedAccuracy,
  };
  const tprs = FPRS.filter(({ key }) => attacks.some((a) => a.tprAtFpr[key] !== null)).map(
    ({ key, rate, label }): Column => ({
      head: `TPR @ ${label} FPR`,
      unit: 'percent',
      chance: rate,
      intervals: true,
      pick: (a) => a.tprAtFpr[key],
    }),
  );
  const plain = (c: Column): Column => ({ ...c, head: c.head.replace(' FPR', ''), intervals: false });
  const [lowest] = tprs.slice(-1);
  const others = tprs.slice(0, -1);
  return [
    [auc, ...tprs, balanced],
    [auc, ...tprs],
    ...(lowest
      ? [
          [auc, ...others.map(plain), lowest],
          [auc, ...tprs.map(plain)],
          [auc, plain(lowest)],
        ]
      : []),
    [{ ...auc, intervals: false }, ...(lowest ? [plain(lowest)] : [])],
  ];
}

function unresolved({ attacks, dataset }: AuditRecord): string[] {
  return FPRS.filter(({ key }) => attacks.some((a) => a.tprAtFpr[key] === null)).map(
    ({ rate, label }) =>
      `TPR at ${label} FPR is not resolved: needs ≥ ${integer(nonMembersNeeded(rate))} non-members, has ${integer(dataset.nonMembers)}.`,
  );
}
