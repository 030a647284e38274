/** keyhole evaluate robustness: several attacks on a saved model, the worst case over them, and whether to believe it. */
import { Command } from 'commander';
import { evasionAttacks } from '../../attacks/evasion/index.ts';
import { ConfigError } from '../../engine/index.ts';
import { commandLine } from '../command-line.ts';
import { withCommonOptions } from '../common-options.ts';
import { attackChoices, type EvasionOptions, withEvasionOptions } from '../evasion-options.ts';
import { runEvasion } from '../evasion-run.ts';
import { shownOptions } from '../model-options.ts';
import type { Terminal } from '../terminal.ts';
import { someOf } from '../values.ts';

const names = Object.keys(evasionAttacks);

export function evaluateCommand(command: Command, terminal: Terminal): Command {
  return command.addCommand(robustness(terminal));
}

function robustness(terminal: Terminal): Command {
  const command = new Command('robustness').description(
    'how many rows stay right under several attacks, row by row the worst of them, and whether to believe the figure',
  );
  withEvasionOptions(command, terminal.env, 'attack.name')
    .option(
      '--attacks <names>',
      `some of ${names.join(', ')} (default: fgsm, pgd with restarts, autoattack and square, as far as the model can be asked)`,
      someOf(names),
    )
    .option('--out <folder>', 'receives robustness.json and report.html');
  return withCommonOptions(command).action((options: EvasionOptions & { readonly attacks?: readonly string[] }) => {
    if (options.option && !options.attacks)
      throw new ConfigError('--option: expected --attacks as well, of which one is told. Name the attacks.', 'option');
    return runEvasion(terminal, options, {
      attacks: options.attacks && attackChoices(options.attacks, options.option),
      command: commandLine(command, shownOptions, [], 'evaluate robustness'),
      keep: false,
    });
  });
}
