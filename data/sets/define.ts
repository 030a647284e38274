/** One set, one file: what it is, where it comes from, its options, and how it is read. */
import * as v from 'valibot';
import { ConfigError, Rng } from '../../engine/index.ts';
import type { Dataset } from '../dataset.ts';
import type { FileSource, SetFile } from '../source.ts';

export interface LoadOptions {
  /** where the files are; embedded and synthetic sets need none */
  readonly source?: FileSource;
  /** the set's own options, checked against its schema */
  readonly options?: unknown;
  /** randomness of the synthetic sets; default the stream of seed 0 */
  readonly rng?: Rng;
  /** whether the checksums of public files must match; default true */
  readonly verify?: boolean;
}

export interface SetDef {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  readonly home: string;
  /** 'files' are fetched or brought along, 'embedded' ones ship with the package, 'synthetic' ones are made */
  readonly kind: 'files' | 'embedded' | 'synthetic';
  /** folder names that it goes by, beside its own name */
  readonly folders: readonly string[];
  /** public files to fetch; empty for what a user brings, and for embedded and synthetic sets */
  readonly files: readonly SetFile[];
  readonly options: v.GenericSchema;
  /**
   * @throws ConfigError for options that the schema refuses, and for files that are not there
   * @throws FormatError for files that cannot be used
   */
  load(options?: LoadOptions): Promise<Dataset>;
}

export interface LoadContext<Options> {
  readonly source: FileSource;
  readonly rng: Rng;
  readonly options: Options;
  readonly verify: boolean;
  /** the set's own name, title, licence and citation, for `makeDataset` */
  readonly about: { readonly name: string; readonly title: string; readonly licence: string; readonly source: string };
}

type SetSpec<Schema extends v.GenericSchema> = Omit<SetDef, 'load' | 'options' | 'folders' | 'files'> & {
  readonly folders?: readonly string[];
  readonly files?: readonly SetFile[];
  readonly options: Schema;
  load(context: LoadContext<v.InferOutput<Schema>>): Promise<Dataset>;
};

/** A set whose `load` finds its options checked and its needs (files, randomness) met. */
export function defineSet<Schema extends v.GenericSchema>(spec: SetSpec<Schema>): SetDef {
  const { name, title, licence, citation } = spec;
  return {
    ...spec,
    folders: spec.folders ?? [],
    files: spec.files ?? [],
    load: ({ source, rng, options = {}, verify = true } = {}) =>
      spec.load({
        source: source ?? absentFiles(name),
        rng: rng ?? Rng.from(0),
        options: checkedOptions(name, spec.options, options),
        verify,
        about: { name, title, licence, source: citation },
      }),
  };
}

/** For sets without options. */
export const noOptions = v.strictObject({});

function checkedOptions<Schema extends v.GenericSchema>(
  set: string,
  schema: Schema,
  options: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue) ?? '';
  const known = 'entries' in schema ? Object.keys(schema.entries as object) : [];
  const hint = known.length > 0 ? ` Options of ${set}: ${known.join(', ')}.` : ` ${set} has no options.`;
  throw new ConfigError(
    `${set}: option '${path}': expected ${issue.expected ?? issue.message}, got ${issue.received}.${hint}`,
    path,
    known,
  );
}

// Stands in for files and complains when a set asks for them.
function absentFiles(set: string): FileSource {
  const refuse = (): never => {
    throw new ConfigError(
      `${set}: expected files, got none. Pass the folder or file that holds them (source).`,
      'source',
    );
  };
  return { read: async () => refuse(), list: async () => refuse(), describe: refuse };
}
