/** keyhole list KIND: what there is, from the registries. */
import { Argument, type Command } from 'commander';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { columns, type Output, outputTo } from '../output.ts';
import { type Kind, kinds, type ListItem, type ListOption, registries } from '../registries.ts';
import type { ListResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';
import { oneOf } from '../values.ts';

export function listCommand(command: Command, terminal: Terminal): Command {
  const kind = new Argument('<kind>', `one of ${kinds.join(', ')}`).argParser((text) =>
    oneOf(kinds)(text === 'defences' ? 'defenses' : text),
  );
  return withCommonOptions(command)
    .addArgument(kind)
    .action(async (chosen: Kind, options: CommonOptions) => {
      const output = outputTo(terminal, outputOptions(options));
      const items: ListItem[] = await registries[chosen].items();
      output.printJson({ schema: 'keyhole.list/1', items } satisfies ListResult);
      output.print(items.length === 0 ? `There are no ${chosen} yet.` : listText(chosen, items, output));
    });
}

function listText(kind: Kind, items: readonly ListItem[], { width, colours }: Output): string {
  const blocks = items.map((item) => {
    const facts = [item.stage, item.kind, item.licence].filter((fact) => fact !== undefined);
    const head = `${colours.bold(item.name)}  ${item.title}`;
    const rows = [
      ...(item.access === undefined ? [] : [['access', item.access]]),
      ...(item.norms ? [['norms', item.norms.join(', ')]] : []),
      ...(item.seeks ? [['seeks', SEEKS[item.seeks]]] : []),
      ...(item.targeted === undefined
        ? []
        : [['aims', item.targeted ? 'at any wrong class, or a wanted one' : 'at any wrong class']]),
      ...(facts.length > 0 ? [['kind', facts.join('; ')]] : []),
      [kind === 'datasets' ? 'cite' : 'paper', item.paper],
      ...(item.profiles ?? []).map(({ name, about }, n) => [n === 0 ? 'profiles' : '', `${name}: ${about}`]),
      ...optionRows(item.options),
    ];
    return `${head}\n${columns(rows, width, 4)}`;
  });
  return `${kind}: ${registries[kind].about}\n\n${blocks.join('\n\n')}`;
}

const SEEKS = {
  within: 'what errs most within epsilon',
  nearest: 'the smallest perturbation that makes the model err',
} as const;

/** A line for each that says what it does; the others in one. */
function optionRows(options: readonly ListOption[]): string[][] {
  const lines = options.some(({ about }) => about !== undefined)
    ? options.map(optionText)
    : options.length > 0
      ? [options.map(optionText).join(', ')]
      : [];
  return lines.map((line, i) => [i === 0 ? 'options' : '', line]);
}

function optionText({ name, type, default: value, about, min, max }: ListOption): string {
  const range = min === undefined || max === undefined || type === 'switch' ? '' : ` (${min} to ${max})`;
  return `${name}=${value ?? `<${type}>`}${about === undefined ? '' : `: ${about}${range}`}`;
}
