/** Curves with intervals over one pair of axes, as experiments describe them. */
import * as Plot from '@observablehq/plot';
import type { Axis, Curve, CurvePoint, Curves } from '../runner/index.ts';
import { createDocument } from './document.ts';
import { FONT, type LineStyle, lineStyle, MAIN_LINE } from './plots.ts';

const LOG_ROOM = 1.15;
const Y_TICKS = 6;
const MOST_NAMED = 10;

/** A page's own `document` gives a live element; by default a small one only serialises. */
export function curvesPlot({
  curves: figure,
  document = createDocument(),
}: {
  readonly curves: Curves;
  readonly document?: Document;
}): Element {
  const { x, y, curves, levels = [] } = figure;
  const places = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.x)))];
  const styles = curveStyles(curves);
  // the last is drawn over the others
  const drawn = [...curves.keys()].sort((a, b) => Number(curves[a]!.main ?? false) - Number(curves[b]!.main ?? false));
  const withIntervals = drawn.flatMap((index) =>
    curves[index]!.points.filter((p) => p.low !== undefined && p.high !== undefined).map((p) => ({
      ...p,
      color: styles[index]!.color,
    })),
  );
  return Plot.plot({
    document,
    className: 'plot',
    width: 640,
    height: 420,
    marginLeft: 64,
    marginBottom: 48,
    marginTop: 14,
    marginRight: 20,
    style: FONT,
    ariaLabel: figure.title,
    ariaDescription: described(figure),
    x: { ...scaleOf(x, places), ...xLabel(x) },
    y: { ...scaleOf(y, []), label: y.label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 58 },
    marks: [
      ...namedTicks(x, places),
      Plot.gridY({ ...(y.scale === 'log' ? {} : { ticks: Y_TICKS }), stroke: 'var(--grid)', strokeOpacity: 1 }),
      ...levels.flatMap((level) => [
        Plot.ruleY([level.y], { stroke: 'var(--muted)', strokeWidth: 1.25, strokeDasharray: '4 4' }),
        Plot.text([level], {
          y: 'y',
          text: 'label',
          frameAnchor: 'right',
          dy: -9,
          fill: 'var(--muted)',
          fontStyle: 'italic',
        }),
      ]),
      Plot.link(withIntervals, {
        x1: 'x',
        x2: 'x',
        y1: 'low',
        y2: 'high',
        stroke: 'color',
        strokeWidth: 1.75,
        strokeOpacity: 0.6,
      }),
      ...drawn.flatMap((index) => marksOf(curves[index]!, styles[index]!)),
    ],
    color: { type: 'identity' },
  });
}

/** Of each curve in turn: the one that the others are measured by takes none of their colours. */
export function curveStyles(curves: readonly Pick<Curve, 'main'>[]): LineStyle[] {
  let others = 0;
  return curves.map(({ main }) => (main ? MAIN_LINE : lineStyle(others++)));
}

function marksOf({ name, points, joined = true, main = false }: Curve, { color, dash, width }: LineStyle) {
  const titled = points.some((point) => point.name !== undefined);
  const line = Plot.line(points as CurvePoint[], {
    x: 'x',
    y: 'y',
    stroke: color,
    strokeWidth: width,
    strokeDasharray: dash,
    ariaDescription: name,
  });
  return [
    ...(joined ? [line] : []),
    Plot.dot(points as CurvePoint[], {
      x: 'x',
      y: 'y',
      fill: color,
      r: joined ? (main ? 4 : 3.25) : 4.5,
      ...(titled && { title: (point: CurvePoint) => point.name ?? name }),
    }),
  ];
}

const xLabel = ({ label }: Axis) => ({ label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 42 }) as const;

const isNamed = ({ scale }: Pick<Axis, 'scale'>, places: readonly unknown[]) =>
  scale === 'log' && places.length > 0 && places.length <= MOST_NAMED;

/** Few places on a logarithmic axis are all named: the axis of its own leaves out labels between powers of ten. */
function namedTicks(axis: Axis, places: readonly (number | string)[]) {
  if (!isNamed(axis, places)) return [];
  const text = (value: number) => tickText(axis, value);
  return [Plot.axisX(places as number[], { ...xLabel(axis), tickSize: 0, text })];
}

function tickText({ percent }: Axis, value: number | string): string {
  if (typeof value === 'string') return value;
  return percent ? `${+(100 * value).toPrecision(4)} %` : `${+value.toPrecision(4)}`;
}

function scaleOf(axis: Axis, places: readonly (number | string)[]) {
  const { scale = 'linear', domain } = axis;
  const shared = { tickFormat: (value: number | string) => tickText(axis, value), tickSize: 0 };
  if (scale === 'point') return { ...shared, type: scale, domain: [...places] };
  const numbers = places.filter((place) => typeof place === 'number');
  const [low, high] = domain ?? [Math.min(...numbers), Math.max(...numbers)];
  if (scale === 'linear') return { ...shared, type: scale, ticks: Y_TICKS, ...(domain && { domain: [low, high] }) };
  if (numbers.length === 0) return { ...shared, type: scale };
  // points need room at the ends
  const roomy = [low / LOG_ROOM, high * LOG_ROOM];
  return { ...shared, type: scale, domain: roomy, ...(isNamed({ scale }, places) && { axis: null }) };
}

function described({ x, y, curves, levels = [] }: Curves): string {
  const names = curves.map(({ name }) => name).join(', ');
  const marked = levels.map(({ y: at, label }) => `${label} is at ${at}`).join(', ');
  return `Horizontally ${x.label}, vertically ${y.label}. Curves: ${names}.${marked ? ` ${marked}.` : ''} The tables have the values.`;
}
