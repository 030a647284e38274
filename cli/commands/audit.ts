/** keyhole audit: train a model on part of a data set, attack it, and say what it gives away. */
import type { Command } from 'commander';
import { allMembershipAttacks } from '../../attacks/index.ts';
import type { Dataset } from '../../data/index.ts';
import { type Build, ConfigError, namedModel } from '../../engine/index.ts';
import {
  type Audit,
  type AuditOptions,
  type AuditSizes,
  audit,
  auditPlan,
  auditSizes,
} from '../../experiments/audit.ts';
import type { AuditRecord } from '../../experiments/audit-record.ts';
import { type Recipe, recipeFor } from '../../experiments/recipe.ts';
import { VERSION } from '../../experiments/version.ts';
import type { RunSettings } from '../checkpoints.ts';
import { commandLine } from '../command-line.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { type DataChoice, loadData } from '../datasets.ts';
import { spreadEngine } from '../engine.ts';
import { runModelAudit } from '../model-audit.ts';
import {
  anyModel,
  checkForeignOptions,
  type ForeignChoice,
  isForeign,
  shownOptions,
  withForeignOptions,
} from '../model-options.ts';
import {
  dataChoice,
  givenRecipe,
  type ModelOptions,
  type RunOptions,
  withDataOptions,
  withModelOptions,
  withRunOptions,
} from '../options.ts';
import { jsonText, type Output, outputTo } from '../output.ts';
import {
  type CanaryChoice,
  checkCanaryOptions,
  type PrivateAuditOptions,
  runPrivateAudit,
  withCanaryOptions,
} from '../private-audit.ts';
import { isPrivate, type PrivateOptions, withPrivateOptions } from '../private-options.ts';
import { progressOn } from '../progress.ts';
import { requireWritten, resumable } from '../resumable.ts';
import type { Terminal } from '../terminal.ts';
import { showAudit } from '../training-progress.ts';
import { collect, real, someOf, whole } from '../values.ts';

interface Options
  extends CommonOptions,
    Omit<DataChoice, 'seed'>,
    ModelOptions,
    RunOptions,
    PrivateOptions,
    CanaryChoice,
    ForeignChoice {
  readonly trainSize?: number;
  readonly outSize?: number;
  readonly shadows?: number;
  readonly references?: number;
  readonly population?: string;
  readonly repeats?: number;
  readonly attacks?: readonly string[];
  readonly slice?: readonly string[];
  readonly confidence: number;
}

const costly = allMembershipAttacks.filter((attack) => attack.costly).map((attack) => attack.name);
const attackNames = allMembershipAttacks.map((attack) => attack.name);
/** below this, rates have no meaning; what each attack needs is checked on its own */
const FEWEST_ROWS = 20;

export function auditCommand(command: Command, terminal: Terminal): Command {
  const foreign = { about: '; or a file that ends in .onnx, or an address (http://…)', parse: anyModel };
  withModelOptions(
    withDataOptions(command)
      .option('--train-size <n>', 'rows that the model is trained on (default: a quarter, at most 5000)', whole(1))
      .option('--out-size <n>', 'rows that it is not, to compare with (default: as many)', whole(1)),
    terminal.env,
    foreign,
  )
    .option(
      '--shadows <n>',
      "shadow models on data of the attacker's own, which show what members look like (default: 1)",
      whole(0, 1000),
    )
    .option(
      '--references <n>',
      'reference models, each on a random half of the records that are tested, as the stronger attacker of LiRA and RMIA has them: 16, say; 0 or at least 2 (default: 0)',
      whole(0, 1000),
    )
    .option(
      '--population <n>',
      'rows that no model is trained on, for attacks that need some: how many (default: 0), or with a file or address as --model, a file of them',
    )
    .option('--repeats <n>', 'ask each question so often and average: for models that answer at random', whole(1, 1e6))
    .option(
      '--attacks <names>',
      `some of ${attackNames.join(', ')} (default: all but costly ones: ${costly.join(', ')})`,
      someOf(attackNames),
    )
    .option(
      '--slice <column>',
      'report the strongest attack for each value of this column of a table as well; may be given again',
      collect,
    )
    .option(
      '--confidence <x>',
      'of the intervals',
      real('between 0 and 1', (x) => x > 0 && x < 1),
      0.95,
    );
  withCanaryOptions(withPrivateOptions(withForeignOptions(command)));
  return withCommonOptions(withRunOptions(command, 'audit.json, report.html, model.safetensors')).action(
    (options: Options) => {
      const invocation = commandLine(command, shownOptions);
      checkForeignOptions(command, options);
      if (isForeign(options.model))
        return runModelAudit(terminal, outputTo(terminal, outputOptions(options)), options, invocation);
      checkCanaryOptions(command, options as PrivateAuditOptions);
      if (!isPrivate(options)) return run(terminal, options, invocation);
      const output = outputTo(terminal, outputOptions(options));
      return runPrivateAudit(terminal, output, options as PrivateAuditOptions, invocation);
    },
  );
}

async function run(terminal: Terminal, options: Options, invocation: string): Promise<void> {
  const output = outputTo(terminal, outputOptions(options));
  const recipe = recipeFor(givenRecipe(options));
  const { dataset } = await loadData(dataChoice(options), terminal);
  const sizes = checkedSizes(dataset, options);
  namedModel(options.model, dataset.inputShape, dataset.classes);

  const settings: AuditOptions = {
    ...recipe,
    model: options.model,
    trainSize: sizes.targetTrain,
    outSize: sizes.targetOut,
    seed: options.seed,
    backend: options.backend,
    confidence: options.confidence,
    signal: terminal.signal,
    population: sizes.population,
    ...(options.shadows !== undefined && { shadows: options.shadows }),
    ...(options.references !== undefined && { references: options.references }),
    ...(options.repeats !== undefined && { repeats: options.repeats }),
    ...(options.attacks && { attacks: options.attacks }),
    ...(options.slice && { slices: options.slice }),
  };
  const { engine, plan } = await spreadEngine(options, output, (engine, kernels) =>
    auditPlan(engine, dataset, settings, { asked: options.threads, kernels }),
  );
  const settingsOf = runSettings(dataset, options, recipe, sizes, engine.build);
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  await resumable(options, output, async (frame) => {
    let result: Audit;
    try {
      const checkpoint = (model: string) => frame.checkpoint(model, settingsOf(model))!;
      result = await audit(engine, dataset, {
        ...settings,
        threads: plan,
        onProgress: showAudit(meter),
        ...(frame.folder && { checkpoint }),
      });
    } finally {
      meter.stop();
    }
    const record: AuditRecord = { ...result.record, command: invocation, date: new Date().toISOString() };
    const faults = await frame.finish([
      { name: 'audit.json', make: () => jsonText(record) },
      { name: 'model.safetensors', make: () => result.target.save() },
      { name: 'report.html', make: async () => (await report()).renderAuditReport(record) },
    ]);
    result.target.dispose();
    engine.dispose();
    output.printJson(record);
    if (!output.json) {
      const { renderAuditTable } = await report();
      output.print(renderAuditTable(record, { colour: output.colour, width: output.width }).trimEnd());
    }
    const left = record.warnings.filter(({ code }) => code === 'skipped').length;
    if (left > 0) output.note(`\n${left} attacks were left out; the report says why, and what each would need.`);
    if (!frame.folder)
      output.note('\nNothing was written. --out FOLDER keeps the model, the numbers and a report to read.');
    requireWritten(faults);
    if (frame.folder) closing(output, frame.folder.file('report.html'));
  });
}

// The plots are a large import that nobody else should wait for.
const report = () => import('../../experiments/report/index.ts');

function closing(output: Output, report: string): void {
  const line = `Report: ${report}`;
  if (output.json) output.note(line);
  else output.print(`\n${line}`);
}

/** @throws ConfigError when there are too few rows for the parts */
function checkedSizes(dataset: Dataset, { trainSize, outSize, population }: Options): AuditSizes {
  if (dataset.size < FEWEST_ROWS) {
    throw new ConfigError(
      `audit: expected at least ${FEWEST_ROWS} rows, got ${dataset.size} of ${dataset.name}. Rates over so few rows mean nothing: give more data.`,
      'data',
    );
  }
  const most = dataset.size - 2;
  if (trainSize !== undefined && trainSize > most) {
    throw new ConfigError(
      `--train-size ${trainSize}: expected at most ${most} of the ${dataset.size} rows of ${dataset.name}, since others must stay out to compare with. Use a smaller one.`,
      'trainSize',
    );
  }
  return auditSizes(dataset.size, {
    ...(trainSize !== undefined && { trainSize }),
    ...(outSize !== undefined && { outSize }),
    ...(population !== undefined && { population: populationSize(population) }),
  });
}

/** @throws ConfigError for a file, which goes with somebody else's model */
function populationSize(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new ConfigError(
    `--population ${text}: expected how many rows of --data to keep aside, such as 300. A file of rows goes with a file or an address as --model.`,
    'population',
  );
}

/** Everything that decides the bits of a model. */
function runSettings(
  dataset: Dataset,
  o: Options,
  recipe: Recipe,
  sizes: AuditSizes,
  build: Build,
): (model: string) => RunSettings {
  const shared = {
    data: dataset.sha256,
    model: o.model,
    'train-size': sizes.targetTrain,
    'out-size': sizes.targetOut,
    ...recipe,
    seed: o.seed,
    backend: o.backend,
    build,
    version: VERSION,
  };
  // a population is taken from the rows of the shadow models, whose number changes nothing
  const population = sizes.population > 0 ? { population: sizes.population } : {};
  return (model) => ({ part: model, ...shared, ...(model.startsWith('shadow') && population) });
}
