/** Numbers as the report and the table print them. */
import type { AuditEstimate } from '../audit-record.ts';

/** The false-positive rates of the record, with what a reader calls them. */
export const FPRS = [
  { key: '0.1', rate: 0.1, label: '10 %' },
  { key: '0.01', rate: 0.01, label: '1 %' },
  { key: '0.001', rate: 0.001, label: '0.1 %' },
] as const;

/** 12345 -> "12,345" */
export function integer(n: number): string {
  return n.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A share as per cent without the sign: 0.2413 -> "24.1", 0.0084 -> "0.84" */
export function percentDigits(share: number): string {
  const percent = share * 100;
  return percent.toFixed(percent !== 0 && Math.abs(percent) < 1 ? 2 : 1);
}

export function percent(share: number): string {
  return `${percentDigits(share)} %`;
}

/** 0.5 -> "0.5 s", 75 -> "1 min 15 s", 7260 -> "2 h 1 min" */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** How a metric is printed: AUC as 0.643 [0.61, 0.68], rates as 24.1 % [19.0, 28.9]. */
export type Unit = 'fraction' | 'percent';

export function valueText(e: AuditEstimate, unit: Unit): string {
  if (e.value === null) return 'undefined';
  return unit === 'percent' ? percent(e.value) : minus(e.value.toFixed(3));
}

/** A difference: with its sign, in points where it is one of rates. */
export function signed(e: AuditEstimate, unit: Unit): string {
  if (e.value === null) return 'undefined';
  const text = unit === 'percent' ? percentDigits(e.value).replace('-', '−') : minus(e.value.toFixed(3));
  const sign = text.startsWith('−') || Number(text) === 0 ? '' : '+';
  return `${sign}${text}${unit === 'percent' ? ' points' : ''}`;
}

export function intervalText(e: AuditEstimate, unit: Unit): string {
  const end = (x: number) => minus(unit === 'percent' ? percentDigits(x) : x.toFixed(2));
  return `[${end(e.low)}, ${end(e.high)}]`;
}

// a hyphen is too short beside figures; and -0.000 is 0.000
function minus(text: string): string {
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}
