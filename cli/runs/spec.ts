/** What a run is: an experiment with complete settings. Read from a name or a file, changed by a profile and by --set. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { type Build, ConfigError } from '../../engine/index.ts';
import {
  canonicalJson,
  completed,
  type DataFacts,
  type DataRef,
  dataRefSchema,
  type Experiment,
  hasPath,
  type Json,
  parseBy,
  settingsNear,
} from '../../experiments/runner/index.ts';
import { systemFault } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { findExperiment } from './find.ts';

/** A data set of the run, as it was when the run began. */
export interface DataEntry {
  readonly ref: DataRef;
  readonly facts: DataFacts;
}

/** `spec.json` of a run's folder. */
export interface Spec {
  readonly schema: 'keyhole.spec/1';
  /** a name, or the path of a module */
  readonly experiment: string;
  /** as they were given, with defaults: the facts of the data complete them */
  readonly settings: Json;
  readonly build: Build;
  readonly version: string;
  readonly data: readonly DataEntry[];
}

const factsSchema = v.strictObject({
  name: v.string(),
  sha256: v.string(),
  size: v.number(),
  inputShape: v.array(v.number()),
  classes: v.number(),
});

/** A file for `keyhole run`: the little that must be said, up to the spec.json of another run. */
const fileSchema = v.strictObject({
  schema: v.exactOptional(v.literal('keyhole.spec/1')),
  experiment: v.string(),
  profile: v.exactOptional(v.string()),
  settings: v.exactOptional(v.record(v.string(), v.unknown())),
  build: v.exactOptional(v.picklist(['base', 'relaxed'])),
  version: v.exactOptional(v.string()),
  data: v.exactOptional(v.array(v.strictObject({ ref: dataRefSchema, facts: factsSchema }))),
});
export type SpecFile = v.InferOutput<typeof fileSchema>;

export interface Wanted {
  readonly experiment: Experiment;
  /** as the spec names it */
  readonly name: string;
  /** as they were given, with defaults */
  readonly settings: Json;
  /** what a file said beside that */
  readonly file: SpecFile | null;
}

export interface Changes {
  readonly profile?: string;
  /** `path=value` */
  readonly set?: readonly string[];
}

/** @throws ConfigError for a file that is no spec */
export async function readSpecFile(path: string): Promise<SpecFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: expected a spec: ${systemFault(error) ?? String(error)}.`, 'spec');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: expected JSON: ${(error as Error).message}. Correct it.`, 'spec');
  }
  return suggesting(() => parseBy(fileSchema, value, path));
}

/**
 * The settings are the schema's defaults, then the profile (default: quick; of a run's own spec.json: none, since it was complete
 * when it was written), then the file, then each --set in turn.
 * @param what the name of an experiment, a .js module, or a .json file
 * @throws ConfigError for unknown names, paths and values
 */
export async function wantedRun(what: string, changes: Changes): Promise<Wanted> {
  const file = what.endsWith('.json') ? await readSpecFile(what) : null;
  const { experiment, module } = await findExperiment(file?.experiment ?? what);
  const named = changes.profile ?? file?.profile;
  const where = changes.profile === undefined ? `${what}: profile` : '--profile';
  const given = named === undefined && file?.data ? {} : profileNamed(named ?? 'quick', where, experiment);
  const base = { ...(given as object), ...file?.settings } as Record<string, Json>;
  for (const pair of changes.set ?? []) applySet(base, pair, experiment);
  return suggesting(() => {
    const settings = experiment.settings(base);
    // what can be refused without the data is refused before anything is touched
    if (experiment.completion.data(settings).length === 0) experiment.jobs(settings);
    return { experiment, name: module ?? experiment.name, settings, file };
  });
}

/** @param where it was given */
function profileNamed(name: string, where: string, { name: of, profiles }: Experiment): Json {
  if (Object.hasOwn(profiles, name)) return profiles[name]!.settings;
  const names = Object.keys(profiles);
  throw new ConfigError(
    `${where} ${name}: expected one of ${names.join(', ')}, the profiles of ${of}.${didYouMean(name, names)}`,
    'profile',
    names,
  );
}

/** What a spec knows of its data. @throws ConfigError for a data set that is not among them */
export function factsIn({ data }: Pick<Spec, 'data'>): (ref: DataRef) => DataFacts {
  const known = new Map(data.map(({ ref, facts }) => [canonicalJson(ref), facts]));
  return (ref) => {
    const facts = known.get(canonicalJson(ref));
    if (facts) return facts;
    throw new ConfigError(
      `spec: expected the data set ${ref.data} among its data, it is not. Run the experiment again.`,
      'data',
    );
  };
}

/** Settings as jobs and reports take them; one that the spec is older than takes its default. @throws ConfigError */
export const completeSettings = (experiment: Experiment, spec: Pick<Spec, 'settings' | 'data'>): Json =>
  completed(experiment, experiment.settings(spec.settings), factsIn(spec));

/** The same, or with defaults only where nothing is known of their data. */
export function completeIfKnown(experiment: Experiment, spec: Pick<Spec, 'settings' | 'data'>): Json {
  const settings = experiment.settings(spec.settings);
  const known = new Set(spec.data.map(({ ref }) => canonicalJson(ref)));
  const isKnown = experiment.completion.data(settings).every((ref) => known.has(canonicalJson(ref)));
  return isKnown ? completed(experiment, settings, factsIn(spec)) : settings;
}

type Tree = Record<string, Json>;

/** `split.train=400`: a value is JSON, or a bare word. */
function applySet(settings: Tree, pair: string, { schema, settings: complete }: Experiment): void {
  const at = pair.indexOf('=');
  if (at < 1) throw new ConfigError(`--set ${pair}: expected PATH=VALUE, such as epochs=[5,20].`, 'set');
  const path = pair.slice(0, at);
  const keys = path.split('.');
  if (!hasPath(schema, keys)) {
    const known = settingsNear(schema, keys);
    const wrong = keys.find((_, n) => !hasPath(schema, keys.slice(0, n + 1)))!;
    throw new ConfigError(
      `--set ${pair}: expected a setting among ${known.join(', ')}, got '${path}'.${didYouMean(wrong, known)}`,
      path,
      known,
    );
  }
  const before = complete({}) as Tree;
  let here: Tree | Json[] = settings;
  let there: Json | undefined = before;
  for (const key of keys.slice(0, -1)) {
    there = (there as Tree | undefined)?.[key];
    const inner: Json = (here as Tree)[key] ?? there ?? {};
    const copy: Tree | Json[] = Array.isArray(inner) ? [...(inner as Json[])] : { ...(inner as Tree) };
    (here as Tree)[key] = copy;
    here = copy;
  }
  (here as Tree)[keys.at(-1)!] = parsedValue(pair.slice(at + 1), pair);
}

function parsedValue(text: string, pair: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A list with a comma too many is no word.
    if (!/^[[{"]/.test(text)) return text;
    throw new ConfigError(
      `--set ${pair}: expected JSON or a word, got neither. In a shell, quote it: '${pair}'.`,
      'set',
    );
  }
}

/** Adds the nearest allowed name to what a schema refused. */
function suggesting<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError && error.allowed) {
      const given = /got '?"?([^'"]+)"?'?\.$/.exec(error.message)?.[1]?.split('.').at(-1);
      if (given) error.message += didYouMean(given, error.allowed);
    }
    throw error;
  }
}

/** Where two specs differ, as `path: this there, that here`. */
export function differences(there: unknown, here: unknown, path = ''): string[] {
  const isTree = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isTree(there) && isTree(here)) {
    const [a, b] = [there as Tree, here as Tree];
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((key) => differences(a[key], b[key], path === '' ? key : `${path}.${key}`));
  }
  const text = (value: unknown) => (value === undefined ? 'none' : canonicalJson(value));
  return text(there) === text(here) ? [] : [`${path} ${text(there)} there, ${text(here)} here`];
}
