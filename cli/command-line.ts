import type { Command } from 'commander';

/** options that may be given more than once */
const REPEATED = ['dataOption', 'header', 'option', 'immutable', 'defenceOption'];
const QUIET_NAMES = [
  'resume',
  'out',
  'json',
  'quiet',
  'debug',
  'colour',
  'color',
  'fresh',
  'checkpointEvery',
  'threads',
];

/**
 * The command line that gives these results again: options that differ from their defaults, in the order of the help.
 * @param shown how to show options that may hold secrets
 * @param words arguments that are no options
 * @param name of the command and those above it
 */
export function commandLine(
  command: Command,
  shown: Readonly<Record<string, (value: unknown) => unknown>> = {},
  words: readonly string[] = [],
  name = command.name(),
): string {
  const options = command.options.flatMap((option) => {
    const name = option.attributeName();
    if (QUIET_NAMES.includes(name) || command.getOptionValueSource(name) === 'default') return [];
    const given: unknown = command.getOptionValue(name);
    if (given === undefined) return [];
    const value = shown[name]?.(given) ?? given;
    const flag = option.long ?? '';
    if (option.isBoolean() || option.negate) return [flag];
    if (Array.isArray(value) && REPEATED.includes(name)) return value.flatMap((v) => [flag, quoted(v)]);
    return [flag, quoted(Array.isArray(value) ? value.join(',') : value)];
  });
  return ['keyhole', name, ...words, ...options].join(' ');
}

export function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
