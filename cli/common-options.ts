/** Options of every command: how it talks. */
import { type Command, Option } from 'commander';
import type { OutputOptions } from './output.ts';

export interface CommonOptions extends OutputOptions {
  readonly debug?: boolean;
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON on standard output, and nothing else there')
    .option('--quiet', 'no progress and no hints on standard error')
    .option('--no-colour', 'no colours; NO_COLOR is respected as well')
    .addOption(new Option('--no-color').hideHelp())
    .option('--debug', 'print the stack when something fails');
}

/** `--no-color` is `--no-colour` to those who spell it so. */
export function outputOptions(o: CommonOptions & { readonly color?: boolean }): OutputOptions {
  return { ...o, colour: o.colour !== false && o.color !== false };
}
