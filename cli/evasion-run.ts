/** `keyhole attack` and `keyhole evaluate robustness`: the model, the rows, the evaluation, the record and its report. */
import { type EvasionTarget, evasionAttackNamed } from '../attacks/evasion/index.ts';
import { localTarget, type Oracle, oracleTarget, outputsOf, restrict, type Target } from '../attacks/index.ts';
import { take, writeNpz } from '../data/index.ts';
import { type Engine, Rng } from '../engine/index.ts';
import {
  type AttackChoice,
  evaluateRobustness,
  goingOn,
  type RobustnessOptions,
  type RobustnessRecord,
} from '../experiments/robustness/index.ts';
import { outputOptions } from './common-options.ts';
import { loadData } from './datasets.ts';
import { engineFor } from './engine.ts';
import { behindDefence, chosenDefence } from './evasion-defence.ts';
import { type EvasionOptions, inFlags } from './evasion-options.ts';
import { reached } from './model-audit.ts';
import { checkAnswerOptions, isForeign } from './model-options.ts';
import { type HeldOut, heldOut } from './model-origin.ts';
import { dataChoice } from './options.ts';
import { jsonText, outputTo } from './output.ts';
import { openOutputFolder, type Product, writeProducts } from './output-folder.ts';
import { progressOn } from './progress.ts';
import { requireWritten } from './resumable.ts';
import type { Terminal } from './terminal.ts';
import { loadTrainedModel } from './trained-model.ts';

/** Rows of the attacker's own, where walks of label-only attacks start. */
const OWN_ROWS = 200;
const UNITS = 1000;

interface Reached extends HeldOut {
  readonly target: EvasionTarget;
  readonly model: Pick<RobustnessOptions, 'classifier' | 'name'>;
  dispose(): Promise<void>;
}

/** @param o.keep also writes the changed rows */
export async function runEvasion(
  terminal: Terminal,
  options: EvasionOptions,
  o: { readonly attacks: readonly AttackChoice[] | undefined; readonly command: string; readonly keep: boolean },
): Promise<void> {
  const { signal } = terminal;
  const output = outputTo(terminal, outputOptions(options));
  for (const { name } of o.attacks ?? []) evasionAttackNamed(name);
  const defence = chosenDefence(options);
  checkAnswerOptions(options);
  const { dataset: given } = await loadData({ ...dataChoice(options), seed: options.seed }, terminal);
  const folder = options.out === undefined ? null : await openOutputFolder(options.out);
  const meter = progressOn(terminal.stderr, { quiet: output.quiet });
  const made: { engine?: Promise<Engine> } = {};
  const engine = () => (made.engine ??= engineFor(options));
  let model: Reached | null = null;
  const changed: Record<string, Parameters<typeof writeNpz>[0][string]> = {};
  const products = async (record: RobustnessRecord): Promise<Product[]> => {
    // the plots are a large import that nobody else should wait for
    const { renderRobustnessReport } = await import('../experiments/report/index.ts');
    return [
      { name: 'robustness.json', make: () => jsonText(record) },
      { name: 'report.html', make: async () => renderRobustnessReport(record) },
      ...(o.keep ? [{ name: 'adversarial.npz', make: () => writeNpz(changed) }] : []),
    ];
  };
  const dated = (record: RobustnessRecord) => ({ ...record, command: o.command, date: new Date().toISOString() });
  let unfinished: RobustnessRecord | null = null;
  try {
    model = await reach(options, given, engine, signal);
    const { dataset } = model;
    if (model.doubt !== null) output.note(model.doubt);
    const rows = model.rows.slice(0, options.rows);
    const taken = new Set(rows);
    const others = [...model.rows, ...Array.from({ length: dataset.size }, (_, i) => i)].filter((i) => !taken.has(i));
    const { classifier } = model.model;
    const attacked = defence
      ? await behindDefence(
          defence,
          { ...model, classifier, others: Int32Array.from(others) },
          { engine, seed: options.seed, signal, attacks: o.attacks },
        )
      : { target: model.target };
    const substitute =
      options.substitute === undefined ? null : (await loadTrainedModel(await engine(), options.substitute)).classifier;
    const record = dated(
      await evaluateRobustness({
        ...model.model,
        ...attacked,
        dataset,
        rows,
        norm: options.norm,
        epsilons: options.epsilon,
        ...(o.attacks && { attacks: attacked.craftedOn ? o.attacks.map(handedOver) : o.attacks }),
        ...(options.targetClass !== undefined && { wanted: options.targetClass }),
        ...(options.immutable && { immutable: options.immutable }),
        known: {
          ...(others.length > 0 && { rows: take(dataset, others.slice(0, OWN_ROWS)) }),
          ...(substitute && { substitute: localTarget(substitute, { signal }) }),
        },
        controls: options.controls,
        ...(options.queryBudget !== undefined && { queryBudget: options.queryBudget }),
        engine,
        seed: options.seed,
        confidence: options.confidence,
        signal,
        onProgress: ({ phase, done }) =>
          meter.update({ phase: phase.padEnd(12), done: Math.round(UNITS * done), total: UNITS, unit: 'attacks' }),
        ...(o.keep && {
          onResult: (result, of) => {
            const shape = [of.y.length, ...dataset.inputShape];
            changed['rows'] = { shape: [of.y.length], data: of.rows };
            changed['y'] = { shape: [of.y.length], data: of.y };
            const at = Number.isFinite(result.epsilon) ? `_${+result.epsilon.toPrecision(6)}` : '';
            changed[`x${at}`] = { shape, data: result.x };
            // 1: the model is fooled by the row
            changed[`fooled${at}`] = { shape: [of.y.length], data: result.fooled };
          },
        }),
        onStopped: (record) => {
          unfinished = dated(record);
        },
      }),
    );
    meter.stop();
    const { renderRobustnessText } = await import('../experiments/report/index.ts');
    const faults = folder ? await writeProducts(folder, await products(record)) : [];
    output.printJson(record);
    output.print(renderRobustnessText(record, { colour: output.colour, width: output.width }).trimEnd());
    if (!folder) output.note('\nNothing was written. --out FOLDER keeps the numbers and a report to read.');
    requireWritten(faults);
    if (!folder) return;
    const line = `Report: ${folder.file('report.html')}`;
    if (output.json) output.note(line);
    else output.print(`\n${line}`);
  } catch (error) {
    meter.stop();
    if (!folder || !unfinished) await folder?.abandon();
    else if ((await writeProducts(folder, await products(unfinished))).length === 0)
      output.note(`What was finished before is kept: ${folder.file('report.html')}`);
    throw inFlags(error);
  } finally {
    meter.stop();
    await model?.dispose();
    await made.engine?.then((own) => own.dispose()).catch(() => {});
  }
}

async function reach(
  o: EvasionOptions,
  given: Parameters<typeof heldOut>[0],
  engine: () => Promise<Engine>,
  signal: AbortSignal,
): Promise<Reached> {
  const rng = Rng.from(o.seed);
  if (!isForeign(o.model)) {
    const { classifier, metadata } = await loadTrainedModel(await engine(), o.model);
    const target = localTarget(classifier, { signal });
    return {
      ...heldOut(given, classifier.model, metadata, rng),
      target: answering(target, o.outputs),
      model: { classifier },
      dispose: async () => classifier.dispose(),
    };
  }
  const held = heldOut(given, null, {}, rng);
  // the budget is the attacks': whether the model is fooled is asked beside it
  const { queryBudget: _, ...unlimited } = o;
  const { oracle } = await reached(unlimited, given.inputShape, signal);
  try {
    const target = await asTarget(oracle, o, held, signal);
    return { ...held, target, model: { name: oracle.name }, dispose: () => oracle.dispose() };
  } catch (error) {
    await oracle.dispose();
    throw error;
  }
}

/** Rows that are handed over must fool for certain: attacks that stop at the boundary of the model they are made on go on. */
const handedOver = ({ name, options = {} }: AttackChoice): AttackChoice => ({
  name,
  options: { ...goingOn(evasionAttackNamed(name)), ...options },
});

/** A saved model as who sees no more than its answers has it. */
function answering(target: Target<'white-box'>, outputs: EvasionOptions['outputs']): EvasionTarget {
  if (outputs === undefined) return target;
  const access = outputs === 'labels' ? 'label-only' : outputs === 'logits' ? 'logits' : 'probabilities';
  return restrict(target, access) as EvasionTarget;
}

/** Its first answer says what it grants. */
async function asTarget(
  oracle: Oracle,
  { outputs }: EvasionOptions,
  { dataset, rows }: HeldOut,
  signal: AbortSignal,
): Promise<EvasionTarget> {
  const [first] = rows;
  const { x } = take(dataset, [first!]);
  oracle.ledger.take(1);
  const { kind } = outputsOf(await oracle.ask(x), {
    rows: 1,
    outputs,
    ...(outputs !== 'labels' && { classes: dataset.classes }),
  });
  return oracleTarget(oracle, kind, { classes: dataset.classes, outputs, signal });
}
