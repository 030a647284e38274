/** `keyhole audit --dp`: train privately with canaries, and hold what they show against what was proved. */
import type { Command } from 'commander';
import { ConfigError, KeyholeError } from '../engine/index.ts';
import { type DpAuditOptions, type DpAuditProgress, dpAudit, dpAuditRows } from '../experiments/dp-audit.ts';
import { type DpAuditRecord, provedUpper } from '../experiments/dp-audit-record.ts';
import { optimizerOf, recipeFor } from '../experiments/recipe.ts';
import { VERSION } from '../experiments/version.ts';
import { type CanaryKindName, canaryKinds } from '../privacy/index.ts';
import type { CommonOptions } from './common-options.ts';
import { type DataChoice, loadData } from './datasets.ts';
import { engineFor } from './engine.ts';
import { dataChoice, givenRecipe, type ModelOptions, type RunOptions } from './options.ts';
import { jsonText, type Output } from './output.ts';
import { privateInputs } from './private-inputs.ts';
import { type PrivateOptions, privateSettings } from './private-options.ts';
import { clippingOf, DEFAULT_DELTA } from './private-training.ts';
import { type ProgressMeter, progressOn } from './progress.ts';
import { requireWritten, resumable } from './resumable.ts';
import type { Terminal } from './terminal.ts';
import { oneOf, whole } from './values.ts';

/** None has a value unless it was given. */
export interface CanaryChoice {
  readonly canaries?: number;
  readonly canaryKind?: CanaryKindName;
  readonly runs?: number;
  readonly copies?: number;
}

export interface PrivateAuditOptions
  extends CommonOptions,
    Omit<DataChoice, 'seed'>,
    ModelOptions,
    RunOptions,
    PrivateOptions,
    CanaryChoice {
  readonly trainSize?: number;
  readonly confidence: number;
}

const kindNames = Object.keys(canaryKinds) as CanaryKindName[];

export function withCanaryOptions(command: Command): Command {
  return command
    .option(
      '--canaries <n>',
      'with --dp: records that are put in by a coin each, and guessed (default: 1000)',
      whole(1, 100_000),
    )
    .option('--canary-kind <kind>', `with --dp: ${kindNames.join(', ')} (default: gradient)`, oneOf(kindNames))
    .option(
      '--runs <n>',
      'with --dp: in place of canaries, n runs with a poisoned record and n without (ClipBKD)',
      whole(1, 100_000),
    )
    .option('--copies <k>', 'with --runs: of the poisoned record, accounted for a group (default: 1)', whole(1, 64));
}

const WITHOUT_MEANING = {
  shadows: '--shadows',
  references: '--references',
  population: '--population',
  repeats: '--repeats',
  attacks: '--attacks',
  slice: '--slice',
  outSize: '--out-size',
  records: '--records',
};

/** @throws ConfigError for options that belong to the other kind of audit, or to each other's place */
export function checkCanaryOptions(command: Command, options: PrivateAuditOptions): void {
  const given = (name: string) => command.getOptionValueSource(name) === 'cli';
  const fault = (option: string, because: string, path: string) => {
    throw new ConfigError(`${option}: ${because}`, path);
  };
  if (!options.dp) {
    for (const [name, option] of Object.entries({
      canaries: '--canaries',
      canaryKind: '--canary-kind',
      runs: '--runs',
      copies: '--copies',
    })) {
      if (given(name)) fault(option, 'expected --dp as well, which it is about. Add --dp, or leave it out.', name);
    }
    return;
  }
  for (const [name, option] of Object.entries(WITHOUT_MEANING)) {
    if (!given(name)) continue;
    const because = name === 'records' ? 'follows from the rows and the canaries' : 'is about attacks by shadow models';
    fault(option, `expected no such option with --dp: it ${because}. Leave it out.`, name);
  }
  for (const [name, option] of Object.entries({ fresh: '--fresh', checkpointEvery: '--checkpoint-every' })) {
    if (!given(name)) continue;
    fault(
      option,
      'expected no such option with --dp: an audit keeps no checkpoints, which would hold its coins. Leave it out.',
      name,
    );
  }
  if (options.clipping === 'quantile' && (options.canaryKind ?? 'gradient') === 'gradient' && !options.runs) {
    fault(
      '--clipping quantile',
      'expected a fixed clipping norm for gradient canaries, whose norms would move it. Take --canary-kind mislabelled, or another clipping.',
      'clipping',
    );
  }
  const excluded = options.runs === undefined ? (['copies'] as const) : (['canaries', 'canaryKind'] as const);
  for (const name of excluded) {
    const option = { copies: '--copies', canaries: '--canaries', canaryKind: '--canary-kind' }[name];
    const because =
      name === 'copies'
        ? 'expected --runs as well.'
        : 'expected one of --runs and canaries: they are two ways to audit.';
    if (given(name)) fault(option, `${because} Leave one out.`, name);
  }
}

/** What an exit code of 1 says, when nothing went wrong but the training. */
export class AuditFailed extends KeyholeError {
  override name = 'AuditFailed';
}

export async function runPrivateAudit(
  terminal: Terminal,
  output: Output,
  options: PrivateAuditOptions,
  invocation: string,
): Promise<void> {
  const recipe = recipeFor(givenRecipe(options));
  const { dataset } = await loadData(dataChoice(options), terminal);
  const { model, backend, seed, confidence } = options;
  const training: DpAuditOptions['training'] = {
    epochs: recipe.epochs,
    batchSize: recipe.batchSize,
    clip: clippingOf(options),
    delta: options.delta ?? DEFAULT_DELTA,
    optimizer: optimizerOf(recipe),
    ...(options.epsilon !== undefined && { epsilon: options.epsilon }),
    ...(options.noise !== undefined && { noise: options.noise }),
    ...(options.sampler && { sampler: options.sampler }),
    ...(options.exact && { exact: true }),
    ...(options.chunk !== undefined && { chunk: options.chunk }),
    ...(options.reproducibleNoise && { reproducible: seed }),
  };
  const chosen: Omit<DpAuditOptions, 'training' | 'ledger'> = {
    model,
    backend,
    seed,
    confidence,
    signal: terminal.signal,
    ...(options.canaryKind && { kind: options.canaryKind }),
    ...(options.canaries !== undefined && { canaries: options.canaries }),
    ...(options.runs !== undefined && { runs: options.runs }),
    ...(options.copies !== undefined && { copies: options.copies }),
    ...(options.trainSize !== undefined && { trainSize: options.trainSize }),
  };
  const engine = await engineFor(options, options.threads === 'auto' ? 1 : options.threads);
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  await resumable(options, output, async (frame) => {
    let result: DpAuditRecord;
    try {
      const rows = dpAuditRows(dataset, chosen);
      const settings = { ...privateSettings(options), data: dataset.sha256, model, seed, version: VERSION };
      const { data, ledger } = await privateInputs(dataset, rows, options, frame, settings);
      result = await dpAudit(engine, data, {
        ...chosen,
        training: { ...training, ledger },
        onProgress: (p) => show(meter, p),
      });
    } finally {
      meter.stop();
      engine.dispose();
    }
    const record: DpAuditRecord = { ...result, command: invocation, date: new Date().toISOString() };
    const faults = await frame.finish([
      { name: 'audit.json', make: () => jsonText(record) },
      { name: 'report.html', make: async () => (await report()).renderDpAuditReport(record) },
    ]);
    output.printJson(record);
    if (!output.json) {
      const { renderDpAuditText } = await report();
      output.print(renderDpAuditText(record, { colour: output.colour, width: output.width }).trimEnd());
    }
    if (frame.folder) {
      const line = `Report: ${frame.folder.file('report.html')}`;
      if (output.json) output.note(line);
      else output.print(`\n${line}`);
    } else output.note('\nNothing was written. --out FOLDER keeps the numbers and a report to read.');
    requireWritten(faults);
    requireConsistent(record);
  });
}

// The plots are a large import that nobody else should wait for.
const report = () => import('../experiments/report/index.ts');

/** @throws AuditFailed when the audit contradicts the proof */
export function requireConsistent(record: DpAuditRecord): void {
  if (record.verdict === 'consistent') return;
  throw new AuditFailed(
    `the audit shows an epsilon of at least ${record.measured.epsilonLower.toFixed(4)}, above the proved bound of ` +
      `${provedUpper(record).toFixed(4)}: the training is not what was accounted for, or the accounting is wrong.`,
  );
}

function show(meter: ProgressMeter, { phase, done, of, epsilon }: DpAuditProgress): void {
  const note = epsilon === undefined ? '' : `epsilon ${Number.isFinite(epsilon) ? epsilon.toFixed(2) : 'infinite'}`;
  if (phase === 'train') meter.update({ phase: 'private training', done, total: of, unit: 'steps', note });
  else meter.update({ phase: 'trainings', done, total: of, unit: 'steps' });
}
