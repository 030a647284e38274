/** The command tree: one file per command, loaded when it is asked for; errors turned into messages and exit codes here. */
import { Command } from 'commander';
import { VERSION } from '../experiments/version.ts';
import { failureOf, stackOf } from './errors.ts';
import { say } from './output.ts';
import type { Terminal } from './terminal.ts';

interface CommandDef {
  readonly about: string;
  /** what follows the name, for the list of commands */
  readonly usage: string;
  /** gives a command its arguments, options and action */
  load(): Promise<(command: Command, terminal: Terminal) => Command>;
}

const COMMANDS: Readonly<Record<string, CommandDef>> = {
  audit: {
    about: 'train a model on part of a data set, attack it, and report what it gives away about its training data',
    usage: '[options]',
    load: async () => (await import('./commands/audit.ts')).auditCommand,
  },
  train: {
    about: 'train a model, measure it on rows it has not seen, and keep it',
    usage: '[options]',
    load: async () => (await import('./commands/train.ts')).trainCommand,
  },
  export: {
    about: 'write a trained model as ONNX or safetensors, for other programs',
    usage: '[options]',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  attack: {
    about: 'change rows within a budget so that a saved model errs on them, and say how many it takes',
    usage: '[options] <name>',
    load: async () => (await import('./commands/attack.ts')).attackCommand,
  },
  evaluate: {
    about: 'how robust a saved model is: several attacks, the worst case over them, and whether to believe it',
    usage: '[options] [command]',
    load: async () => (await import('./commands/evaluate.ts')).evaluateCommand,
  },
  epsilon: {
    about: 'what private training spends: proved bounds on epsilon for noise, steps and sample rate',
    usage: '[options]',
    load: async () => (await import('./commands/epsilon.ts')).epsilonCommand,
  },
  delta: {
    about: 'the chance with which private training may exceed an epsilon, for noise, steps and sample rate',
    usage: '[options]',
    load: async () => (await import('./commands/delta.ts')).deltaCommand,
  },
  calibrate: {
    about: 'the noise, steps or sample rate with which private training keeps to a budget',
    usage: '[options]',
    load: async () => (await import('./commands/calibrate.ts')).calibrateCommand,
  },
  run: {
    about: 'run an experiment: its jobs over several processes, its records, its report; a stopped run goes on',
    usage: '[options] [experiment]',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  report: {
    about: 'make the report of a run again from its records, also of one that is not finished',
    usage: '[options] <folder>',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  data: {
    about: 'list, check and fetch data sets',
    usage: '[options] [command]',
    load: async () => (await import('./commands/data.ts')).dataCommand,
  },
  list: {
    about: 'list attacks, evasion attacks, defenses, datasets, models or experiments',
    usage: '[options] <kind>',
    load: async () => (await import('./commands/list.ts')).listCommand,
  },
  info: {
    about: 'version, machine, kernels that run on it, data that is at hand',
    usage: '[options]',
    load: async () => (await import('./commands/info.ts')).infoCommand,
  },
  bench: {
    about: 'GFLOP/s, samples/s and start-up time on this machine, beside other engines if asked',
    usage: '[options] [filter]',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
};

const EXAMPLES = `
Examples:
  keyhole audit --data digits --out report     audit a model trained on the set that ships along
  keyhole audit --data patients.csv --label ill
  keyhole audit --model m.onnx --members in.npz --non-members out.npz
  keyhole train --dp --epsilon 3 --delta 1e-5  private training with a budget, on a set of your choice
  keyhole audit --dp --data digits             check by attack that private training keeps its promise
  keyhole export --model report --onnx m.onnx  the model that it left, for other programs
  keyhole attack pgd --model m.safetensors --data mnist --epsilon 0.1,0.3
  keyhole evaluate robustness --model m.safetensors --data cifar10 --epsilon 8/255
  keyhole list attacks                         what it tries; of adversarial examples: keyhole list evasion
  keyhole run overfitting --out results        an experiment, its records and its report
  keyhole data get mnist                       fetch a public set
  keyhole epsilon --sample-rate 0.01 --noise 1 --steps 1000 --delta 1e-5
  keyhole bench sgemm                          how fast products are on this machine

Exit codes: 0 fine, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.`;

/** The program, with the one command that the arguments name; of the others, only what the help says about them. */
async function createProgram(argv: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('keyhole')
    .description('Finds out what a trained model gives away about the data it was trained on.')
    .version(VERSION, '-V, --version')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .showSuggestionAfterError();
  const wanted = argv.find((word) => Object.hasOwn(COMMANDS, word));
  for (const [name, { about, usage, load }] of Object.entries(COMMANDS)) {
    const command = new Command(name).description(about);
    program.addCommand(name === wanted ? (await load())(command, terminal) : command.usage(usage));
  }
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
    const program = await createProgram(argv, terminal);
    if (argv.length === 0) program.help({ error: true });
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, argv, terminal);
  }
}
