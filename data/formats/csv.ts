/** Comma-separated values through csv-parse: cells as text, each row with its line in the file. */
import { CsvError, parse } from 'csv-parse/browser/esm/sync';
import { FormatError } from '../../engine/index.ts';
import { asFormatError, opening, refuseEmptyAndHtml } from './bytes.ts';

export interface CsvOptions {
  /** one character; default: the one of `,` `;` tab that the first line has most of */
  readonly separator?: string;
  /** whether the first row holds names; default: recognised (see `readCsv`) */
  readonly header?: boolean;
  /** lines to leave out at the beginning, header not counted; default 0 */
  readonly skipLines?: number;
}

export interface CsvTable {
  readonly file: string;
  /** null when there is no header */
  readonly names: readonly string[] | null;
  /** rows of cells, all of one length, without surrounding white space */
  readonly rows: readonly (readonly string[])[];
  /** for every row the line on which it ends, from 1 */
  readonly lines: readonly number[];
}

const KIND = 'a CSV file';
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;

/** Whether the cell stands for a finite number (up to its size). */
export function isFiniteNumber(cell: string): boolean {
  return NUMBER.test(cell);
}

/** Whether the cell stands for a number, including the words for those that are not finite. */
export function isNumeric(cell: string): boolean {
  return NUMBER.test(cell) || NOT_FINITE.test(cell);
}

/** Whether the cell says that the value is not known: empty, or `?`. */
export function isMissing(cell: string): boolean {
  return cell === '' || cell === '?';
}

/**
 * Fields may be quoted; empty lines are skipped. Without `header`, the first row is taken for names when none of its cells
 * is a number or missing and, below one of them, there are numbers, or (all text) none of them occurs again in its column.
 * @param bytes UTF-8
 * @throws FormatError with line and column for ragged rows and faulty quotes, and for binary files
 */
export function readCsv(bytes: Uint8Array, file: string, options: CsvOptions = {}): CsvTable {
  refuseEmptyAndHtml(bytes, file, KIND);
  const text = decode(bytes, file);
  const lines: number[] = [];
  const rows = parseRows(text, file, options, lines);
  const first = rows[0];
  if (!first) throw new FormatError(`${file}: expected rows, got only empty lines.`, file, 0);
  for (const [i, row] of rows.entries()) {
    if (row.length !== first.length) {
      throw new FormatError(
        `${file}, line ${lines[i]}: expected ${first.length} fields as in the first row, got ${row.length}. ` +
          'Quote fields that contain the separator, or name the separator.',
        file,
      );
    }
  }
  const named = options.header ?? looksLikeHeader(rows);
  if (!named) return { file, names: null, rows, lines };
  if (rows.length === 1)
    throw new FormatError(`${file}: expected rows below the header, got none.`, file, bytes.length);
  return { file, names: uniqueNames(first, file), rows: rows.slice(1), lines: lines.slice(1) };
}

function parseRows(text: string, file: string, options: CsvOptions, lines: number[]): string[][] {
  try {
    return parse(text, {
      delimiter: options.separator ?? likelySeparator(text, options.skipLines ?? 0),
      from_line: 1 + (options.skipLines ?? 0),
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: 16 << 20,
      on_record: (row: string[], { lines: line }) => {
        lines.push(line);
        return row;
      },
    }) as string[][];
  } catch (error) {
    if (!(error instanceof CsvError)) throw asFormatError(error, file, KIND);
    throw new FormatError(`${file}: expected ${KIND}. ${error.message}. Double the quotes inside quoted fields.`, file);
  }
}

function decode(bytes: Uint8Array, file: string): string {
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    throw new FormatError(
      `${file}: expected text, got a zero byte at ${zero}. It is a binary file${opening(bytes, 2) === 'PK' ? ' (a zip or spreadsheet: export it as CSV)' : ''}.`,
      file,
      zero,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(
      `${file}: expected UTF-8 text, got other bytes. Convert it to UTF-8; if it is gzipped, name it .gz.`,
      file,
    );
  }
}

function likelySeparator(text: string, skip: number): string {
  const line = text.split(/\r\n|\n|\r/, skip + 1)[skip] ?? '';
  const count = (separator: string) => line.split(separator).length;
  return [',', ';', '\t'].reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

function looksLikeHeader(rows: readonly (readonly string[])[]): boolean {
  const [first, ...rest] = rows.slice(0, 1001);
  if (!first || rest.length === 0 || first.some((cell) => isNumeric(cell) || isMissing(cell))) return false;
  if (first.some((_, column) => isNumeric(rest[0]![column]!))) return true;
  return first.length > 1 && first.every((name, column) => rest.every((row) => row[column] !== name));
}

function uniqueNames(names: readonly string[], file: string): readonly string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new FormatError(
    `${file}, header: expected distinct column names, got '${twice}' twice. Rename one, or say header: false.`,
    file,
    0,
  );
}
