/** The report's figures. Colours are CSS variables of the page, so that one SVG serves light, dark and print. */
import * as Plot from '@observablehq/plot';
import { MIN_FALSE_POSITIVES } from '../../attacks/metrics/index.ts';
import type { AuditAttack, AuditRecord } from '../audit-record.ts';
import { createDocument } from './document.ts';

export interface LineStyle {
  readonly color: string;
  readonly dash: string;
  readonly width: number;
}

/** How the n-th attack is drawn, everywhere: colour and dash both, so that neither alone has to be told apart. The ninth has the first's colour and the second's dash. */
export function lineStyle(index: number): LineStyle {
  const dash = DASHES[(index + Math.floor(index / 8)) % DASHES.length]!;
  return { color: `var(--s${(index % 8) + 1})`, dash, width: 2.25 };
}

/** How the curve is drawn that the others are measured by. */
export const MAIN_LINE: LineStyle = { color: 'var(--ink)', dash: 'none', width: 4 };

const DASHES = ['none', '7 3', '2 3', '9 3 2 3', 'none', '5 2 1 2 1 2', '12 4', '1 3'];
export const FONT = 'font-size:13px;font-family:inherit;overflow:visible';

interface PlotTarget {
  readonly audit: AuditRecord;
  /** a page's own `document` to get a live element; by default a small one that only serialises */
  readonly document?: Document;
}

/** A false-positive rate as a tick: 0.001 -> "0.1 %" */
const tick = (x: number) => `${+(x * 100).toPrecision(3)} %`;

/**
 * All ROC curves on two logarithmic axes (Carlini et al. 2022): the left edge shows what an attack can do while accusing
 * almost nobody wrongly. Curves are staircases, without interpolation between thresholds.
 */
export function rocPlot({ audit, document = createDocument() }: PlotTarget): Element {
  const { nonMembers, members } = audit.dataset;
  // half a non-member: the smallest rate that can be seen, with room for the step before it
  const floor = 0.5 / Math.max(5, nonMembers);
  const resolvable = Math.min(1, MIN_FALSE_POSITIVES / Math.max(1, nonMembers));
  const decades = Array.from({ length: Math.floor(-Math.log10(floor)) + 1 }, (_, i) => 10 ** -i);
  const curves = audit.attacks.map((attack, index) => ({ attack, ...lineStyle(index) }));
  const axis = { type: 'log', domain: [floor, 1], ticks: decades, tickFormat: tick, tickSize: 0 } as const;
  return Plot.plot({
    document,
    className: 'plot',
    width: 560,
    height: 520,
    marginLeft: 72,
    marginBottom: 48,
    marginTop: 14,
    marginRight: 16,
    style: FONT,
    ariaLabel: `ROC curves of ${audit.attacks.length} attacks on logarithmic axes`,
    ariaDescription:
      `Horizontally the false-positive rate from ${tick(floor)} to 100 %, vertically the true-positive rate. Guessing is the ` +
      `diagonal. Below a false-positive rate of ${tick(resolvable)} the ${nonMembers} non-members do not resolve the curve. ` +
      'The table of results has the values.',
    x: { ...axis, label: 'False-positive rate', labelAnchor: 'center', labelArrow: 'none', labelOffset: 42 },
    y: { ...axis, label: 'True-positive rate', labelAnchor: 'center', labelArrow: 'none', labelOffset: 66 },
    marks: [
      Plot.rect([0], { x1: floor, x2: resolvable, y1: floor, y2: 1, fill: 'var(--shade)' }),
      Plot.gridX(decades, { stroke: 'var(--grid)', strokeOpacity: 1 }),
      Plot.gridY(decades, { stroke: 'var(--grid)', strokeOpacity: 1 }),
      Plot.line(
        [
          [floor, floor],
          [1, 1],
        ],
        { stroke: 'var(--muted)', strokeWidth: 1.25, strokeDasharray: '4 4' },
      ),
      Plot.text([0], {
        x: Math.sqrt(floor * resolvable),
        y: 1,
        text: () => 'not resolved',
        dy: 14,
        fill: 'var(--muted)',
        fontStyle: 'italic',
      }),
      Plot.text([0], {
        x: 0.4,
        y: 0.4,
        text: () => 'guessing',
        textAnchor: 'start',
        dx: 6,
        dy: 14,
        fill: 'var(--muted)',
        fontStyle: 'italic',
      }),
      ...curves.map(({ attack, color, dash, width }) =>
        Plot.line(staircase(attack.roc, floor, 0.5 / members), {
          x: 'x',
          y: 'y',
          stroke: color,
          strokeWidth: width,
          strokeDasharray: dash,
          strokeLinejoin: 'round',
          curve: 'step-after',
          ariaDescription: attack.title,
        }),
      ),
    ],
  });
}

/** The curve from the left edge on: what zero has no place for on a logarithmic axis is drawn at the edge. */
export function staircase(roc: AuditAttack['roc'], floor: number, smallestTpr: number): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  for (let i = 0; i < roc.fpr.length; i++) {
    const y = roc.tpr[i]!;
    if (y < smallestTpr) continue;
    const x = Math.max(floor, roc.fpr[i]!);
    // a threshold with the same FPR and a higher TPR replaces the one before
    if (points.at(-1)?.x === x) points.pop();
    points.push({ x, y: Math.max(floor, y) });
  }
  return points;
}

/** Scores of members (filled) and non-members (outlined) of one attack, each as a share of its group. */
export function histogramPlot({
  attack,
  document,
}: {
  readonly attack: AuditAttack;
  readonly document?: Document;
}): Element {
  return twoHistograms({
    histogram: attack.histogram,
    ariaLabel: `${attack.title}: scores of members and non-members`,
    ariaDescription: 'Two histograms on one axis. The further apart they are, the better the attack.',
    label: 'score',
    ...(document && { document }),
  });
}

/** Privacy risk scores of members and non-members. */
export function riskPlot({
  histogram,
  document,
}: {
  readonly histogram: Histogram;
  readonly document?: Document;
}): Element {
  return twoHistograms({
    histogram,
    ariaLabel: 'Privacy risk scores of members and non-members',
    ariaDescription:
      'Two histograms on one axis from 0 to 1. Members on the right are the ones that the model gives away.',
    label: 'privacy risk score',
    width: 560,
    ...(document && { document }),
  });
}

type Histogram = AuditAttack['histogram'];

function twoHistograms({
  histogram: { edges, members, nonMembers },
  ariaLabel,
  ariaDescription,
  label,
  width = 340,
  document = createDocument(),
}: {
  readonly histogram: Histogram;
  readonly ariaLabel: string;
  readonly ariaDescription: string;
  readonly label: string;
  readonly width?: number;
  readonly document?: Document;
}): Element {
  const share = (counts: readonly number[]) => {
    const total = counts.reduce((s, c) => s + c, 0);
    return counts.map((c, i) => ({ x1: edges[i]!, x2: edges[i + 1]!, y: total === 0 ? 0 : c / total }));
  };
  const outline = share(nonMembers).flatMap(({ x1, x2, y }) => [
    { x: x1, y },
    { x: x2, y },
  ]);
  const [first, last] = [edges[0]!, edges.at(-1)!];
  return Plot.plot({
    document,
    className: 'plot',
    width,
    height: 190,
    marginLeft: 42,
    marginRight: 8,
    marginTop: 10,
    marginBottom: 34,
    style: FONT.replace('13px', '12px'),
    ariaLabel,
    ariaDescription,
    x: { domain: [first, last], ticks: 4, tickSize: 3, label, labelAnchor: 'right', labelOffset: 32 },
    y: { ticks: 3, tickSize: 0, label: null, tickFormat: tick, nice: true },
    marks: [
      Plot.gridY({ ticks: 3, stroke: 'var(--grid)', strokeOpacity: 1 }),
      Plot.rectY(share(members), {
        x1: 'x1',
        x2: 'x2',
        y: 'y',
        fill: 'var(--member)',
        // without it, antialiasing leaves hairlines between neighbouring bars
        shapeRendering: 'crispEdges',
      }),
      Plot.line([{ x: first, y: 0 }, ...outline, { x: last, y: 0 }], {
        x: 'x',
        y: 'y',
        stroke: 'var(--nonmember)',
        strokeWidth: 1.75,
        strokeLinejoin: 'miter',
      }),
      Plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  });
}
