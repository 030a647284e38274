/** What an experiment's report is made of. Experiments fill these in; HTML and Markdown are made of them elsewhere. */

export interface Report {
  /** what came out, in one sentence, also when results are missing */
  readonly headline: string;
  readonly lead?: string;
  readonly sections: readonly ReportSection[];
}

export interface ReportSection {
  readonly title: string;
  /** paragraphs of plain text */
  readonly text?: readonly string[];
  readonly figure?: Curves;
  readonly table?: Table;
}

/** A value with its interval under it, or plain text. */
export type Cell = string | { readonly value: string; readonly interval: string };

export interface Table {
  readonly caption?: string;
  /** the first column names the row; the others are right-aligned */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Axis {
  readonly label: string;
  /** point: the values are names, in the order in which they come; default linear */
  readonly scale?: 'linear' | 'log' | 'point';
  readonly domain?: readonly [number, number];
  /** 0.25 as 25 % */
  readonly percent?: boolean;
}

export interface CurvePoint {
  /** a name on a point scale */
  readonly x: number | string;
  readonly y: number;
  /** ends of the interval */
  readonly low?: number;
  readonly high?: number;
  /** what it is of, for those who point at it */
  readonly name?: string;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly CurvePoint[];
  /** false: points that no line joins, since nothing lies between them; default true */
  readonly joined?: boolean;
  /** true: what the others are measured by, drawn over them, thick and in the colour of text; default false */
  readonly main?: boolean;
}

/** Curves over one pair of axes, with intervals, and levels to compare with. */
export interface Curves {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  /** horizontal lines: guessing, a published figure */
  readonly levels?: readonly { readonly y: number; readonly label: string }[];
}

/** What repeats of one point gave. @throws RangeError for none */
export function spread(values: readonly number[]): {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
} {
  if (values.length === 0) throw new RangeError('spread: expected at least one value, got none.');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}
