/** keyhole train: train a named model, measure it on rows it has not seen, keep it. */
import type { Command } from 'commander';
import { clopperPearson } from '../../attacks/index.ts';
import { type Dataset, examples } from '../../data/index.ts';
import { Classifier, ConfigError, type Evaluation, namedModel, nn, Rng } from '../../engine/index.ts';
import { type Recipe, recipeFor } from '../../experiments/recipe.ts';
import { planThreads, trainingWork } from '../../experiments/training/index.ts';
import { VERSION } from '../../experiments/version.ts';
import type { Ledger, PrivateFitResult } from '../../privacy/index.ts';
import type { RunSettings } from '../checkpoints.ts';
import { commandLine } from '../command-line.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { type DataChoice, loadData } from '../datasets.ts';
import { type Spread, spreadEngine } from '../engine.ts';
import { originOf } from '../model-origin.ts';
import {
  dataChoice,
  givenRecipe,
  type ModelOptions,
  type RunOptions,
  withDataOptions,
  withModelOptions,
  withRunOptions,
} from '../options.ts';
import { columns, countText, jsonText, type Output, outputTo, percentText } from '../output.ts';
import { privateInputs } from '../private-inputs.ts';
import { isPrivate, type PrivateOptions, privateSettings, withPrivateOptions } from '../private-options.ts';
import { privacyRecord, privacyText, trainPrivately } from '../private-training.ts';
import { progressOn } from '../progress.ts';
import { type Resumable, requireWritten, resumable } from '../resumable.ts';
import type { PrivacyRecord, TrainResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';
import {
  augmentBatch,
  type Parts,
  parseAugment,
  type ScheduleName,
  scaledBy,
  scheduledOptimizer,
  scheduleNames,
  scheduleOf,
  trainingParts,
} from '../training.ts';
import { showTraining } from '../training-progress.ts';
import { oneOf, real, whole } from '../values.ts';

interface Options extends CommonOptions, Omit<DataChoice, 'seed'>, ModelOptions, RunOptions, PrivateOptions {
  readonly trainSize?: number;
  readonly validation?: number;
  readonly test?: number;
  readonly earlyStopping?: number;
  readonly augment?: string;
  readonly labelSmoothing: number;
  readonly schedule: ScheduleName;
  readonly scheduleFactor: number;
  readonly scheduleEvery?: number;
  readonly warmup: number;
}

const fraction = real('between 0 and 1', (x) => x > 0 && x < 1);
const atLeastZero = real('of at least 0', (x) => x >= 0);

export function trainCommand(command: Command, terminal: Terminal): Command {
  withModelOptions(
    withDataOptions(command)
      .option('--train-size <n>', 'rows to train on (default: all that are left)', whole(1))
      .option('--validation <share>', 'share of the rows to validate on after each epoch', fraction)
      .option(
        '--test <share>',
        'share of the rows to test on, where there is no official test part (default: 0.2)',
        fraction,
      ),
    terminal.env,
  )
    .option('--early-stopping <epochs>', 'stop after so many without a better validation loss, keep the best', whole(1))
    .option('--augment <changes>', 'change images at random: flip, shift, crop, rotate; amounts as shift=2,rotate=15')
    .option(
      '--label-smoothing <s>',
      'share of the label spread over all classes',
      real('from 0, below 1', (x) => x >= 0 && x < 1),
      0,
    )
    .option('--schedule <name>', `of the learning rate: ${scheduleNames.join(', ')}`, oneOf(scheduleNames), 'constant')
    .option(
      '--schedule-factor <x>',
      'what the rate has been multiplied by after --schedule-every epochs',
      real('above 0, at most 1', (x) => x > 0 && x <= 1),
      0.1,
    )
    .option(
      '--schedule-every <epochs>',
      'see --schedule-factor (default: a third of --epochs)',
      real('above 0', (x) => x > 0),
    )
    .option('--warmup <epochs>', 'in which the rate rises from 0', atLeastZero, 0);
  withPrivateOptions(command);
  return withCommonOptions(withRunOptions(command, 'train.json, model.safetensors')).action((options: Options) =>
    run(terminal, options, commandLine(command)),
  );
}

type Settings = TrainResult['settings'];

function settingsOf(o: Options, recipe: Recipe): Settings & Recipe & { schedule: ScheduleName } {
  return {
    ...recipe,
    schedule: o.schedule,
    scheduleFactor: o.scheduleFactor,
    scheduleEvery: o.scheduleEvery ?? recipe.epochs / 3,
    warmup: o.warmup,
    labelSmoothing: o.labelSmoothing,
    augment: o.augment?.split(',').map((part) => part.trim()) ?? [],
    earlyStopping: o.earlyStopping ?? null,
  };
}

async function run(terminal: Terminal, options: Options, invocation: string): Promise<void> {
  const started = performance.now();
  const output = outputTo(terminal, outputOptions(options));
  if (options.earlyStopping !== undefined && options.validation === undefined) {
    throw new ConfigError('--early-stopping: expected validation rows as well. Add --validation 0.1.', 'validation');
  }
  const dp = isPrivate(options);
  const settings = settingsOf(options, recipeFor(givenRecipe(options)));
  const { dataset } = await loadData(dataChoice(options), terminal);
  const rng = Rng.from(options.seed).split('train');
  const parts = trainingParts(dataset, options, rng.split('split'));

  const spread = await spreadEngine(options, output, (engine, kernels) => {
    const model = namedModel(options.model, dataset.inputShape, dataset.classes);
    const work = trainingWork(engine, { model, models: 1, rows: parts.train.length, recipe: settings });
    return planThreads(options.threads, work, { kernels });
  });
  await resumable(options, output, async (frame) => {
    const context = { terminal, output, options, settings, spread, parts, rng, frame };
    const inputs = dp
      ? await privateInputs(dataset, parts.train, options, frame, runSettings({ ...context, data: dataset }))
      : { data: scaledBy(dataset, parts.train), ledger: null };
    const { data } = inputs;
    const { classifier, ...fitted } = await train({ ...context, ...inputs });
    const measure = async (rows: Int32Array) =>
      measured(await classifier.evaluate(examples(data, rows), { signal: terminal.signal }));
    const validated = settings.earlyStopping === null ? null : bestEpoch(fitted.history);
    const result: TrainResult = {
      schema: 'keyhole.train/1',
      dataset: {
        name: data.name,
        sha256: data.sha256,
        classes: data.classes,
        train: parts.train.length,
        validation: parts.validation.length,
        test: parts.test.length,
      },
      model: { name: options.model, parameters: classifier.parameters },
      settings,
      history: fitted.history,
      epochs: fitted.epochs,
      steps: fitted.steps,
      bestEpoch: validated,
      // what a private model makes of its own training rows is a release that is not paid for
      train: dp ? null : await measure(parts.train),
      validation: parts.validation.length > 0 ? await measure(parts.validation) : null,
      test: await measure(parts.test),
      privacy: fitted.privacy,
      seed: options.seed,
      build: options.backend === 'reference' ? 'reference' : spread.engine.build,
      threads: spread.plan,
      seconds: (performance.now() - started) / 1000,
      command: invocation,
      date: new Date().toISOString(),
      version: VERSION,
    };
    const faults = await frame.finish([
      { name: 'train.json', make: () => jsonText(result) },
      {
        name: 'model.safetensors',
        make: () => classifier.save({ ...originOf(data, options), ...metadataOf(fitted.privacy) }),
      },
    ]);
    classifier.dispose();
    spread.engine.dispose();
    output.printJson(result);
    output.print(resultText(result, output.width));
    if (!frame.folder) output.note('\nNothing was written. --out FOLDER keeps the model.');
    requireWritten(faults);
    if (frame.folder) output.print(`\nModel: ${frame.folder.file('model.safetensors')}`);
  });
}

interface Work {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly options: Options;
  readonly settings: ReturnType<typeof settingsOf>;
  readonly spread: Spread;
  readonly data: Dataset;
  readonly parts: Parts;
  readonly rng: Rng;
  readonly frame: Resumable;
}

interface Trained extends Pick<TrainResult, 'history' | 'epochs' | 'steps' | 'privacy'> {
  readonly classifier: Classifier;
}

async function train(work: Work & { readonly ledger: Ledger | null }): Promise<Trained> {
  const { terminal, options, settings, spread, data, parts, rng, ledger } = work;
  const model = namedModel(options.model, data.inputShape, data.classes);
  const augment = options.augment === undefined ? undefined : augmentBatch(parseAugment(options.augment), data);
  const records = options.records ?? parts.train.length;
  const perEpoch = ledger ? records / settings.batchSize : Math.ceil(parts.train.length / settings.batchSize);
  const optimizer = scheduledOptimizer(settings, scheduleOf(settings, perEpoch));
  const checkpoint = work.frame.checkpoint('model', runSettings(work), { orNone: ledger !== null });
  const meter = progressOn(terminal.stderr, { quiet: work.output.quiet });
  const classifier = Classifier.create(spread.engine, model, {
    seed: rng.split('initial').uint32(),
    dtype: options.backend === 'reference' ? 'f64' : 'f32',
  });
  const validation = parts.validation.length > 0 ? examples(data, parts.validation) : null;
  try {
    if (ledger) {
      const { epochs, batchSize, labelSmoothing } = settings;
      const setting = { epochs, batchSize, labelSmoothing, optimizer, checkpoint, validation, ledger };
      const rows = examples(data, parts.train);
      const fitted = await trainPrivately({
        ...setting,
        terminal,
        output: work.output,
        options,
        classifier,
        train: rows,
      });
      return { classifier, ...privateHistory(fitted, epochs), privacy: privacyRecord(fitted, options, records) };
    }
    const { history, epochs, steps } = await classifier.fit(examples(data, parts.train), {
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      optimizer,
      seed: rng.split('training').uint32(),
      signal: terminal.signal,
      onProgress: (p) => showTraining(meter, 'training', p),
      ...(settings.labelSmoothing > 0 && {
        loss: (logits, labels) => nn.losses.smoothedCrossEntropy(logits, labels, settings.labelSmoothing),
      }),
      ...(augment && { augment }),
      ...(validation && { validation }),
      ...(settings.earlyStopping !== null && { earlyStopping: { patience: settings.earlyStopping } }),
      ...(checkpoint && { checkpoint }),
    });
    return { classifier, history: history.map((epoch) => ({ ...epoch })), epochs, steps, privacy: null };
  } catch (error) {
    classifier.dispose();
    throw error;
  } finally {
    meter.stop();
  }
}

function runSettings({ options, settings, spread, data, parts }: Work): RunSettings {
  return {
    ...settings,
    augment: settings.augment.join(','),
    ...privateSettings(options),
    data: data.sha256,
    model: options.model,
    train: parts.train.length,
    validation: parts.validation.length,
    test: parts.test.length,
    seed: options.seed,
    backend: options.backend,
    build: spread.engine.build,
    version: VERSION,
  };
}

/** Epochs in the form of other training: without a loss, which is the private rows' own. */
function privateHistory({ history, steps, plannedSteps }: PrivateFitResult, epochs: number) {
  const seen = history.map(({ epoch, validation }) => ({ epoch, loss: null, ...(validation && { validation }) }));
  return {
    history: seen,
    epochs: steps === plannedSteps ? epochs : Math.floor((epochs * steps) / plannedSteps),
    steps,
  };
}

const metadataOf = (privacy: PrivacyRecord | null) => (privacy ? { privacy: JSON.stringify(privacy) } : {});

function measured({ loss, accuracy, n }: Evaluation): TrainResult['test'] {
  return { loss, accuracy: clopperPearson({ hits: Math.round(accuracy * n), n }) };
}

function bestEpoch(history: TrainResult['history']): number | null {
  const losses = history.map((epoch) => epoch.validation?.loss ?? Number.POSITIVE_INFINITY);
  return history.length === 0 ? null : losses.indexOf(Math.min(...losses)) + 1;
}

function resultText(r: TrainResult, width: number): string {
  const row = (name: string, { accuracy: a, loss }: TrainResult['test']) =>
    a.value === null
      ? [name, 'no rows', '', '', '']
      : [
          name,
          percentText(a.value),
          `[${percentText(a.low)}, ${percentText(a.high)}]`,
          `loss ${loss.toFixed(4)}`,
          `${countText(a.n)} rows`,
        ];
  const stopped =
    r.epochs < r.settings.epochs && r.bestEpoch !== null ? `, stopped early: epoch ${r.bestEpoch} was best` : '';
  const rows = [
    ...(r.train ? [row('training', r.train)] : []),
    ...(r.validation ? [row('validation', r.validation)] : []),
    row('test', r.test),
  ];
  return (
    `${r.model.name} on ${r.dataset.name}: ${countText(r.model.parameters)} parameters, ` +
    `${r.epochs} epochs (${countText(r.steps)} steps)${stopped}, ${r.seconds.toFixed(1)} s\n\n` +
    `Accuracy, with 95 % intervals\n${columns(rows, width)}` +
    (r.privacy ? `\n\n${privacyText(r.privacy, width)}` : '')
  );
}
