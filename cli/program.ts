/** The command tree: one file per command, errors turned into messages and exit codes here. */
import { Command } from 'commander';
import { VERSION } from '../experiments/index.ts';
import { auditCommand } from './commands/audit.ts';
import { benchCommand } from './commands/bench.ts';
import { dataCommand } from './commands/data.ts';
import { infoCommand } from './commands/info.ts';
import { listCommand } from './commands/list.ts';
import { trainCommand } from './commands/train.ts';
import { failureOf, stackOf } from './errors.ts';
import { say } from './output.ts';
import type { Terminal } from './terminal.ts';

const COMMANDS = [auditCommand, trainCommand, dataCommand, listCommand, infoCommand, benchCommand];

const EXAMPLES = `
Examples:
  keyhole audit --data digits --out report     audit a model trained on the set that ships along
  keyhole audit --data patients.csv --label ill
  keyhole list attacks                         what it tries
  keyhole data get mnist                       fetch a public set
  keyhole bench sgemm                          how fast products are on this machine

Exit codes: 0 fine, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.`;

function createProgram(terminal: Terminal): Command {
  const program = new Command('keyhole')
    .description('Finds out what a trained model gives away about the data it was trained on.')
    .version(VERSION, '-V, --version')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError();
  for (const make of COMMANDS) program.addCommand(make(terminal));
  return settle(program, terminal);
}

/** Commander's own output and exits, for a command and those below it, go the way of everything else. */
function settle(command: Command, terminal: Terminal): Command {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => void terminal.stdout.write(text),
    writeErr: (text) => void terminal.stderr.write(text),
    getOutHelpWidth: () => Math.min(120, terminal.stdout.columns ?? 100),
    getErrHelpWidth: () => Math.min(120, terminal.stderr.columns ?? 100),
    outputError: (text, write) => write(text.replace(/^error: /, 'keyhole: ')),
  });
  for (const child of command.commands) settle(child, terminal);
  return command;
}

/** Says what went wrong, on standard error. @returns the exit code */
export function report(error: unknown, argv: readonly string[], { stderr }: Pick<Terminal, 'stderr'>): number {
  const { message, exitCode } = failureOf(error);
  if (message !== null) say(stderr, `keyhole: ${message}`);
  if (message !== null && argv.includes('--debug')) stderr.write(`${stackOf(error)}\n`);
  return exitCode;
}

/** Runs one command line. @returns the exit code; whatever went wrong has been said on standard error */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = createProgram(terminal);
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, argv, terminal);
  }
}
