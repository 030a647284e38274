/** One experiment as one HTML file, from what its report says about the records and from where they came. */
import type { Cell, Curves, Report, ReportSection, Table } from '../runner/index.ts';
import { curveStyles, curvesPlot } from './curves.ts';
import { duration, integer } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { page } from './page.ts';
import { swatch } from './sections.ts';

/** What a report is about, beside what its experiment says. */
export interface ExperimentRun {
  readonly name: string;
  readonly title: string;
  /** what the settings are, and where they differ from the paper's, where they are those of a profile */
  readonly profile?: string;
  readonly paper: string;
  readonly report: Report;
  readonly jobs: number;
  /** names of the jobs that are not done */
  readonly missing: readonly string[];
  /** complete, as JSON */
  readonly settings: unknown;
  readonly data: readonly { readonly name: string; readonly sha256: string }[];
  readonly build: string;
  readonly version: string;
  /** of all finished jobs together */
  readonly seconds: number;
  readonly command?: string;
  /** as the caller wants it shown; without one, the records alone decide the bytes */
  readonly date?: string;
}

export function renderExperimentReport(run: ExperimentRun): string {
  const { report, title, version, date } = run;
  return page({
    title: `${title} (Keyhole)`,
    heading: title,
    version,
    date,
    main: html`<section class="verdict none" aria-label="Result"><p class="kicker">${run.name}</p><p class="headline">${report.headline}</p>${report.lead !== undefined && html`<p>${report.lead}</p>`}${run.profile !== undefined && html`<p>Setting: ${run.profile}.</p>`}</section>
${unfinished(run)}
${report.sections.map((section, i) => sectionOf(section, i))}
${provenance(run)}`,
  });
}

const SHOWN = 12;

function unfinished({ missing, jobs }: ExperimentRun): Html | null {
  if (missing.length === 0) return null;
  const more = missing.length - SHOWN;
  return html`<section aria-labelledby="missing"><h2 id="missing">Not all jobs are done</h2>
<p class="lead">${integer(jobs - missing.length)} of ${integer(jobs)} are. What is shown rests on those; the run can go on.</p>
<ul class="warnings">${missing.slice(0, SHOWN).map((name) => html`<li>${name}</li>`)}${more > 0 && html`<li>and ${integer(more)} more</li>`}</ul></section>`;
}

function sectionOf({ title, text = [], figure, table }: ReportSection, index: number): Html {
  return html`<section aria-labelledby="part-${index + 1}"><h2 id="part-${index + 1}">${title}</h2>
${text.map((paragraph) => html`<p class="lead">${paragraph}</p>`)}${figure && figureOf(figure)}${table && tableOf(table)}</section>`;
}

function figureOf(figure: Curves): Html {
  const { curves } = figure;
  const styles = curveStyles(curves);
  const legend = html`<ul class="legend" aria-label="Curves">${curves.map((curve, i) => html`<li><span>${swatch(styles[i]!)}${curve.name}</span></li>`)}</ul>`;
  return html`<figure class="roc curves">${trusted(curvesPlot({ curves: figure }).outerHTML)}<figcaption>${legend}</figcaption></figure>`;
}

function tableOf({ caption, columns, rows }: Table): Html {
  const cell = (value: Cell, label: string) =>
    typeof value === 'string'
      ? html`<td class="num" data-label="${label}"><span class="v">${value}</span></td>`
      : html`<td class="num" data-label="${label}"><span class="v">${value.value}</span><span class="i">${value.interval}</span></td>`;
  const text = (value: Cell) => (typeof value === 'string' ? value : value.value);
  return html`<div class="scroll"><table class="stack">${caption !== undefined && html`<caption>${caption}</caption>`}
<thead><tr>${columns.map((name, c) => html`<th scope="col"${trusted(c > 0 ? ' class="num"' : '')}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...cells]) => html`<tr><th scope="row">${text(first ?? '')}</th>${cells.map((value, c) => cell(value, columns[c + 1] ?? ''))}</tr>`)}</tbody></table></div>`;
}

function provenance(run: ExperimentRun): Html {
  const rows: [string, string | undefined, boolean][] = [
    ['After', run.paper, false],
    ['Date', run.date, false],
    ['Command', run.command, true],
    ['Version', `Keyhole ${run.version}`, false],
    ['Build', run.build, false],
    ...run.data.map(({ name, sha256 }): [string, string, boolean] => [`Data: ${name}`, `SHA-256 ${sha256}`, true]),
    ['Computing time', duration(run.seconds), false],
    ['Settings', JSON.stringify(run.settings), true],
  ];
  return html`<section aria-labelledby="provenance"><h2 id="provenance">Provenance</h2>
<dl class="defs">${rows.map(([term, text, mono]) => text !== undefined && html`<dt>${term}</dt><dd${trusted(mono ? ' class="mono"' : '')}>${text}</dd>`)}</dl></section>`;
}
