/** Writing to people and to programs: text on a terminal of some width, or one JSON value. */
import pc from 'picocolors';
import type { Stream, Terminal } from './terminal.ts';

export type Colours = ReturnType<typeof pc.createColors>;

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** false: --no-colour was given */
  readonly colour?: boolean;
}

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** of standard output */
  readonly width: number;
  readonly colour: boolean;
  readonly colours: Colours;
  /** to standard output; nothing under --json */
  print(text: string): void;
  /** to standard output; nothing without --json */
  printJson(value: unknown): void;
  /** to standard error, unless --quiet */
  note(text: string): void;
}

const WIDEST = 120;
const WITHOUT_TERMINAL = 100;

export function outputTo({ stdout, stderr, env }: Terminal, options: OutputOptions): Output {
  const json = options.json ?? false;
  const quiet = options.quiet ?? false;
  const colour = wantsColour(options.colour, env, stdout.isTTY === true);
  return {
    json,
    quiet,
    width: Math.min(WIDEST, stdout.columns ?? WITHOUT_TERMINAL),
    colour,
    colours: pc.createColors(colour),
    print: (text) => void (json || stdout.write(`${text}\n`)),
    printJson: (value) => void (json && stdout.write(jsonText(value))),
    note: (text) => void (quiet || say(stderr, text)),
  };
}

/** Lines on standard error, broken at spaces on a terminal: elsewhere whoever reads them breaks lines, or must not. */
export function say(stderr: Stream, text: string): void {
  const broken = (line: string) => {
    const indent = /^ */.exec(line)![0];
    return wrap(line.trimStart(), (stderr.columns ?? 80) - indent.length).map((part) => indent + part);
  };
  const lines = stderr.isTTY ? text.split('\n').flatMap(broken) : [text];
  stderr.write(`${lines.join('\n')}\n`);
}

// no-color.org: any value but the empty one counts.
function wantsColour(asked: boolean | undefined, env: Terminal['env'], isTTY: boolean): boolean {
  if (asked === false || env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return isTTY && env['TERM'] !== 'dumb';
}

/** Indented JSON with each list of numbers on a line of its own, and a newline at the end. */
export function jsonText(value: unknown): string {
  // Line breaks are never part of a string, where JSON escapes them: what they separate are items.
  const numbers = /\[\n\s+(-?[\d.eE+-]+(?:,\n\s+-?[\d.eE+-]+)*)\n\s*\]/g;
  const text = JSON.stringify(value, null, 2).replace(numbers, (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`);
  return `${text}\n`;
}

/** Breaks text at spaces into lines of at most `width` characters; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Columns padded to their widest cell; the last one is wrapped to the width. */
export function columns(rows: readonly (readonly string[])[], width: number, indent = 2): string {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  const start = indent + widths.reduce((sum, w) => sum + w + 2, 0);
  const lines = rows.flatMap((row) => {
    const head = widths.map((w, c) => (row[c] ?? '').padEnd(w + 2)).join('');
    const tail = wrap(row[count - 1] ?? '', Math.max(24, width - start));
    return tail.map((text, i) => `${i === 0 ? ' '.repeat(indent) + head : ' '.repeat(start)}${text}`.trimEnd());
  });
  return lines.join('\n');
}

/** 62253 -> `62 kB`, 187008000 -> `187 MB` */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** 75 -> `1:15`, 3675 -> `1:01:15` */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function countText(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 0.98765 -> `98.8 %` */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
