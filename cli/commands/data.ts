/** keyhole data list | check | get: the sets on this machine, what is in them, and fetching public ones. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { checkSet, SETS, type SetDef, sha256 } from '../../data/index.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { type DataChoice, loadData, setNames } from '../datasets.ts';
import { getSet } from '../download.ts';
import { dataFolder, findSet } from '../files.ts';
import { bytesText, type Colours, columns, countText, outputTo, percentText } from '../output.ts';
import { openOutputFolder } from '../output-folder.ts';
import { progressOn } from '../progress.ts';
import type { DataCheckResult, DataGetResult, DataListResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';
import { collect, oneOf, whole } from '../values.ts';

export function dataCommand(command: Command, terminal: Terminal): Command {
  return command.addCommand(listSets(terminal)).addCommand(check(terminal)).addCommand(get(terminal));
}

function listSets(terminal: Terminal): Command {
  return withCommonOptions(new Command('list').description('which sets there are, and where their files are')).action(
    async (options: CommonOptions) => {
      const output = outputTo(terminal, outputOptions(options));
      const folder = dataFolder(terminal.env);
      const sets = await Promise.all(Object.values(SETS).map((set) => stateOf(set, terminal.env)));
      output.printJson({ schema: 'keyhole.data-list/1', folder, sets } satisfies DataListResult);
      const rows = sets.map((set) => [set.name, stateText(set), set.title]);
      const footer = `Data folder: ${folder}\nTo fetch a set into it: keyhole data get NAME`;
      output.print(`${columns(rows, output.width, 0)}\n\n${footer}`);
    },
  );
}

type SetState = DataListResult['sets'][number];

async function stateOf(set: SetDef, env: Terminal['env']): Promise<SetState> {
  const { name, kind, title, licence, home, files } = set;
  const published = files.length > 0;
  const source = published ? await findSet(name, { env }) : null;
  const contents = files.flatMap((file) => file.holds);
  return {
    name,
    kind,
    present: kind !== 'files' || source !== null,
    place: source?.describe('') ?? null,
    title,
    licence,
    home,
    bytes: published ? contents.reduce((sum, content) => sum + content.bytes, 0) : null,
  };
}

function stateText({ name, kind, place, bytes }: SetState): string {
  if (kind === 'embedded') return 'ships with keyhole';
  if (kind === 'synthetic') return 'made up on the spot';
  if (bytes === null) return `--data FILE.${name}`;
  return place ?? `not here (${bytesText(bytes)})`;
}

interface CheckOptions extends CommonOptions, Omit<DataChoice, 'data'> {
  readonly seed: number;
  readonly verify: boolean;
}

function check(terminal: Terminal): Command {
  const command = new Command('check')
    .description('read a set, compare its checksums, and count what is in it')
    .argument('<name>', 'a data set, or a file that ends in .csv or .npz')
    .option('--path <path>', 'folder or file that holds the set')
    .option('--label <column>', 'label column of a CSV file: its name, or its place from 0')
    .option('--data-option <name=value>', 'an option of the set; may be given again', collect)
    .option('--seed <n>', 'of synthetic sets', whole(0), 0)
    .option('--no-verify', 'take files whose checksum differs');
  return withCommonOptions(command).action(async (data: string, options: CheckOptions) => {
    const output = outputTo(terminal, outputOptions(options));
    const { dataset, place, verified } = await loadData({ ...options, data }, terminal);
    const result: DataCheckResult = {
      schema: 'keyhole.data-check/1',
      ...checkSet(dataset),
      inputShape: [...dataset.inputShape],
      classNames: [...dataset.classNames],
      place,
      verified,
    };
    output.printJson(result);
    output.print(checkText(result, output.width, output.colours));
  });
}

function checkText(r: DataCheckResult, width: number, colours: Colours): string {
  const parts = Object.entries(r.parts).map(([name, part]) => `${countText(part.size)} ${name}`);
  const { duplicates: twins } = r;
  const classes = r.classNames.map((name, i) => `${name} ${countText(r.classCounts[i]!)}`);
  const shown = classes.length > 12 ? [...classes.slice(0, 12), `and ${classes.length - 12} more`] : classes;
  const rows = [
    ['rows', `${countText(r.size)} (${parts.join(', ')}) of shape [${r.inputShape.join(', ')}]`],
    ['classes', `${r.classNames.length}: ${shown.join(', ')}`],
    ['values', momentsText(r.values)],
    ...r.channels.map((channel, i) => [`channel ${i}`, momentsText(channel)]),
    [
      'duplicates',
      twins.total === 0
        ? 'none'
        : `${countText(twins.total)} rows (${percentText(twins.total / r.size)}) repeat an earlier one, ` +
          `${countText(twins.acrossParts)} of them across parts, ${countText(twins.otherLabel)} with another label`,
    ],
    ...(r.place === null ? [] : [['found in', r.place]]),
    ['checksum', `${r.sha256}${r.verified ? ', files as published' : ''}`],
  ];
  return `${colours.bold(r.name)}\n${columns(rows, width)}`;
}

function momentsText({ min, max, mean, std, missing }: DataCheckResult['values']): string {
  const four = (x: number) => String(Number(x.toPrecision(4)));
  const gaps = missing > 0 ? `, ${countText(missing)} missing` : '';
  return `${four(min)} to ${four(max)}, mean ${four(mean)}, standard deviation ${four(std)}${gaps}`;
}

interface GetOptions extends CommonOptions {
  readonly from?: readonly string[];
}

function get(terminal: Terminal): Command {
  const name = new Argument('<name>', 'a public data set').argParser(oneOf(setNames));
  const command = new Command('get')
    .description('fetch a public set into the data folder, and check it; goes on where it was stopped')
    .addArgument(name)
    .option('--from <url>', 'fetch from here instead of the public home; again for a fallback', collect);
  return withCommonOptions(command).action(async (chosen: string, options: GetOptions) => {
    const output = outputTo(terminal, outputOptions(options));
    const set = withMirrors(SETS[chosen]!, options.from);
    const meter = progressOn(terminal.stderr, { quiet: output.quiet });
    const folder = dataFolder(terminal.env);
    if (set.files.length > 0) await openOutputFolder(folder, 'data folder');
    try {
      await getSet(set, folder, {
        signal: terminal.signal,
        onProgress: ({ file, received, total }) => meter.update({ phase: file, done: received, total, unit: 'bytes' }),
      });
    } finally {
      meter.stop();
    }
    const place = join(folder, set.name);
    const files = await Promise.all(set.files.map((file) => describeFile(place, file.name)));
    output.printJson({ schema: 'keyhole.data-get/1', name: set.name, folder: place, files } satisfies DataGetResult);
    output.print(`${set.name} is in ${place}. Licence: ${set.licence}. Please cite: ${set.citation}.`);
  });
}

function withMirrors(set: SetDef, from: readonly string[] | undefined): SetDef {
  if (!from) return set;
  const addressed = (name: string) => from.map((url) => `${url.replace(/\/$/, '')}/${name}`);
  return { ...set, files: set.files.map((file) => ({ ...file, urls: addressed(file.name) })) };
}

async function describeFile(folder: string, name: string): Promise<DataGetResult['files'][number]> {
  const bytes = new Uint8Array(await readFile(join(folder, name)));
  return { name, bytes: bytes.length, sha256: await sha256(bytes) };
}
