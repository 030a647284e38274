/** The files of the page: docs/benchmarks.json and docs/nodes.json as measured, docs/benchmarks.md written from them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ConfigError } from '../../engine/index.ts';
import { type BenchResult, benchSchema } from '../row.ts';
import { type NodesResult, nodesSchema } from './nodes.ts';
import { benchmarkPage } from './page.ts';

const RUN = 'docs/benchmarks.json';
const NODES = 'docs/nodes.json';
const PAGE = 'docs/benchmarks.md';
const LIMITS = 'docs/decisions/limits-of-speed.md';

/**
 * The checkout that this file is part of, from its source or from dist/.
 * @throws ConfigError in an installed package, which has no page to write
 */
export function checkoutRoot(): string {
  const root = ['../..', '../../..', '..']
    .map((path) => fileURLToPath(new URL(`${path}/`, import.meta.url)))
    .find((path) => existsSync(join(path, 'bench/peers/package.json')));
  if (root) return root;
  throw new ConfigError(
    '--save: expected a checkout of the repository, whose docs/ it writes. Clone it first.',
    'save',
  );
}

const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

function parsed<Schema extends v.GenericSchema>(path: string, schema: Schema): v.InferOutput<Schema> | undefined {
  const text = textOf(path);
  return text === undefined ? undefined : v.parse(schema, JSON.parse(text));
}

/** The page as it must be, from the files beside it; null before the first save. */
export function benchmarksPage(root: string): string | null {
  const run = parsed(join(root, RUN), benchSchema);
  if (!run) return null;
  const nodes = parsed(join(root, NODES), nodesSchema);
  const limits = textOf(join(root, LIMITS));
  return benchmarkPage({ run, ...(nodes && { nodes }), ...(limits !== undefined && { limits }) });
}

/** JSON with each item of a list on a line of its own: a row a line; six digits of what was measured. */
function linesOf(value: object): string {
  const rounded = (_: string, x: unknown) =>
    typeof x === 'number' && !Number.isInteger(x) ? Number(x.toPrecision(6)) : x;
  const text = (x: unknown) => JSON.stringify(x, rounded);
  const items = (list: readonly unknown[]) => `[\n    ${list.map(text).join(',\n    ')}\n  ]`;
  const fields = Object.entries(value).map(([name, field]) => {
    return `  "${name}": ${Array.isArray(field) && field.length > 0 ? items(field) : text(field)}`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}

function save(root: string, file: string, value: object): string[] {
  writeFileSync(join(root, file), linesOf(value));
  const page = benchmarksPage(root);
  if (page === null) return [file];
  writeFileSync(join(root, PAGE), page);
  return [file, PAGE];
}

/** Keeps a run and writes the page. @returns the files written, relative to the root */
export const saveBenchmarks = (root: string, run: BenchResult): string[] => save(root, RUN, run);

/** The same for the rows of several versions of Node. */
export const saveNodes = (root: string, nodes: NodesResult): string[] => save(root, NODES, nodes);
