/** One evaluation of robustness as one HTML file. */
import type { RobustnessPoint, RobustnessRecord } from '../robustness/index.ts';
import { curveStyles, curvesPlot } from './curves.ts';
import { duration, integer, intervalText, percent, valueText } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { page } from './page.ts';
import { climbCurves, securityCurves } from './robustness-plot.ts';
import {
  answerOf,
  defenceWords,
  epsilonText,
  goalOf,
  inOrder,
  NORMS,
  robustnessAdvice,
  robustnessWords,
} from './robustness-words.ts';
import { swatch } from './sections.ts';
import { ACCESS } from './words.ts';

/** A function of the record alone. */
export function renderRobustnessReport(record: RobustnessRecord): string {
  const name = `${record.model.name} on ${record.dataset.name}`;
  return page({
    title: `Robustness: ${name}`,
    heading: `Robustness of ${name}`,
    version: record.version,
    date: record.date,
    pictures: record.examples.length > 0,
    main: html`${verdict(record)}
${tiles(record)}
${curves(record)}
${results(record)}
${examples(record)}
${checks(record)}
${climb(record)}
${advice(record)}
${warnings(record)}
${meaning(record)}
${provenance(record)}`,
  });
}

function verdict(record: RobustnessRecord): Html {
  const { verdict: level, headline, reasons } = robustnessWords(record);
  const [first, ...rest] = reasons;
  return html`<div class="verdict ${level.tone}">
<p class="kicker">${level.sign} ${level.kicker}</p>
<p class="headline">${headline}</p>
<p class="first">${first}</p>
${rest.map((r) => html`<p class="lead">${r}</p>`)}
</div>`;
}

function tiles(record: RobustnessRecord): Html {
  const { clean, worst, dataset, flags, attacks } = record;
  const tile = (label: string, value: string, sub: string) =>
    html`<div class="tile"><dt>${label}</dt><dd><div class="big">${value}</div><div class="sub">${sub}</div></dd></div>`;
  const [first, last] = [worst[0]!, worst.at(-1)!];
  // at the largest perturbation many leave nothing: the whole curve tells them apart
  const left = (attack: RobustnessRecord['attacks'][number]) =>
    attack.curve.reduce((sum, { robust }) => sum + (robust.value ?? 0), 0);
  const strongest = attacks.reduce((a, b) => (left(b) < left(a) ? b : a));
  const flagged = flags.filter(({ flag }) => flag).length;
  return html`<dl class="tiles">
${tile('Right without an attack', valueText(clean, 'percent'), `${intervalText(clean, 'percent')}; ${integer(dataset.rows)} rows`)}
${tile(`Robust at ${epsilonText(last.epsilon)}, worst case`, valueText(last.robust, 'percent'), `${intervalText(last.robust, 'percent')}; strongest: ${strongest.title}`)}
${worst.length > 1 ? tile(`Robust at ${epsilonText(first.epsilon)}, worst case`, valueText(first.robust, 'percent'), intervalText(first.robust, 'percent')) : tile('Attacks', integer(attacks.length), attacks.map(({ name }) => name).join(', '))}
${tile('Checks flagged', `${integer(flagged)} of ${integer(flags.filter(({ flag }) => flag !== null).length)}`, 'of those that could be asked')}
</dl>`;
}

function curves(record: RobustnessRecord): Html {
  const figure = securityCurves(record);
  const styles = curveStyles(figure.curves);
  const goal = goalOf(record);
  const last = (points: readonly { readonly y: number }[]) => percent(points.at(-1)?.y ?? 0);
  return html`<section aria-labelledby="curve"><h2 id="curve">Robust accuracy by perturbation</h2>
<figure class="roc">${trusted(curvesPlot({ curves: figure }).outerHTML)}
<figcaption><ul class="legend" aria-label="Attacks, with robust accuracy at the largest perturbation">${figure.curves.map(
    ({ name, points }, i) =>
      html`<li><span>${swatch(styles[i]!)}${name}</span><span class="auc">${last(points)}</span></li>`,
  )}</ul>
<p>Each curve falls from ${goal.wanted === null ? 'the accuracy' : 'the share'} without an attack as the attacker may change more. A row counts as robust when it is ${goal.robust}; the worst case counts a row as robust only when no attack at all fools it. Bars are intervals.</p></figcaption></figure></section>`;
}

function results(record: RobustnessRecord): Html {
  const { attacks, worst, clean, epsilons, dataset, controls, norm } = record;
  const goal = goalOf(record);
  const confidence = clean.confidence;
  const cell = ({ epsilon, robust }: Pick<RobustnessPoint, 'epsilon' | 'robust'>) =>
    html`<td class="num" data-label="at ${epsilonText(epsilon)}"><span class="v">${valueText(robust, 'percent')}</span><span class="i">${intervalText(robust, 'percent')}</span></td>`;
  const rounded = worst.some((point) => point.rounded);
  const { noise } = controls;
  return html`<section aria-labelledby="results"><h2 id="results">What each attack leaves</h2>
<p class="lead">Rows that ${goal.stays} under attack, with ${+(confidence * 100).toFixed(4)} % intervals. Rows that ${goal.lost} count as not robust.</p>
<div class="scroll"><table class="stack"><caption>${integer(dataset.rows)} rows; perturbations in ${NORMS[norm]}.</caption>
<thead><tr><th scope="col">Attack, and what it sees</th>${epsilons.map((epsilon) => html`<th scope="col" class="num">ε = ${epsilonText(epsilon)}</th>`)}<th scope="col" class="num">Median distance</th><th scope="col" class="num">Queries</th><th scope="col" class="num">Time</th></tr></thead>
<tbody>${attacks.map(
    (
      a,
    ) => html`<tr><th scope="row">${a.title}<span class="access">${ACCESS[a.access].short}${optionsText(a)}${a.stopped && '; stopped by the query budget'}</span></th>
${a.curve.map(cell)}<td class="num" data-label="Median distance">${a.medianDistance === null ? '–' : +a.medianDistance.toPrecision(3)}</td><td class="num" data-label="Queries">${integer(a.queries)}</td><td class="num" data-label="Time">${duration(a.seconds)}</td></tr>`,
  )}
<tr class="worst"><th scope="row">Worst case, row by row</th>${worst.map(cell)}<td></td><td></td><td></td></tr>
${
  rounded &&
  html`<tr><th scope="row">Worst case when stored<span class="access">rows rounded to whole steps of the data</span></th>${worst.map((point) => (point.rounded ? cell({ epsilon: point.epsilon, robust: point.rounded }) : html`<td></td>`))}<td></td><td></td><td></td></tr>`
}
${noise && html`<tr class="chance"><th scope="row">Random noise, ${noise.tries} draws</th>${noise.curve.map(cell)}<td></td><td></td><td></td></tr>`}
</tbody></table></div></section>`;
}

function optionsText({ options }: RobustnessRecord['attacks'][number]): string {
  const shown = ['steps', 'restarts', 'queries'].flatMap((name) =>
    options[name] === undefined ? [] : [`${name} ${integer(options[name])}`],
  );
  return shown.length > 0 ? `; ${shown.join(', ')}` : '';
}

function examples({ examples: shown, norm }: RobustnessRecord): Html | null {
  if (shown.length === 0) return null;
  const face = (uri: string, alt: string, caption: Html) => html`<div><img src="${uri}" alt="${alt}">${caption}</div>`;
  return html`<section aria-labelledby="examples"><h2 id="examples">What fools it</h2>
<p class="lead">Rows at ε = ${epsilonText(shown[0]!.epsilon)}: as they are, what was changed (grey is no change, magnified as stated), and what the model saw.</p>
<div class="faces">${shown.map(
    (e) => html`<figure><div class="three">
${face(e.clean, `row ${e.row}, class ${e.label}`, html`<span>read as ${e.before}</span>`)}
${face(e.perturbation, 'the perturbation', html`<span>change × ${+e.magnified.toPrecision(2)}</span>`)}
${face(e.adversarial, `row ${e.row} as it was changed`, html`<span>read as <b class="wrong">${e.after}</b></span>`)}
</div><figcaption>Row ${e.row}, class ${e.label}, by ${e.attack}: ${NORMS[norm]} ${+e.distance.toPrecision(3)}.</figcaption></figure>`,
  )}</div></section>`;
}

function checks({ flags }: RobustnessRecord): Html {
  return html`<section aria-labelledby="checks"><h2 id="checks">Whether to believe it</h2>
<p class="lead">Weak attacks make robust models. Each evaluation is held against the published checklist; flags say that the figure above may be too good.</p>
<div class="scroll"><table class="stack threat"><thead><tr><th scope="col">Question</th><th scope="col">Answer</th><th scope="col">Evidence</th></tr></thead>
<tbody>${inOrder(flags).map((flag) => {
    const { sign, word } = answerOf(flag);
    return html`<tr><th scope="row">${flag.question}<span class="cite">${flag.source}</span></th>
<td data-label="Answer"><span class="nb${flag.flag && ' flagged'}">${sign} ${word}</span></td><td data-label="Evidence">${flag.evidence ?? 'What it needs was not run: no such attack, or no such access.'}</td></tr>`;
  })}</tbody></table></div></section>`;
}

function climb({ controls: { convergence, gradients } }: RobustnessRecord): Html | null {
  if (!convergence) return null;
  const { attack, epsilon, rows, steps, fooled, bySteps, byStarts, restarts } = convergence;
  return html`<section aria-labelledby="climb"><h2 id="climb">Did the attack arrive?</h2>
<figure class="roc">${trusted(curvesPlot({ curves: climbCurves(convergence) }).outerHTML)}
<figcaption><p>The mean loss that ${attack} climbs over ${integer(rows)} rows at ε = ${epsilonText(epsilon)}: it should rise, and flatten before the last step.</p>
<ul class="legend" aria-label="Rows that are fooled"><li><span>all attacks here</span><span class="auc">${integer(fooled)} fooled</span></li><li><span>${integer(2 * steps)} steps in place of ${integer(steps)}</span><span class="auc">${integer(bySteps)} more</span></li><li><span>${integer(2 * restarts)} starts in place of ${integer(restarts)}</span><span class="auc">${integer(byStarts)} more</span></li></ul>
${gradients && html`<p>Gradients at ${integer(gradients.rows)} rows without an attack: ${gradientText(gradients)}.</p>`}</figcaption></figure></section>`;
}

function gradientText({ edges, counts, zero, broken }: NonNullable<RobustnessRecord['controls']['gradients']>): string {
  const filled = counts.flatMap((count, i) => (count > 0 ? [i] : []));
  const range = filled.length > 0 ? [`norms from 1e${edges[filled[0]!]} to 1e${edges[filled.at(-1)! + 1]}`] : [];
  return [...range, `${integer(zero)} are zero`, `${integer(broken)} not finite`].join(', ');
}

function advice(record: RobustnessRecord): Html {
  return html`<section aria-labelledby="advice"><h2 id="advice">What to do</h2>
<ol class="advice">${robustnessAdvice(record).map(({ title, text }) => html`<li><div><strong>${title}</strong><p>${text}</p></div></li>`)}</ol></section>`;
}

function warnings({ warnings: own, attacks }: RobustnessRecord): Html | null {
  const all = [...own, ...attacks.flatMap((attack) => attack.warnings)];
  if (all.length === 0) return null;
  return html`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>
<ul class="warnings">${all.map(({ message }) => html`<li>${message}</li>`)}</ul></section>`;
}

function meaning(record: RobustnessRecord): Html {
  const { norm, attacks } = record;
  const size: Readonly<Record<RobustnessRecord['norm'], string>> = {
    linf: 'no number of a row is changed by more',
    l2: 'the root of the sum of squared changes is no larger',
    l1: 'the changes sum to no more',
    l0: 'no more numbers are changed',
  };
  const rows: readonly (readonly [string, string])[] = [
    ['Robust', `A row that is ${goalOf(record).robust}.`],
    ['ε', `How much may be changed, in the units that the model sees: ${size[norm]}.`],
    ['Worst case', 'Row by row over all attacks and all smaller perturbations. The only figure to quote.'],
    [
      'Interval',
      'Clopper and Pearson 1934: what other rows of the same kind would give. It says nothing about stronger attacks.',
    ],
    [
      'Gradient masking',
      'A model whose gradients lead attacks astray is not robust: others, that do not follow them, get through.',
    ],
    ...attacks.map(({ title, paper }) => [title, paper] as const),
  ];
  return html`<section aria-labelledby="meaning"><h2 id="meaning">What the numbers mean</h2><dl class="defs">${rows.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl></section>`;
}

function provenance(record: RobustnessRecord): Html {
  const { dataset, model } = record;
  const words = defenceWords(record) ?? undefined;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Date', record.date],
    ['Command', record.command],
    ['Version', `Keyhole ${record.version}`],
    ['Seed', String(record.seed)],
    ['Data', `${integer(dataset.rows)} rows of ${dataset.name}; ${dataset.sha256}`],
    ['Model', `${model.name}${model.parameters === null ? '' : `, ${integer(model.parameters)} parameters`}`],
    ['Wanted', goalOf(record).wanted ?? undefined],
    ['Before the model', words && `${words.before}. ${words.attacker}`],
    ['Access', ACCESS[model.access].long],
    ['Run time', duration(record.seconds)],
    ['Record', record.schema],
  ];
  return html`<section aria-labelledby="provenance"><h2 id="provenance">Provenance</h2><dl class="defs">${rows.map(([term, text]) => text !== undefined && html`<dt>${term}</dt><dd>${text}</dd>`)}</dl></section>`;
}
