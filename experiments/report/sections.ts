/** The sections of the report, each a function from the record to markup. */
import { nonMembersNeeded } from '../../attacks/metrics/index.ts';
import type { AuditEstimate, AuditRecord } from '../audit-record.ts';
import { advise } from './advice.ts';
import { duration, FPRS, integer, intervalText, percent, percentDigits, type Unit, valueText } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { histogramPlot, type LineStyle, lineStyle, rocPlot } from './plots.ts';
import { fprLabel, VERDICT_MEANING, type Verdict, type VerdictLevel } from './verdict.ts';
import { ACCESS, attackersHelp, goalWords, knowledgeWords, METRICS, PART_METRICS } from './words.ts';

const KICKERS: Readonly<Record<VerdictLevel, string>> = {
  strong: 'Leaks strongly',
  visible: 'Leaks visibly',
  hint: 'Undecided',
  none: 'No leak detected',
};

// a shape for each tone, so that colour is never the only sign: triangle, diamond, circle
const SIGNS: Readonly<Record<VerdictLevel, string>> = {
  strong: 'M8 1 15.5 14.5H.5z',
  visible: 'M8 1 15.5 14.5H.5z',
  hint: 'M8 .5 15.5 8 8 15.5.5 8z',
  none: 'M8 1a7 7 0 1 0 .01 0z',
};

export function verdictSection(verdict: Verdict): Html {
  const [first, ...rest] = verdict.reasons;
  return html`<div class="verdict ${verdict.level}">
<p class="kicker"><svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true"><path fill="currentColor" d="${SIGNS[verdict.level]}"/></svg>${KICKERS[verdict.level]}</p>
<p class="headline">${verdict.headline}</p>
<p class="first">${first}</p>
${rest.map((r) => html`<p class="lead">${r}</p>`)}
</div>`;
}

/** Four numbers to remember. */
export function tiles(audit: AuditRecord): Html {
  const { train, dataset, attacks } = audit;
  const finest = FPRS.filter(({ key }) => attacks.some((a) => a.tprAtFpr[key])).at(-1);
  const best = (pick: (a: AuditRecord['attacks'][number]) => AuditEstimate | null) =>
    attacks.reduce<{ title: string; e: AuditEstimate } | null>((top, a) => {
      const e = pick(a);
      return e && (top === null || (e.value ?? 0) > (top.e.value ?? 0)) ? { title: a.title, e } : top;
    }, null);
  const tpr = finest ? best((a) => a.tprAtFpr[finest.key]) : null;
  const auc = best((a) => a.auc);
  return html`<dl class="tiles">
${finest && tpr && tile(`TPR at ${finest.label} FPR, best attack`, valueText(tpr.e, 'percent'), `${tpr.title}; guessing ${finest.label}`, intervalText(tpr.e, 'percent'))}
${auc && tile('AUC, best attack', valueText(auc.e, 'fraction'), `${auc.title}; guessing 0.5`, intervalText(auc.e, 'fraction'))}
${accuracyTile(train)}
${tile('Records tested', `${integer(dataset.members)} + ${integer(dataset.nonMembers)}`, 'members and non-members')}
</dl>`;
}

function accuracyTile({ accuracy, testAccuracy }: AuditRecord['train']): Html {
  const label = 'Accuracy, training and test';
  if (accuracy === null || testAccuracy === null) return tile(label, 'unknown', 'the true labels were not given');
  const gap = ((accuracy - testAccuracy) * 100).toFixed(1);
  return tile(label, `${percentDigits(accuracy)} → ${percent(testAccuracy)}`, `a gap of ${gap} points`);
}

function tile(label: string, value: string, sub: string, interval?: string): Html {
  return html`<div class="tile"><dt>${label}</dt><dd><div class="big">${value}${interval !== undefined && html` <small>${interval}</small>`}</div><div class="sub">${sub}</div></dd></div>`;
}

/** What was audited, in one sentence; the tiles above it have the rest. */
export function facts(audit: AuditRecord): Html {
  const { dataset, model, train, target } = audit;
  const help = attackersHelp(audit);
  const others = html`The ${integer(dataset.nonMembers)} non-members were held out; the audit assumes that they come from the same source.${help !== null && html` ${help}`}`;
  if (target) {
    const { ledger } = target;
    return html`<p class="facts lead">The model ${model.name} was trained by somebody else and is known by its answers only: ${target.outputs}, in ${integer(dataset.classes)} classes. It was asked about ${integer(ledger.queries)} records in ${integer(ledger.requests)} questions${ledger.remembered > 0 && html`; ${integer(ledger.remembered)} answers were kept from before`}. The ${integer(dataset.members)} members are said to be its training data. ${others}</p>`;
  }
  return html`<p class="facts lead">The model ${model.name} (${integer(model.parameters ?? 0)} parameters) was trained for ${integer(train.epochs ?? 0)} epochs in ${duration(train.seconds ?? 0)} on ${integer(dataset.members)} records of ${dataset.name} in ${integer(dataset.classes)} classes, the members. ${others}</p>`;
}

export function resultsSection(audit: AuditRecord): Html {
  const { attacks, dataset } = audit;
  const confidence = attacks[0]?.auc.confidence ?? 0.95;
  const cell = (label: string, e: AuditEstimate | null, unit: Unit, chance: number, otherwise: Html) =>
    e === null
      ? html`<td class="num open" data-label="${label}">${otherwise}</td>`
      : html`<td class="num${e.value !== null && e.low > chance && ' above'}" data-label="${label}"><span class="v">${valueText(e, unit)}</span><span class="i">${intervalText(e, unit)}</span></td>`;
  const none = html`<span class="nb" title="this attack only ranks records">no threshold</span>`;
  return html`<section aria-labelledby="results"><h2 id="results">What each attack achieved</h2>
<p class="lead">Below each value is its ${+(confidence * 100).toFixed(4)} % interval. ▲ marks intervals that lie wholly above guessing.</p>
<div class="scroll"><table class="stack">
<caption>${integer(dataset.members)} members, ${integer(dataset.nonMembers)} non-members.</caption>
<thead><tr><th scope="col">Attack, and what it sees</th>${FPRS.map((f) => html`<th scope="col" class="num">TPR at<br>${f.label} FPR</th>`)}<th scope="col" class="num">AUC</th><th scope="col" class="num">Balanced<br>accuracy</th><th scope="col" class="num">Advantage</th></tr></thead>
<tbody>
${attacks.map(
  (
    a,
    i,
  ) => html`<tr><th scope="row">${swatch(lineStyle(i))}${a.title}<span class="access">${ACCESS[a.access].short}${a.shadowData === 'overlapping' && ', reference models'}</span></th>
${FPRS.map(({ key, rate, label }) => cell(`TPR at ${label} FPR`, a.tprAtFpr[key], 'percent', rate, html`<span>not resolved: needs <span class="nb">≥ ${integer(nonMembersNeeded(rate))} non-members</span></span>`))}
${cell('AUC', a.auc, 'fraction', 0.5, none)}
${cell('Balanced accuracy', a.balancedAccuracy, 'percent', 0.5, none)}
${cell('Advantage', a.advantage, 'fraction', 0, none)}</tr>`,
)}
<tr class="chance"><th scope="row">Guessing</th>${FPRS.map((f) => html`<td class="num" data-label="TPR at ${f.label} FPR">${f.label}</td>`)}<td class="num" data-label="AUC">0.500</td><td class="num" data-label="Balanced accuracy">50.0 %</td><td class="num" data-label="Advantage">0.000</td></tr>
</tbody></table></div></section>`;
}

export function swatch({ color, dash, width }: LineStyle): Html {
  return html`<svg class="swatch" width="26" height="8" viewBox="0 0 26 8" aria-hidden="true"><path d="M0 4h26" stroke="${color}" stroke-width="${Math.ceil(width)}" stroke-dasharray="${dash}"/></svg>`;
}

export function rocSection(audit: AuditRecord): Html {
  const { nonMembers } = audit.dataset;
  const edge = Math.min(1, 10 / Math.max(1, nonMembers));
  return html`<section aria-labelledby="roc"><h2 id="roc">True and false accusations</h2>
<figure class="roc">${trusted(rocPlot({ audit }).outerHTML)}
<figcaption><ul class="legend" aria-label="Attacks, with AUC">${audit.attacks.map(
    (a, i) =>
      html`<li><span>${swatch(lineStyle(i))}${a.title}</span><span class="auc">AUC ${valueText(a.auc, 'fraction')}</span></li>`,
  )}</ul>
<p>Each curve shows how many members an attack finds (upwards) for every share of non-members it wrongly accuses (to the right). Both axes are logarithmic, because the dangerous attacks are the ones that are rarely wrong: they rise on the left. The dashed diagonal is guessing.</p>
<p>In the shaded part, below ${edge < 0.001 ? `${+(edge * 100).toPrecision(2)} %` : fprLabel(+edge.toPrecision(3))}, fewer than 10 of the ${integer(nonMembers)} non-members are accused: the curve there is mostly chance.</p></figcaption></figure></section>`;
}

export function histogramSection({ attacks }: AuditRecord): Html {
  return html`<section aria-labelledby="scores"><h2 id="scores">How the scores fall</h2>
<p class="lead">The share of each group by attack score. Where the two shapes coincide, the attack learns nothing; members standing alone at the right are the ones at risk. Scores beyond the range are counted in the outermost bars.</p>
<p class="key"><span><i class="m"></i>members</span><span><i class="n"></i>non-members</span></p>
<div class="multiples">${attacks.map(
    (attack) => html`<figure><h3>${attack.title}</h3>${trusted(histogramPlot({ attack }).outerHTML)}</figure>`,
  )}</div></section>`;
}

export function threatSection({ attacks }: AuditRecord): Html {
  const goals = new Set(attacks.map((a) => goalWords(a.threat.goal)));
  const common = goals.size === 1 && [...goals][0];
  return html`<section aria-labelledby="threats"><h2 id="threats">What each attacker needs</h2>
<p class="lead">${common && `All of them want to ${common}. `}A result counts only against attackers with this access and knowledge.</p>
<div class="scroll"><table class="stack threat">
<thead><tr><th scope="col">Attack and source</th><th scope="col">Access to the model</th><th scope="col">Knows</th>${!common && html`<th scope="col">Wants to</th>`}<th scope="col" class="num">Queries</th><th scope="col" class="num">Time</th></tr></thead>
<tbody>${attacks.map(
    (a) => html`<tr><th scope="row">${a.title}<span class="cite">${a.paper}</span></th>
<td data-label="Access to the model">${ACCESS[a.threat.access].long}</td><td data-label="Knows">${knowledgeWords(a.threat.knowledge)}${a.shadowData === 'overlapping' && '; has models trained on halves of the tested records'}</td>${!common && html`<td data-label="Wants to">${goalWords(a.threat.goal)}</td>`}
<td class="num" data-label="Queries">${integer(a.queries)}</td><td class="num" data-label="Time">${duration(a.seconds)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

export function meaningSection(audit: AuditRecord): Html {
  const e = audit.attacks[0]?.auc;
  const confidence = `${+((e?.confidence ?? 0.95) * 100).toFixed(4)} %`;
  const intervals = {
    term: `[low, high]`,
    text: `The ${confidence} interval: repeated audits of this kind would catch the true value within it ${confidence} of the time. TPR and AUC use a bootstrap that draws members and non-members separately; the rest, and results of none or all, use exact binomial (Clopper-Pearson) limits. It reflects the choice of records, not a retraining of the model.`,
  };
  const { perClass, exposed, control } = PART_METRICS;
  const parts = [
    ...(audit.attacks.some((a) => a.perClass) ? [perClass] : []),
    ...(audit.exposed ? [exposed] : []),
    ...(audit.control ? [control] : []),
  ];
  const open = {
    term: 'Not resolved',
    text: 'A false-positive rate is reported only where at least 10 non-members may be accused. Below that, the value would be an accident of a few records.',
  };
  return html`<section aria-labelledby="meaning"><h2 id="meaning">What the numbers mean</h2>
<dl class="defs">${[...METRICS, ...parts, intervals, open, { term: 'The verdict', text: VERDICT_MEANING }].map(({ term, text }) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl></section>`;
}

export function adviceSection(audit: AuditRecord, verdict: Verdict): Html {
  return html`<section aria-labelledby="advice"><h2 id="advice">What to do about it</h2>
<ol class="advice">${advise(audit, verdict).map(({ title, text }) => html`<li><div><h3>${title}</h3><p>${text}</p></div></li>`)}</ol></section>`;
}

/** Warnings of the run and of the attacks; the same message is said once, with the attacks it concerns. */
export function warningsSection(audit: AuditRecord): Html | null {
  const about = new Map<string, Set<string>>();
  const add = (message: string, who?: string) => {
    const set = about.get(message) ?? new Set();
    if (who) set.add(who);
    about.set(message, set);
  };
  for (const w of audit.warnings) add(w.message);
  for (const a of audit.attacks) {
    for (const w of a.warnings) add(w.message, a.title);
    if (a.auc.high < 0.5)
      add('The scores rank members clearly below non-members: the attack may be misconfigured.', a.title);
  }
  if (about.size === 0) return null;
  const who = (set: Set<string>) =>
    set.size === 0 ? '' : set.size === audit.attacks.length ? ' (all attacks)' : ` (${[...set].join(', ')})`;
  return html`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>
<ul class="warnings">${[...about].map(([message, set]) => html`<li>${message}<span class="muted">${who(set)}</span></li>`)}</ul></section>`;
}

function threadsText({ how, count }: NonNullable<AuditRecord['threads']>): string {
  if (how === 'one') return 'one';
  return `${count}, ${how === 'models' ? 'a model each' : 'within the kernels'}; one gives the same results`;
}

export function provenanceSection(audit: AuditRecord): Html {
  const rows: [string, string | undefined, boolean][] = [
    ['Date', audit.date, false],
    ['Command', audit.command, true],
    ['Version', `Keyhole ${audit.version}`, false],
    ['Build', audit.build, false],
    ['Threads', audit.threads && threadsText(audit.threads), false],
    ['Shadow models', audit.shadows?.toString(), false],
    ['Reference models', audit.references ? `${audit.references}, on halves of the tested records` : undefined, false],
    ['Population', audit.population ? integer(audit.population) : undefined, false],
    ['Seed', String(audit.seed), false],
    ['Dataset SHA-256', audit.dataset.sha256, true],
    ['Run time', duration(audit.seconds), false],
    ['Record', audit.schema, true],
  ];
  return html`<section aria-labelledby="provenance"><h2 id="provenance">Provenance</h2>
<p class="lead">For a model trained here without secure noise, version, build, seed and data determine every score.</p>
<dl class="defs">${rows.map(([term, text, mono]) => text !== undefined && html`<dt>${term}</dt><dd${trusted(mono ? ' class="mono"' : '')}>${text}</dd>`)}</dl></section>`;
}
