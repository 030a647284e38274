/** `keyhole audit --model m.onnx` or `http://…`: ask somebody else's model, attack it by its answers, say what it gives away. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { httpOracle, type Oracle, onnxOracle } from '../attacks/index.ts';
import { type Bytes, type Records, readRecords, recordsDigest, sha256 } from '../data/index.ts';
import { ConfigError, type Engine, Rng, type Shape } from '../engine/index.ts';
import type { AuditRecord } from '../experiments/audit-record.ts';
import { type AuditTargetProgress, auditTarget } from '../experiments/audit-target.ts';
import type { ShadowRecipe } from '../experiments/index.ts';
import { VERSION } from '../experiments/version.ts';
import { type AnswersFile, answersFile } from './answers-file.ts';
import { type CheckpointFile, checkpointFile } from './checkpoints.ts';
import type { CommonOptions } from './common-options.ts';
import { engineFor } from './engine.ts';
import { type AnswerChoice, type ForeignChoice, headersOf, isAddress } from './model-options.ts';
import { givenRecipe, type ModelOptions, type RunOptions } from './options.ts';
import { jsonText, type Output } from './output.ts';
import { type OutputFolder, openOutputFolder, writeProducts } from './output-folder.ts';
import { type ProgressMeter, progressOn } from './progress.ts';
import { requireWritten } from './resumable.ts';
import { Interrupted, type Terminal } from './terminal.ts';
import { showAudit } from './training-progress.ts';

export interface ModelAuditOptions extends CommonOptions, ModelOptions, RunOptions, ForeignChoice {
  readonly label?: string;
  readonly shadows?: number;
  readonly references?: number;
  readonly repeats?: number;
  readonly attacks?: readonly string[];
  readonly confidence: number;
}

const ANSWERS = 'answers.jsonl';

export async function runModelAudit(
  terminal: Terminal,
  output: Output,
  options: ModelAuditOptions,
  invocation: string,
): Promise<void> {
  const { signal } = terminal;
  const members = await readSet(options.members!, options);
  const nonMembers = await readSet(options.nonMembers!, options);
  const population = options.population === undefined ? null : await readSet(options.population, options);
  for (const set of [nonMembers, ...(population ? [population] : [])]) sameShape(members, set);
  const { oracle, digest } = await reached(options, members.shape, signal);
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  let folder: OutputFolder | null = null;
  let answers: AnswersFile | null = null;
  let engine: Engine | null = null;
  const checkpoints: CheckpointFile[] = [];
  try {
    folder = options.out === undefined ? null : await openOutputFolder(options.out);
    if (folder) {
      const sets = [members, nonMembers, ...(population ? [population] : [])];
      answers = await answersFile(folder.file(ANSWERS), {
        question: {
          model: digest ?? oracle.name,
          rows: await recordsDigest(sets.map((set) => ({ ...set, y: null }))),
          outputs: options.outputs ?? 'as the model says',
          ...(options.output !== undefined && { output: options.output }),
          ...(options.layout !== undefined && { layout: options.layout }),
        },
        ...(options.fresh && { fresh: true }),
        ...(options.resume && { resume: true }),
        onResume: (rows) => output.note(`going on from ${folder!.file(ANSWERS)}, which has answers about ${rows} rows`),
      });
    }
    if (options.shadowRecipe !== undefined) engine = await engineFor(options);
    const result = await auditTarget({
      oracle,
      members: namedRows(members),
      nonMembers: namedRows(nonMembers),
      ...(population && { population: namedRows(population) }),
      ...(options.outputs && { outputs: options.outputs }),
      ...(options.meanTrainingLoss !== undefined && { meanTrainingLoss: options.meanTrainingLoss }),
      ...(engine && {
        shadows: {
          ...givenRecipe(options),
          engine,
          model: options.shadowRecipe!,
          threads: options.threads,
          ...(options.shadows !== undefined && { count: options.shadows }),
          ...(options.references !== undefined && { references: options.references }),
          ...(folder && { checkpoint: checkpointsIn(folder, options, output, checkpoints) }),
        },
      }),
      ...(options.repeats !== undefined && { repeats: options.repeats }),
      ...(options.attacks && { attacks: options.attacks }),
      ...(options.force && { force: true }),
      ...(answers && { store: answers }),
      ...(digest !== null && { sha256: digest }),
      seed: options.seed,
      confidence: options.confidence,
      signal,
      onProgress: show(meter),
    });
    meter.stop();
    await finish(output, folder, checkpoints, { ...result, command: invocation, date: new Date().toISOString() });
  } catch (error) {
    meter.stop();
    throw error instanceof Interrupted
      ? new Interrupted(error.exitCode, howToGoOn(folder, answers))
      : withRemedy(error);
  } finally {
    meter.stop();
    engine?.dispose();
    await answers?.close();
    if ((answers?.kept ?? 0) === 0) await folder?.abandon();
    await oracle.dispose();
  }
}

/** One file, or x and y by a comma. @throws ConfigError, FormatError */
async function readSet(text: string, { label }: { readonly label?: string }): Promise<Records> {
  const paths = /\.npy,/i.test(text) ? text.split(',') : [text];
  const files = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(path);
      return { name: basename(path), bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) as Bytes };
    }),
  );
  return readRecords(files, label === undefined ? {} : { label });
}

function sameShape(members: Records, other: Records): void {
  if (String(members.shape) === String(other.shape)) return;
  throw new ConfigError(
    `${other.name}: expected rows of [${members.shape.join(', ')}] as in ${members.name}, got [${other.shape.join(', ')}].`,
    'nonMembers',
  );
}

/** The model, and the digest of its file where it has one. */
export async function reached(
  o: AnswerChoice & { readonly model: string; readonly seed: number },
  inputShape: Shape,
  signal: AbortSignal,
): Promise<{ oracle: Oracle; digest: string | null }> {
  const common = {
    inputShape,
    ...(o.batch !== undefined && { batch: o.batch }),
    ...(o.queryBudget !== undefined && { queryBudget: o.queryBudget }),
  };
  if (isAddress(o.model)) {
    const oracle = await httpOracle({
      ...common,
      url: o.model,
      headers: headersOf(o.header),
      rng: Rng.from(o.seed),
      signal,
      ...(o.concurrency !== undefined && { concurrency: o.concurrency }),
      ...(o.rate !== undefined && { rate: o.rate }),
      ...(o.timeout !== undefined && { timeout: o.timeout }),
      ...(o.retries !== undefined && { retries: o.retries }),
    });
    return { oracle, digest: null };
  }
  const model = await readFile(o.model);
  const oracle = await onnxOracle({
    ...common,
    model,
    name: basename(o.model),
    ...(o.layout && { layout: o.layout }),
    ...(o.output !== undefined && { output: o.output }),
  });
  return { oracle, digest: await sha256(model) };
}

const namedRows = ({ x, y, name }: Records) => ({ x, y, name });

function show(meter: ProgressMeter): (progress: AuditTargetProgress) => void {
  const rest = showAudit(meter);
  return (p) => {
    if (p.phase === 'ask') meter.update({ phase: 'questions'.padEnd(12), done: p.done, total: p.of, unit: 'rows' });
    else rest(p);
  };
}

/** Checkpoints of shadow and reference models; those of other rows or settings are passed over. */
function checkpointsIn(
  folder: OutputFolder,
  { fresh, checkpointEvery }: ModelAuditOptions,
  output: Output,
  all: CheckpointFile[],
): NonNullable<ShadowRecipe['checkpoint']> {
  return (name, run) => {
    const file = checkpointFile(folder.file(`${name}.checkpoint`), {
      run: { ...run, version: VERSION },
      everySeconds: checkpointEvery,
      ...(fresh && { fresh }),
      onResume: (path) => output.note(`going on from ${path}`),
      onFault: (message) => output.note(`${message} Training goes on without checkpoints.`),
    });
    all.push(file);
    return {
      everySeconds: checkpointEvery,
      save: (bytes) => file.save(bytes),
      async load() {
        try {
          return await file.load();
        } catch (error) {
          // more answers than before are other rows
          if (!(error instanceof ConfigError && error.path === 'out')) throw error;
          output.note(`${name}: its checkpoint is of other rows or settings, so it is trained anew.`);
          return null;
        }
      },
    };
  };
}

async function finish(
  output: Output,
  folder: OutputFolder | null,
  checkpoints: readonly CheckpointFile[],
  record: AuditRecord,
): Promise<void> {
  // the plots are a large import that nobody else should wait for
  const { renderAuditReport, renderAuditTable } = await import('../experiments/report/index.ts');
  const faults = folder
    ? await writeProducts(folder, [
        { name: 'audit.json', make: () => jsonText(record) },
        { name: 'report.html', make: async () => renderAuditReport(record) },
      ])
    : [];
  if (faults.length === 0) for (const file of checkpoints) await file.remove();
  output.printJson(record);
  output.print(renderAuditTable(record, { colour: output.colour, width: output.width }).trimEnd());
  const left = record.warnings.filter(({ code }) => code === 'skipped').length;
  for (const { code, message } of record.warnings) if (code !== 'skipped') output.note(`\nwarning: ${message}`);
  if (left > 0) output.note(`\n${left} attacks were left out; the report says why.`);
  if (!folder) output.note('\nNothing was written. --out FOLDER keeps the answers, the numbers and a report to read.');
  requireWritten(faults);
  if (!folder) return;
  const line = `Report: ${folder.file('report.html')}`;
  if (output.json) output.note(line);
  else output.print(`\n${line}`);
}

function howToGoOn(folder: OutputFolder | null, answers: AnswersFile | null): string {
  if (!folder) return ' Nothing was written. With --out FOLDER answers are kept as they come.';
  const kept = answers?.kept ?? 0;
  if (kept === 0) return ' It was stopped before the first answer: nothing was written.';
  return ` ${kept} answers are kept in ${folder.file(ANSWERS)}: the same command goes on from there.`;
}

/** The layers below speak of options by their names; here they are given on a command line. */
function withRemedy(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const flags: readonly [RegExp, string][] = [
    [/outputs '(\w+)'/g, '--outputs $1'],
    [/\(layout (\w+)\)/g, '(--layout $1)'],
    [/\(output\)/g, '(--output)'],
    [/\(batch\)/g, '(--batch)'],
    [/use force\./g, 'use --force.'],
    [/as a header$/g, 'with --header'],
  ];
  for (const [pattern, flag] of flags) error.message = error.message.replace(pattern, flag);
  return error;
}
