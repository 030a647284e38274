/** The same report as Markdown, for pages that are kept with the code. Figures are given by their tables. */
import type { Axis, Cell, CurvePoint, Curves, Table } from '../runner/index.ts';
import type { ExperimentRun } from './experiment-report.ts';

export function renderExperimentMarkdown(run: ExperimentRun): string {
  const { report, missing, jobs } = run;
  const parts = [
    `# ${run.title}`,
    run.command !== undefined && `Made by \`${run.command}\`; edit the experiment, not this page.`,
    `**${report.headline}**`,
    report.lead,
    run.profile !== undefined && `Setting: ${run.profile}.`,
    missing.length > 0 && `> ${jobs - missing.length} of ${jobs} jobs are done. Missing: ${missing.join('; ')}.`,
    ...report.sections.flatMap(({ title, text = [], figure, table }) => [
      `## ${title}`,
      ...text,
      figure && figureTable(figure),
      table && tableText(table),
    ]),
    '## Provenance',
    [
      `- After: ${run.paper}`,
      `- Keyhole ${run.version}, build ${run.build}${run.date === undefined ? '' : `, ${run.date}`}`,
      ...run.data.map(({ name, sha256 }) => `- Data: ${name}, SHA-256 \`${sha256}\``),
      `- Settings: \`${JSON.stringify(run.settings)}\``,
    ].join('\n'),
  ];
  return `${parts.filter((part) => typeof part === 'string' && part !== '').join('\n\n')}\n`;
}

const escaped = (text: string) => text.replaceAll('|', '\\|');

function rowsOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(columns), line(columns.map((_, c) => (c === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function tableText({ caption, columns, rows }: Table): string {
  const text = (cell: Cell) => (typeof cell === 'string' ? cell : `${cell.value} ${cell.interval}`);
  const table = rowsOf(
    columns,
    rows.map((cells) => cells.map(text)),
  );
  return caption === undefined ? table : `${caption}\n\n${table}`;
}

/** A column for each curve, a row for each place on the horizontal axis, or for each name where the points have some. */
function figureTable({ title, x, y, curves, levels = [] }: Curves): string {
  const all = curves.flatMap(({ points }) => points);
  const keyOf = (point: CurvePoint) =>
    point.name !== undefined ? `${point.name}, ${across(point.x)}` : place(point.x);
  const place = (at: number | string) => (typeof at === 'number' ? String(+at.toPrecision(4)) : at);
  const write = ({ percent }: Axis, value: number) =>
    percent ? `${(100 * value).toFixed(1)} %` : `${+value.toPrecision(3)}`;
  const across = (at: number | string) => (typeof at === 'number' ? write(x, at) : at);
  const number = (value: number) => write(y, value);
  const cells = [...new Set(all.map(keyOf))].map((key) => [
    key,
    ...curves.map(({ points }) => {
      const point = points.find((p) => keyOf(p) === key);
      if (!point) return '';
      const { low, high } = point;
      const interval = low === undefined || high === undefined ? '' : ` [${number(low)}, ${number(high)}]`;
      return number(point.y) + interval;
    }),
  ]);
  const marks = levels.map(({ y: at, label }) => `${label}: ${number(at)}`).join('; ');
  return `${title}${marks ? ` (${marks})` : ''}\n\n${rowsOf([all.some((p) => p.name !== undefined) ? `Point, ${x.label.toLowerCase()}` : x.label, ...curves.map(({ name }) => name)], cells)}`;
}
