/** From what the command line says about data to a loaded set. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Dataset, SETS, type SetDef } from '../data/index.ts';
import { ConfigError, FormatError, KeyholeError, Rng } from '../engine/index.ts';
import { dataFolder, findSet } from './files.ts';
import { didYouMean } from './suggest.ts';
import type { Terminal } from './terminal.ts';

export interface DataChoice {
  /** a set's name, or a file */
  readonly data: string;
  readonly path?: string;
  /** the label column of a table */
  readonly label?: string;
  /** `name=value`, the set's own options */
  readonly dataOption?: readonly string[];
  /** of synthetic sets */
  readonly seed?: number;
  /** whether the checksums of public files must match; default true */
  readonly verify?: boolean;
}

export interface LoadedData {
  readonly dataset: Dataset;
  /** where its files are; null when it has none */
  readonly place: string | null;
  /** whether its files are the published ones, by their checksums */
  readonly verified: boolean;
}

export const setNames = Object.keys(SETS);

const FILE_SETS: Readonly<Record<string, string>> = { '.csv': 'csv', '.tsv': 'csv', '.npz': 'npz' };

/**
 * The set that is meant, and where its files are said to be.
 * @throws ConfigError for an unknown name, with the nearest known one
 */
export async function chosenSet({ data, path }: DataChoice): Promise<{ set: SetDef; path: string | undefined }> {
  if (Object.hasOwn(SETS, data)) return { set: SETS[data]!, path };
  const kind = FILE_SETS[extname(data.toLowerCase().replace(/\.gz$/, ''))];
  if (kind !== undefined) {
    if (path !== undefined) {
      throw new ConfigError(
        `--data ${data} --path ${path}: expected one of two files. Use --data ${kind} --path FILE.`,
        'path',
      );
    }
    return { set: SETS[kind]!, path: data };
  }
  const isThere = (await stat(data).catch(() => null)) !== null;
  const remedy = isThere
    ? ` For a file or folder of your own: --data NAME --path ${data}.`
    : didYouMean(data, setNames);
  throw new ConfigError(
    `--data ${data}: expected the name of a set (${setNames.join(', ')}), or a file that ends in .csv or .npz.${remedy}`,
    'data',
    setNames,
  );
}

/**
 * Loads the set that is meant.
 * @throws ConfigError for names, options and paths that do not fit; FormatError for files that cannot be used
 */
export async function loadData(
  choice: DataChoice,
  { env, signal }: Pick<Terminal, 'env' | 'signal'>,
): Promise<LoadedData> {
  const { set, path } = await chosenSet(choice);
  if (path !== undefined && set.kind !== 'files') {
    const why = set.kind === 'embedded' ? 'ships with keyhole' : 'is made up on the spot';
    throw new ConfigError(`--path ${path}: expected none, since ${set.name} ${why}. Leave the option out.`, 'path');
  }
  const options = setOptions(set, choice);
  const source = await findSet(set.name, { env, ...(path !== undefined && { path }) });
  if (source === null && set.kind === 'files') throw notFound(set, env);
  try {
    const { seed = 0, verify = true } = choice;
    const rng = Rng.from(seed).split('data');
    const dataset = await set.load({ options, rng, verify, ...(source && { source }) });
    signal.throwIfAborted();
    const place = source?.describe('') ?? null;
    requireClasses(dataset, place ?? set.name);
    return { dataset, place, verified: verify && (set.kind === 'embedded' || set.files.length > 0) };
  } catch (error) {
    throw withRemedy(error, set, choice);
  }
}

function notFound(set: SetDef, env: Terminal['env']): KeyholeError {
  if (set.files.length === 0) {
    return new ConfigError(
      `--data ${set.name}: expected ${set.title}, got no path. Name it with --path, or as --data FILE.${set.name}.`,
      'path',
    );
  }
  return new KeyholeError(
    `${set.name}: expected its files under ${dataFolder(env)}, found none. ` +
      `Fetch them with \`keyhole data get ${set.name}\`, name their folder with --path, or set KEYHOLE_DATA.`,
  );
}

function requireClasses({ y }: Dataset, place: string): void {
  if (y.some((label) => label !== y[0])) return;
  throw new FormatError(
    `${place}: expected rows of at least two classes, got ${y.length} rows of one class. A classifier needs something to tell apart.`,
    place,
  );
}

// The data layer speaks of options by their names; here they are given on a command line.
function withRemedy(error: unknown, set: SetDef, choice: DataChoice): unknown {
  if (!(error instanceof ConfigError || error instanceof FormatError)) return error;
  if (error instanceof ConfigError && error.path === 'label' && choice.label !== undefined) {
    error.message += didYouMean(choice.label, error.allowed ?? []);
    return error;
  }
  const names = optionNames(set);
  const mentioned = names.filter((name) =>
    new RegExp(`\\b${name}\\b`).test(error.message.split('. ').slice(1).join('. ')),
  );
  if (mentioned.length === 0) return error;
  const how = mentioned.map((name) => (name === 'label' ? '--label' : `--data-option ${name}=VALUE`));
  error.message += ` (On the command line: ${how.join(', ')}.)`;
  return error;
}

interface SchemaNode {
  readonly type: string;
  readonly wrapped?: SchemaNode;
  readonly item?: SchemaNode;
  readonly options?: readonly (SchemaNode | string)[];
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly default?: unknown;
}

export interface SetOption {
  readonly name: string;
  /** number, string, boolean, list, or the values to choose from */
  readonly type: string;
  readonly default: string | number | boolean | null;
}

/** A set's options as its schema has them. */
export function optionsOf(set: SetDef): SetOption[] {
  const { entries = {} } = set.options as unknown as SchemaNode;
  return Object.entries(entries).map(([name, node]) => ({
    name,
    type: typeText(node.wrapped ?? node),
    default: (node.default as SetOption['default'] | undefined) ?? null,
  }));
}

const optionNames = (set: SetDef) => optionsOf(set).map(({ name }) => name);

function typeText(node: SchemaNode): string {
  if (node.type === 'array') return 'list';
  if (node.type === 'picklist') return (node.options as string[]).join(' | ');
  if (node.type === 'union') return (node.options as SchemaNode[]).map(typeText).join(' | ');
  return node.type;
}

/** What `--label` and `--data-option` say, as values of the types that the set's schema asks for. */
function setOptions(set: SetDef, { label, dataOption = [] }: DataChoice): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const known = new Map(optionsOf(set).map((option) => [option.name, option]));
  const put = (flag: string, name: string, text: string) => {
    const option = known.get(name);
    if (!option) {
      const names = [...known.keys()];
      const all =
        names.length > 0 ? `one of ${set.name}'s options (${names.join(', ')})` : `no options: ${set.name} has none`;
      throw new ConfigError(`${flag}: expected ${all}.${didYouMean(name, names)}`, name, names);
    }
    options[name] = typed(option, text, flag);
  };
  if (label !== undefined) put(`--label ${label}`, 'label', label);
  for (const pair of dataOption) {
    const at = pair.indexOf('=');
    if (at < 1) throw new ConfigError(`--data-option ${pair}: expected NAME=VALUE.`, 'dataOption');
    put(`--data-option ${pair}`, pair.slice(0, at), pair.slice(at + 1));
  }
  return options;
}

function typed({ type }: SetOption, text: string, flag: string): unknown {
  const types = type.split(' | ');
  if (types.includes('list')) return text.split(',');
  if (types.includes('boolean')) {
    if (text !== 'true' && text !== 'false') throw new ConfigError(`${flag}: expected true or false.`, 'dataOption');
    return text === 'true';
  }
  // A label column goes by its name, or by its place where there are no names.
  if (types.includes('number') && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (types.length === 1 && type === 'number') throw new ConfigError(`${flag}: expected a number.`, 'dataOption');
  return text;
}
