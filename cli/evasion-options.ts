/** Options that `keyhole attack` and `keyhole evaluate robustness` share: which model, which rows, how much may be changed. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { type Norm, norms } from '../attacks/evasion/index.ts';
import { ConfigError } from '../engine/index.ts';
import { type AttackChoice, attackers } from '../experiments/robustness/index.ts';
import type { CommonOptions } from './common-options.ts';
import type { DataChoice } from './datasets.ts';
import { relaxedByEnvironment } from './engine.ts';
import { type DefenceChoice, defencesBefore } from './evasion-defence.ts';
import { type AnswerChoice, withAnswerOptions } from './model-options.ts';
import { withDataOptions } from './options.ts';
import type { Terminal } from './terminal.ts';
import { collect, fractions, oneOf, real, whole } from './values.ts';

export interface EvasionOptions extends CommonOptions, Omit<DataChoice, 'seed'>, AnswerChoice, DefenceChoice {
  readonly model: string;
  readonly norm: Norm;
  readonly epsilon: readonly number[];
  readonly rows: number;
  readonly targetClass?: number | 'next';
  readonly immutable?: readonly string[];
  readonly option?: readonly string[];
  readonly substitute?: string;
  readonly controls: boolean;
  readonly confidence: number;
  readonly seed: number;
  readonly out?: string;
  readonly relaxed?: boolean;
  readonly maxMemory?: number;
}

/** @param option how an attack's options are named */
export function withEvasionOptions(command: Command, env: Terminal['env'], option: string): Command {
  command.hook('preAction', (_, acting) => {
    if (relaxedByEnvironment(env)) acting.setOptionValueWithSource('relaxed', true, 'env');
  });
  command
    .requiredOption(
      '--model <file>',
      'a trained model (model.safetensors, or the folder that train or audit left it in), or one known by its answers: a file that ends in .onnx, an address (http://…)',
    )
    .requiredOption(
      '--epsilon <list>',
      'how large a perturbation may be, in the units that the model sees (images: 0 to 1): 0.1,0.2 or 8/255; several give a curve',
      fractions,
    )
    .option('--norm <name>', `that it is measured in: ${norms.join(', ')}`, oneOf(norms), 'linf')
    .option('--rows <n>', 'rows to attack, of those that the model was not trained on', whole(1), 1000)
    .option(
      '--target-class <k>',
      'a class that rows must become, or next: the one after their own (default: any wrong one)',
      wanted,
    )
    .option('--immutable <column>', 'of a table, which the attacker cannot change; may be given again', collect)
    .option(
      `--option <${option}=value>`,
      'an option of an attack (see keyhole list evasion); may be given again',
      collect,
    )
    .option('--substitute <file>', "a saved model of the attacker's own, for transfer attacks")
    .option('--defence <name>', `stands before the model: ${defencesBefore.join(', ')} (see keyhole list defenses)`)
    .option(
      '--defence-option <name=value>',
      'an option of the defence (see keyhole list defenses); may be given again',
      collect,
    )
    .option(
      '--attacker <name>',
      'adaptive: knows the defence, gradients straight through it and over its draws; unaware: attacks the model without it and hands over what fools that; answers: asks the defended model (default: adaptive)',
      oneOf(attackers),
    )
    .option('--no-controls', 'attacks alone: without what most checks of the result need')
    .option(
      '--confidence <x>',
      'of the intervals',
      real('between 0 and 1', (x) => x > 0 && x < 1),
      0.95,
    )
    .option('--seed <n>', 'names every random number of the run', whole(0), 0)
    .option(
      '--relaxed',
      'kernels with fused multiply-add: faster, last bits differ between machines; also KEYHOLE_RELAXED=1',
    )
    .option('--max-memory <MiB>', 'limit of the memory for tensors (default: 4096)', whole(1, 4096));
  return withAnswerOptions(withDataOptions(command), 'with an .onnx file or an address as --model:');
}

/** What the library calls these options. */
const FLAGS: Readonly<Record<string, string>> = {
  wanted: '--target-class',
  epsilons: '--epsilon',
  epsilon: '--epsilon',
  immutable: '--immutable',
  confidence: '--confidence',
};

/** An error in the words of who typed the command. */
export function inFlags(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  const { path, message, allowed } = error;
  const flag = Object.hasOwn(FLAGS, path) ? FLAGS[path] : undefined;
  return flag && message.startsWith(`${path}:`)
    ? new ConfigError(`${flag}${message.slice(path.length)}`, path, allowed)
    : error;
}

function wanted(text: string): number | 'next' {
  if (text === 'next') return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a class, counted from 0, or 'next'.");
}

/**
 * `name=value` pairs as options of attacks.
 * @param names the attacks: `attack.name=value` where there are several, or none was named
 * @throws ConfigError for pairs that cannot be read, and attacks that are not run
 */
export function attackChoices(names: readonly string[], pairs: readonly string[] = []): AttackChoice[] {
  const options = new Map<string, Record<string, number>>(names.map((name) => [name, {}]));
  for (const pair of pairs) {
    const [, attack = names.length === 1 ? names[0]! : '', name = '', text = ''] =
      /^(?:([\w-]+)\.)?([\w-]+)=(.+)$/.exec(pair) ?? [];
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (name === '' || !Number.isFinite(value))
      throw new ConfigError(
        `--option ${pair}: expected NAME=NUMBER, such as ${names[0] ?? 'pgd'}.steps=100.`,
        'option',
      );
    const own = options.get(attack);
    if (!own)
      throw new ConfigError(
        `--option ${pair}: expected ATTACK.NAME=NUMBER of an attack that is run (${names.join(', ')}). Name it with --attacks.`,
        'option',
        names,
      );
    own[name] = value;
  }
  return names.map((name) => ({ name, options: options.get(name)! }));
}
