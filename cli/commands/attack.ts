/** keyhole attack NAME: one attack on a saved model, how many rows it fools, and what became of them. */
import { Argument, type Command } from 'commander';
import { evasionAttacks } from '../../attacks/evasion/index.ts';
import { commandLine } from '../command-line.ts';
import { withCommonOptions } from '../common-options.ts';
import { attackChoices, type EvasionOptions, withEvasionOptions } from '../evasion-options.ts';
import { runEvasion } from '../evasion-run.ts';
import { shownOptions } from '../model-options.ts';
import type { Terminal } from '../terminal.ts';
import { oneOf } from '../values.ts';

const names = Object.keys(evasionAttacks);

export function attackCommand(command: Command, terminal: Terminal): Command {
  withEvasionOptions(
    command.addArgument(new Argument('<name>', `one of ${names.join(', ')}`).argParser(oneOf(names))),
    terminal.env,
    'name',
  ).option(
    '--out <folder>',
    'receives robustness.json, report.html and adversarial.npz: the changed rows, and which of them fool',
  );
  return withCommonOptions(command).action((name: string, options: EvasionOptions) =>
    runEvasion(terminal, options, {
      attacks: attackChoices([name], options.option),
      command: commandLine(command, shownOptions, [name]),
      keep: options.out !== undefined,
    }),
  );
}
