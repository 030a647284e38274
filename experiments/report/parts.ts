/** The report's sections on classes, slices, single records, the paired comparison and the control; each where the record has it. */
import { aboveAfter } from '../../attacks/metrics/index.ts';
import type { AuditEstimate, AuditRecord } from '../audit-record.ts';
import { FPRS, integer, intervalText, percent, signed, type Unit, valueText } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { riskPlot } from './plots.ts';
import { CLASSIFIERS, SLICES_BY } from './words.ts';

/** longer tables are folded */
const OPEN_ROWS = 12;

export const titleOf = (audit: AuditRecord, name: string) => audit.attacks.find((a) => a.name === name)?.title ?? name;

/** The attack with the highest AUC. */
export function strongestOf({ attacks }: AuditRecord): AuditRecord['attacks'][number] | null {
  return attacks.reduce<AuditRecord['attacks'][number] | null>(
    (best, a) => (best && (best.auc.value ?? 0) >= (a.auc.value ?? 0) ? best : a),
    null,
  );
}

function cell(label: string, e: AuditEstimate | null, unit: Unit, above = false): Html {
  if (e === null) return html`<td class="num open" data-label="${label}"><span>not resolved</span></td>`;
  return html`<td class="num${above && ' above'}" data-label="${label}"><span class="v">${valueText(e, unit)}</span><span class="i">${intervalText(e, unit)}</span></td>`;
}

function folded(title: string, open: boolean, table: Html): Html {
  // an attribute with a value, so that every attribute of the page has one
  return html`<details${trusted(open ? ' open=""' : '')}><summary>${title}</summary>${table}</details>`;
}

export function controlSection({ control }: AuditRecord): Html | null {
  if (!control) return null;
  const words = control.broken
    ? 'They can, so the two groups differ for reasons that have nothing to do with the model, and every attack profits from that. Draw both at random from one source, and audit again.'
    : 'They cannot, as it should be: what the attacks find comes from the model.';
  return html`<section aria-labelledby="control"><h2 id="control">Could anybody tell without the model?</h2>
<p class="lead">The control: two classifiers see the records and never the model, and try to tell members from non-members. ${words}</p>
<div class="scroll"><table class="stack"><caption>Cross-validated in ${control.folds} folds on ${control.features} numbers for each record; intervals hold together at 99.9 %.</caption>
<thead><tr><th scope="col">Classifier</th><th scope="col" class="num">AUC</th></tr></thead>
<tbody>${control.classifiers.map(({ name, auc }) => html`<tr><th scope="row">${CLASSIFIERS[name] ?? name}</th>${cell('AUC', auc, 'fraction', control.broken && auc.low > 0.5)}</tr>`)}
<tr class="chance"><th scope="row">Guessing</th><td class="num" data-label="AUC">0.500</td></tr></tbody></table></div></section>`;
}

export function pairedSection(audit: AuditRecord): Html | null {
  const { paired } = audit;
  if (!paired || paired.length === 0) return null;
  const rates = FPRS.filter(({ key }) => paired.some((p) => p.tprAtFpr[key]));
  const difference = (label: string, e: AuditEstimate | null, unit: Unit) =>
    e === null
      ? cell(label, e, unit)
      : html`<td class="num" data-label="${label}"><span class="v">${signed(e, unit)}</span><span class="i">${intervalText(e, unit)}</span></td>`;
  return html`<section aria-labelledby="paired"><h2 id="paired">Is the stronger attack really stronger?</h2>
<p class="lead">Differences on the same records, so that what both attacks owe to the choice of records cancels out. An interval that holds 0 shows no difference. The stronger attack was chosen by these results, which flatters it a little.</p>
<div class="scroll"><table class="stack"><thead><tr><th scope="col">Compared</th><th scope="col" class="num">AUC</th>${rates.map((f) => html`<th scope="col" class="num">TPR at<br>${f.label} FPR</th>`)}<th scope="col" class="num">p, equal AUCs<br>(DeLong)</th></tr></thead>
<tbody>${paired.map(
    (p) =>
      html`<tr><th scope="row">${titleOf(audit, p.a)}<span class="access">less ${titleOf(audit, p.b)}</span></th>${difference('AUC', p.auc, 'fraction')}${rates.map((f) => difference(`TPR at ${f.label} FPR`, p.tprAtFpr[f.key], 'percent'))}<td class="num" data-label="p, equal AUCs">${pValueText(p.pValue)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

export function pValueText(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

export function classesSection(audit: AuditRecord): Html | null {
  const judged = audit.attacks.filter((a) => a.perClass && a.perClass.classes.length > 1);
  if (judged.length === 0) return null;
  const strongest = strongestOf({ ...audit, attacks: judged })!;
  const { classes } = strongest.perClass!;
  const range = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? '–' : `${percent(Math.min(...known))} to ${percent(Math.max(...known))}`;
  };
  return html`<section aria-labelledby="classes"><h2 id="classes">Class by class</h2>
<p class="lead">Precision: of the records that an attack calls members, the share that are. Recall: of the members, the share it calls so. Medians over classes, as Shokri et al. 2017 report them; guessing has the precision of the members’ share.</p>
<div class="scroll"><table class="stack"><thead><tr><th scope="col">Attack</th><th scope="col" class="num">Median<br>precision</th><th scope="col" class="num">Classes from, to</th><th scope="col" class="num">Median<br>recall</th><th scope="col" class="num">Classes from, to</th></tr></thead>
<tbody>${judged.map(({ title, perClass }) => {
    const { classes: all, medianPrecision, medianRecall } = perClass!;
    return html`<tr><th scope="row">${title}</th>${cell('Median precision', medianPrecision, 'percent')}<td class="num" data-label="Classes from, to">${range(all.map((c) => c.precision.value))}</td>${cell('Median recall', medianRecall, 'percent')}<td class="num" data-label="Classes from, to">${range(all.map((c) => c.recall.value))}</td></tr>`;
  })}</tbody></table></div>
${folded(
  `${strongest.title}, each class`,
  classes.length <= OPEN_ROWS,
  html`<div class="scroll"><table class="stack"><thead><tr><th scope="col">Class</th><th scope="col" class="num">Members</th><th scope="col" class="num">Non-members</th><th scope="col" class="num">Precision</th><th scope="col" class="num">Guessing</th><th scope="col" class="num">Recall</th></tr></thead>
<tbody>${classes.map(
    (c) =>
      html`<tr><th scope="row">${c.name}</th><td class="num" data-label="Members">${integer(c.members)}</td><td class="num" data-label="Non-members">${integer(c.nonMembers)}</td>${cell('Precision', c.precision, 'percent', c.precision.value !== null && c.precision.low > c.baseline)}<td class="num" data-label="Guessing">${percent(c.baseline)}</td>${cell('Recall', c.recall, 'percent')}</tr>`,
  )}</tbody></table></div>`,
)}</section>`;
}

export function slicesSection(audit: AuditRecord): Html | null {
  const { slices } = audit;
  if (!slices || slices.length === 0) return null;
  const looks = slices.reduce((sum, table) => sum + table.looks, 0);
  return html`<section aria-labelledby="slices"><h2 id="slices">Who is at risk</h2>
<p class="lead">${titleOf(audit, slices[0]!.attack)}, the attack with the highest AUC, on parts of the records. These are ${integer(looks)} intervals, and many looks find something by luck: ▲ marks those that stay above guessing with allowance for all of them.</p>
${slices.map((table) => folded(`By ${SLICES_BY[table.by]?.by ?? table.by}`, table.slices.length <= OPEN_ROWS, sliceTable(table, looks)))}</section>`;
}

type SliceTable = NonNullable<AuditRecord['slices']>[number];

function sliceTable({ slices, by }: SliceTable, looks: number): Html {
  const rates = FPRS.filter(({ key }) => slices.some((s) => s.tprAtFpr[key]));
  const balanced = slices.some((s) => s.balancedAccuracy);
  const above = (e: AuditEstimate | null, chance: number) => e !== null && aboveAfter(looks, e, chance);
  const columns = 1 + rates.length + (balanced ? 1 : 0);
  return html`<div class="scroll"><table class="stack"><thead><tr><th scope="col">${SLICES_BY[by]?.head ?? by}</th><th scope="col" class="num">Members</th><th scope="col" class="num">Non-members</th>${rates.map((f) => html`<th scope="col" class="num">TPR at<br>${f.label} FPR</th>`)}<th scope="col" class="num">AUC</th>${balanced && html`<th scope="col" class="num">Balanced<br>accuracy</th>`}</tr></thead>
<tbody>${slices.map(
    (s) =>
      html`<tr><th scope="row">${s.value}</th><td class="num" data-label="Members">${integer(s.members)}</td><td class="num" data-label="Non-members">${integer(s.nonMembers)}</td>${
        s.tooSmall
          ? html`<td class="num muted" colspan="${columns}" data-label="">too few records</td>`
          : html`${rates.map(({ key, rate, label }) => cell(`TPR at ${label} FPR`, s.tprAtFpr[key], 'percent', above(s.tprAtFpr[key], rate)))}${cell('AUC', s.auc, 'fraction', above(s.auc, 0.5))}${balanced && cell('Balanced accuracy', s.balancedAccuracy, 'percent', above(s.balancedAccuracy, 0.5))}`
      }</tr>`,
  )}</tbody></table></div>`;
}

export function exposedSection({ exposed }: AuditRecord): Html | null {
  if (!exposed) return null;
  const { records, histogram, prior } = exposed;
  return html`<section aria-labelledby="exposed"><h2 id="exposed">The most exposed records</h2>
<p class="lead">The privacy risk score of a record (Song and Mittal 2021): how likely it is a member, given how the model treats it. It starts from ${percent(prior)} and compares with the members and non-members of the shadow models, class by class.</p>
<figure><p class="key"><span><i class="m"></i>members</span><span><i class="n"></i>non-members</span></p>${trusted(riskPlot({ histogram }).outerHTML)}<figcaption>All records tested, by their score.</figcaption></figure>
${folded(
  `The ${records.length} members with the highest scores`,
  true,
  html`<div class="scroll"><table><thead><tr><th scope="col">Row of the data set</th><th scope="col">Class</th><th scope="col" class="num">Privacy risk score</th></tr></thead>
<tbody>${records.map((r) => html`<tr><td>${r.row}</td><td>${r.class}</td><td class="num">${percent(r.risk)}</td></tr>`)}</tbody></table></div>`,
)}</section>`;
}
