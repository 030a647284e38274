/** An evaluation of robustness for a terminal. */
import pc from 'picocolors';
import type { RobustnessPoint, RobustnessRecord } from '../robustness/index.ts';
import { integer, intervalText, valueText } from './format.ts';
import { epsilonText, goalOf, inOrder, NORMS, robustnessWords } from './robustness-words.ts';
import { cut, displayWidth, pad, printable, wrap } from './text.ts';

const GAP = 2;
const LONGEST_TITLE = 30;

/** Verdict, robust accuracy by attack and epsilon, flags; no line is wider than `width` (at least 40) cells. */
export function renderRobustnessText(record: RobustnessRecord, o: { colour: boolean; width: number }): string {
  const width = Math.max(40, o.width);
  const color = pc.createColors(o.colour);
  const { verdict, headline, reasons } = robustnessWords(record);
  const tone = { strong: color.red, visible: color.red, hint: color.yellow, none: color.cyan }[verdict.tone];
  const { dataset, model, flags, clean, attacks } = record;
  const told = new Set(
    [...attacks.flatMap(({ warnings }) => warnings), ...record.warnings].map(({ message }) => message),
  );
  const flagged = inOrder(flags).filter(({ flag }) => flag);
  const open = flags.filter(({ flag }) => flag === null).length;
  const asked = flags.length - open;
  const lines = [
    ...wrap(`${verdict.sign} ${verdict.kicker}. ${headline}`, width, 2).map((l) => color.bold(tone(l))),
    ...reasons.flatMap((r) => wrap(printable(r), width)),
    '',
    ...wrap(
      `${model.name} on ${integer(dataset.rows)} rows of ${dataset.name}: ${valueText(clean, 'percent')} right without an attack; ` +
        `rows that ${goalOf(record).stays} under perturbations in ${NORMS[record.norm]}:`,
      width,
      2,
    ).map((l) => color.dim(printable(l))),
    '',
    ...table(record, width, color),
    '',
    ...[...told].flatMap((message) => wrap(`! ${printable(message)}`, width, 2)).map((l) => color.yellow(l)),
    ...flagged.flatMap(({ name, evidence }) => wrap(`▲ ${name}: ${evidence}`, width, 2)).map((l) => color.bold(l)),
    ...wrap(
      `${integer(flagged.length)} of ${integer(asked)} checks flagged${open > 0 ? `; ${integer(open)} could not be asked` : ''}.`,
      width,
    ).map((l) => color.dim(l)),
  ];
  return `${lines.join('\n').replaceAll('\u00a0', ' ').trimEnd()}\n`;
}

/** As many epsilons as fit, the largest first to stay; without intervals where that lets more of them in. */
function table(record: RobustnessRecord, width: number, color: ReturnType<typeof pc.createColors>): string[] {
  const { attacks, worst, controls, epsilons } = record;
  const rows: {
    readonly title: string;
    readonly points: readonly Pick<RobustnessPoint, 'robust'>[];
    readonly bold: boolean;
  }[] = [
    ...attacks.map(({ title, curve, stopped }) => ({
      title: `${printable(title)}${stopped ? ' (stopped)' : ''}`,
      points: curve,
      bold: false,
    })),
    ...(attacks.length > 1 ? [{ title: 'Worst case', points: worst, bold: true }] : []),
    ...(controls.noise ? [{ title: 'Random noise', points: controls.noise.curve, bold: false }] : []),
  ];
  const first = Math.min(LONGEST_TITLE, Math.max(...rows.map(({ title }) => displayWidth(title))), width - 12);
  const columnsWith = (intervals: boolean) =>
    epsilons.map((epsilon, c) => {
      const texts = rows.map(({ points }) => {
        const { robust } = points[c]!;
        return `${valueText(robust, 'percent')}${intervals ? ` ${intervalText(robust, 'percent')}` : ''}`;
      });
      const head = `ε ${epsilonText(epsilon)}`;
      return { head, texts, size: Math.max(displayWidth(head), ...texts.map(displayWidth)) };
    });
  const needs = (columns: ReturnType<typeof columnsWith>) => columns.reduce((sum, { size }) => sum + size + GAP, first);
  let columns = columnsWith(true);
  if (needs(columns) > width) columns = columnsWith(false);
  while (needs(columns) > width && columns.length > 1) columns = columns.slice(1);
  const line = (title: string, texts: readonly string[]) =>
    pad(cut(title, first), first, 'left') +
    texts.map((text, c) => ' '.repeat(GAP) + pad(text, columns[c]!.size, 'right')).join('');
  return [
    color.bold(
      line(
        'Attack',
        columns.map(({ head }) => head),
      ),
    ),
    color.dim('─'.repeat(Math.min(width, needs(columns)))),
    ...rows.map(({ title, bold }, r) => {
      const text = line(
        title,
        columns.map(({ texts }) => texts[r]!),
      );
      return bold ? color.bold(text) : text;
    }),
  ];
}
