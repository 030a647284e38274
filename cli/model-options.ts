/** The options of `keyhole audit` for a model that somebody else trained: a file or an address as --model. */
import { type Command, Option } from 'commander';
import { layouts, type OutputKind, outputKinds } from '../attacks/index.ts';
import { ConfigError, type ModelName, modelNames } from '../engine/index.ts';
import { didYouMean } from './suggest.ts';
import { collect, oneOf, real, whole } from './values.ts';

/** None has a value unless it was given. */
export interface ForeignChoice {
  readonly members?: string;
  readonly nonMembers?: string;
  readonly population?: string;
  readonly outputs?: OutputKind;
  readonly layout?: (typeof layouts)[number];
  readonly output?: string;
  readonly batch?: number;
  readonly queryBudget?: number;
  readonly concurrency?: number;
  readonly rate?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly header?: readonly string[];
  readonly meanTrainingLoss?: number;
  readonly shadowRecipe?: ModelName;
  readonly force?: boolean;
  readonly resume?: boolean;
}

/** Whether `--model` names a file or an address, and not one of our models. */
export function isForeign(model: string): boolean {
  return isAddress(model) || /\.onnx$/i.test(model);
}

export function isAddress(model: string): boolean {
  return /^https?:\/\//i.test(model);
}

/** Reader of `--model` where other people's models may be named. */
export function anyModel(text: string): string {
  if (isForeign(text)) return text;
  if (/[/.:]/.test(text))
    throw new ConfigError(
      `--model ${text}: expected one of ${modelNames.join(', ')}, a file that ends in .onnx, or an address (http://…).${didYouMean(text, modelNames)}`,
      'model',
      modelNames,
    );
  return oneOf(modelNames)(text);
}

const positive = real('above 0', (x) => x > 0);

export function withForeignOptions(command: Command): Command {
  return withAnswerOptions(
    command
      .option('--members <file>', `${ABOUT} rows that it was trained on, .npz with x and y, .csv, or x.npy,y.npy`)
      .option('--non-members <file>', `${ABOUT} rows of the same source that it was not trained on`),
  )
    .option(
      '--mean-training-loss <x>',
      `${ABOUT} its mean loss on the training data in nats, where it is known`,
      real('of at least 0', (x) => x >= 0),
    )
    .option(
      '--shadow-recipe <name>',
      `${ABOUT} train shadow models on halves of the population, and with --references models on halves of members and non-members: one of ${modelNames.join(', ')}`,
      oneOf(modelNames),
    )
    .option('--force', `${ABOUT} audit although rows are in two sets, or scaled differently`)
    .option('--resume', `${ABOUT} only go on with the answers that --out has`);
}

const ABOUT = 'with a file or address as --model:';

/** How such a model is asked, whatever for. */
export function withAnswerOptions(command: Command, about = ABOUT): Command {
  return command
    .option(
      '--outputs <kind>',
      `${about} what it answers with: ${outputKinds.join(', ')} (default: what it says)`,
      oneOf(outputKinds),
    )
    .option(
      '--layout <name>',
      `of an ONNX model's images, where the rows have the other one: ${layouts.join(', ')}`,
      oneOf(layouts),
    )
    .option('--output <name>', 'of an ONNX model with several outputs')
    .option('--batch <n>', `${about} rows a question (default: 64)`, whole(1))
    .option('--query-budget <n>', `${about} rows that may be asked about in all (default: no limit)`, whole(1))
    .option('--concurrency <n>', 'questions to a service at the same time (default: 4)', whole(1, 1000))
    .option('--rate <n>', 'questions to a service a second (default: no limit)', positive)
    .option('--timeout <seconds>', 'to wait for an answer of a service (default: 30)', positive)
    .option('--retries <n>', 'of a question that a service does not answer (default: 4)', whole(0, 100))
    .addOption(
      new Option('--header <name:value>', 'sent to a service; may be given again; values are not recorded').argParser(
        collect,
      ),
    );
}

/** What of these options says how to ask. */
export type AnswerChoice = Pick<
  ForeignChoice,
  'outputs' | 'layout' | 'output' | 'batch' | 'queryBudget' | 'concurrency' | 'rate' | 'timeout' | 'retries' | 'header'
>;

const NAMES: readonly (keyof ForeignChoice)[] = [
  'members',
  'nonMembers',
  'outputs',
  'layout',
  'output',
  'batch',
  'queryBudget',
  'concurrency',
  'rate',
  'timeout',
  'retries',
  'header',
  'meanTrainingLoss',
  'shadowRecipe',
  'force',
  'resume',
];
const OF_SERVICES: readonly string[] = ['concurrency', 'rate', 'timeout', 'retries', 'header'];
const OF_FILES: readonly string[] = ['layout', 'output'];
const OF_SHADOWS: readonly string[] = [
  'shadows',
  'references',
  'epochs',
  'batchSize',
  'optimizer',
  'learningRate',
  'momentum',
  'weightDecay',
  'relaxed',
  'maxMemory',
  'threads',
  'checkpointEvery',
];
/** What an audit of such a model shares with one that is trained here. */
const SHARED: readonly string[] = [
  'model',
  'label',
  'population',
  'repeats',
  'attacks',
  'confidence',
  'seed',
  'out',
  'fresh',
  'json',
  'quiet',
  'colour',
  'color',
  'debug',
];

/** @throws ConfigError for options about how to ask that say nothing to the model that is attacked */
export function checkAnswerOptions(o: AnswerChoice & { readonly model: string; readonly defence?: string }): void {
  const refuse = (name: string, expected: string) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ConfigError(`${flag}: expected ${expected} Leave it out.`, name);
  };
  const given = (names: readonly string[]) => names.find((name) => o[name as keyof AnswerChoice] !== undefined);
  const ofServices = given(OF_SERVICES);
  const ofFiles = given(OF_FILES);
  if (ofServices && !isAddress(o.model)) refuse(ofServices, 'an address as --model, which it is about.');
  if (ofFiles && (!isForeign(o.model) || isAddress(o.model)))
    refuse(ofFiles, 'an ONNX file as --model, which it is about.');
  if (o.batch !== undefined && !isForeign(o.model))
    refuse('batch', 'a file or an address as --model, which it is about.');
  if (o.outputs !== undefined && o.defence !== undefined)
    refuse('outputs', 'no --defence beside it: --attacker says what is known of a defended model.');
}

/** @throws ConfigError for options that belong to models that are trained here, or to other people's */
export function checkForeignOptions(command: Command, options: { readonly model: string } & ForeignChoice): void {
  const flag = (name: string) => command.options.find((option) => option.attributeName() === name)?.long ?? name;
  const given = (name: string) => command.getOptionValueSource(name) === 'cli';
  const refuse = (name: string, because: string) => {
    throw new ConfigError(`${flag(name)}: expected ${because}`, name);
  };
  const names = command.options.map((option) => option.attributeName());
  if (!isForeign(options.model)) {
    for (const name of NAMES)
      if (given(name))
        refuse(name, 'a file or an address as --model as well, which it is about. Leave it out, or name one.');
    return;
  }
  for (const name of names.filter(given)) {
    if (SHARED.includes(name)) continue;
    if (OF_SHADOWS.includes(name)) {
      if (options.shadowRecipe === undefined)
        refuse(name, `--shadow-recipe as well, since ${options.model} is not trained here. Leave it out, or add it.`);
      continue;
    }
    if (!(NAMES as readonly string[]).includes(name))
      refuse(name, `no such option with --model ${options.model}, which is not trained here. Leave it out.`);
    if (OF_SERVICES.includes(name) && !isAddress(options.model))
      refuse(name, 'an address as --model, which it is about. Leave it out.');
    if (OF_FILES.includes(name) && isAddress(options.model))
      refuse(name, 'an ONNX file as --model, which it is about. Leave it out.');
  }
  for (const name of ['members', 'nonMembers'] as const)
    if (options[name] === undefined)
      refuse(
        name,
        `a file with rows, since --model ${options.model} was trained somewhere else. Name an .npz, .npy or .csv file.`,
      );
  if (/^\d+$/.test(options.population ?? ''))
    refuse(
      'population',
      `a file with rows, since --model ${options.model} was trained somewhere else. Name an .npz, .npy or .csv file.`,
    );
  if (options.shadowRecipe !== undefined && options.population === undefined && !given('references'))
    refuse(
      'shadowRecipe',
      '--population as well, whose rows shadow models are trained on, or --references, models on halves of members and non-members. Add one.',
    );
  if (options.resume && !given('out')) refuse('resume', '--out as well, the folder that has the answers.');
}

/** `name:value` pairs. @throws ConfigError naming the header, and never its value */
export function headersOf(given: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf(':');
      const name = text.slice(0, Math.max(0, at)).trim();
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
        throw new ConfigError(
          `--header ${name || '…'}: expected NAME:VALUE, such as 'authorization: Bearer …'.`,
          'header',
        );
      return [name.toLowerCase(), text.slice(at + 1).trim()];
    }),
  );
}

/** What of these options may be shown: no values of headers, and no login or query of an address. */
export const shownOptions: Readonly<Record<string, (value: unknown) => unknown>> = {
  header: (value) => (value as readonly string[]).map((text) => `${text.slice(0, Math.max(0, text.indexOf(':')))}:…`),
  model: (value) => {
    if (!isAddress(String(value))) return value;
    const { origin, pathname } = new URL(String(value));
    return `${origin}${pathname}`;
  },
};
