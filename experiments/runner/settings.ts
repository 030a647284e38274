/** Settings by their schemas: wrong ones are refused with the path, what is allowed there, and what came. */
import * as v from 'valibot';
import { ConfigError } from '../../engine/errors.ts';
import { canonicalJson } from './json.ts';

/** What of a schema can be read from outside. */
interface SchemaNode {
  readonly type: string;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly wrapped?: SchemaNode;
  readonly item?: SchemaNode;
  readonly options?: readonly (SchemaNode | string)[];
  /** of a record: the schema of its names, of its values */
  readonly key?: SchemaNode;
  readonly value?: SchemaNode;
  readonly literal?: unknown;
}

/**
 * @param what begins the message: the name of the experiment or kind
 * @throws ConfigError with the dotted path and, where they are few, the allowed names or values
 */
export function parseBy<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  const keys = path === '' ? [] : path.split('.');
  const isName = issue.type === 'picklist' && issue.path?.at(-1)?.origin === 'key';
  if ((issue.expected === 'never' && issue.type === 'strict_object') || isName) {
    const known = allowedAt(schema, keys.slice(0, -1));
    throw new ConfigError(`${what}: expected ${listed(known, 'a setting')}, got '${path}'.`, path, known);
  }
  const allowed = allowedAt(schema, keys);
  const expected = allowed.length > 0 && isChoice(nodeAt(schema, keys)) ? listed(allowed, '') : expectation(issue);
  const received = issue.input === undefined ? 'nothing' : shown(issue.input);
  throw new ConfigError(`${what}: ${path || 'settings'}: expected ${expected}, got ${received}.`, path, allowed);
}

const listed = (names: readonly string[], what: string) =>
  names.length === 0 ? 'no settings' : `${what ? `${what} among` : 'one of'} ${names.join(', ')}`;

const WORDS: Readonly<Record<string, string>> = {
  Object: 'an object',
  Array: 'a list',
  number: 'a number',
  string: 'a word',
  boolean: 'true or false',
};

function expectation({ expected, message, kind, input }: v.BaseIssue<unknown>): string {
  // a check's own message says more than its requirement
  if (kind === 'validation' && !/^Invalid /.test(message)) return message.replace(/^expected /, '');
  if (input === undefined) return 'a value';
  return expected === null ? message : (WORDS[expected] ?? expected);
}

function shown(value: unknown): string {
  let text: string;
  try {
    text = canonicalJson(value);
  } catch {
    text = String(value);
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function nodeAt(schema: v.GenericSchema, keys: readonly string[]): SchemaNode | null {
  let node: SchemaNode | undefined = schema as unknown as SchemaNode;
  for (const key of keys) {
    node = unwrapped(node);
    const { entries, item, value } = node;
    node = entries && Object.hasOwn(entries, key) ? entries[key] : (value ?? (/^\d+$/.test(key) ? item : undefined));
    if (!node) return null;
  }
  return unwrapped(node);
}

const unwrapped = (node: SchemaNode): SchemaNode => (node.wrapped ? unwrapped(node.wrapped) : node);
const isChoice = (node: SchemaNode | null) => node?.options !== undefined;

/** Names of the settings in an object, or of a record's whose names are given; null: any, or none. */
function namesIn(node: SchemaNode | null): string[] | null {
  if (node?.entries) return Object.keys(node.entries);
  return node?.type === 'record' && node.key?.options ? node.key.options.map(String) : null;
}

/** Names of the settings at a path of a schema, or the values to choose from there; nothing where any value may fit. */
function allowedAt(schema: v.GenericSchema, keys: readonly string[]): string[] {
  const node = nodeAt(schema, keys);
  const names = namesIn(node);
  if (names) return names;
  return (node?.options ?? []).flatMap((option) => {
    if (typeof option !== 'object') return [String(option)];
    return option.literal === undefined ? [] : [String(option.literal)];
  });
}

/** Names of the settings at the longest part of a path where there are any. */
export function settingsNear(schema: v.GenericSchema, keys: readonly string[]): string[] {
  for (let n = keys.length; n >= 0; n--) {
    const names = namesIn(nodeAt(schema, keys.slice(0, n)));
    if (names) return names;
  }
  return [];
}

const LEAVES = ['string', 'number', 'boolean', 'picklist', 'literal'];

/** Whether a schema has a setting at that path; true where it cannot be told (records, unions). */
export function hasPath(schema: v.GenericSchema, keys: readonly string[]): boolean {
  return keys.every((key, n) => {
    const above = nodeAt(schema, keys.slice(0, n));
    const names = namesIn(above);
    if (names) return names.includes(key);
    if (above?.item) return /^\d+$/.test(key);
    return above === null || !LEAVES.includes(above.type);
  });
}
