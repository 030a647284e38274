/**
 * Defences of models of a design. Every model keeps its members, also behind a defence that needs rows beside them (to stop by,
 * to compare with, to teach with): those come from rows that the model is neither trained on nor asked about, so that all defences
 * are compared on the same members and non-members. They are no members, and the record counts them.
 */
import * as v from 'valibot';
import { type Dataset, stratifiedSplit } from '../../data/index.ts';
import { planDefence } from '../../defenses/index.ts';
import { ConfigError, type Model, Rng } from '../../engine/index.ts';
import type { DataFacts } from '../runner/index.ts';
import { type Design, rowsOfModel, type Which } from './design.ts';

/**
 * A defence of the registry. Options are part of a job's identity as they are given, without defaults: where the default of a
 * defence changes, the same job gives something else, and `membership-model` and `model-outputs` need a higher version.
 */
export const defenceSchema = v.strictObject({
  name: v.string(),
  options: v.optional(v.record(v.string(), v.number()), {}),
});
export type DefenceSettings = v.InferOutput<typeof defenceSchema>;

export const NO_ROWS = new Int32Array(0);

/** Names the initial weights of a model, and the order of its rows with all that its defence draws. */
export function seedsOf(seed: number, which: Which): { readonly initialSeed: number; readonly seed: number } {
  const rng = Rng.from(seed).split(`membership model ${which}`);
  return { initialSeed: rng.split('initial').uint32(), seed: rng.split('training').uint32() };
}

const planOf = ({ name, options }: DefenceSettings, training?: { model: Model; augmented: boolean }) =>
  planDefence({ defence: name, options, ...(training && { training }) });

/** @throws ConfigError for a defence that there is not, wrong options, what it cannot train, and one that trains nothing */
export function checkTrainingDefence(defence: DefenceSettings, training: { model: Model; augmented: boolean }): void {
  if (planOf(defence, training).stage !== 'inference') return;
  throw new ConfigError(
    `defence: expected one that changes training, got '${defence.name}', which changes answers. Give it to the job that asks the model.`,
    'defence.name',
  );
}

/** @throws ConfigError for a defence that there is not, wrong options, and one that changes training */
export function checkOutputDefence(defence: DefenceSettings): void {
  if (changesAnswers(defence)) return;
  throw new ConfigError(
    `defence: expected one that changes answers, got '${defence.name}', which changes training. Give it to the job that trains the model.`,
    'defence.name',
  );
}

/** Whether the defence stands before a model that is trained as usual. @throws ConfigError for unknown ones and wrong options */
export const changesAnswers = (defence: DefenceSettings): boolean => planOf(defence).stage === 'inference';

/** Rows that a defence needs beside the members. */
export function reserveSize(defence: DefenceSettings, design: Design): number {
  const { held } = planOf(defence);
  return held === 0 ? 0 : Math.max(1, Math.round(held * (design.kind === 'apart' ? design.train : design.pool / 2)));
}

/** @throws ConfigError when there are not so many rows beside a model's members and non-members */
export function checkReserve(design: Design, which: Which, data: Pick<DataFacts, 'name' | 'size'>, rows: number): void {
  if (rows === 0) return;
  if (design.kind === 'halves') {
    throw new ConfigError(
      "design: expected a design of 'apart' for a defence that needs rows beside its members, got 'halves'.",
      'design.kind',
      ['apart'],
    );
  }
  if (design.shadowRows === 'made') {
    throw new ConfigError(
      'design: expected real shadow rows for a defence that needs rows beside its members, got made ones.',
      'design.shadowRows',
    );
  }
  const left = data.size - (which === 'target' ? 2 : 4) * design.train;
  if (rows <= left) return;
  throw new ConfigError(
    `defence: expected ${rows} rows of ${data.name} beside the members and non-members for it, ${Math.max(0, left)} are left. ` +
      'Ask for fewer members, or a smaller share `held`.',
    'design.train',
  );
}

/** Rows that a model is neither trained on nor asked about; a shadow model's are not the target's either. */
export function reserveOf(dataset: Dataset, design: Design, which: Which, rows: number): Int32Array {
  checkReserve(design, which, dataset, rows);
  if (rows === 0) return NO_ROWS;
  const used = new Uint8Array(dataset.size);
  for (const model of new Set<Which>(['target', which])) {
    const { members, nonMembers } = rowsOfModel(dataset, design, model);
    for (const row of [...members, ...nonMembers]) used[row] = 1;
  }
  const left = Int32Array.from(used.keys()).filter((row) => used[row] === 0);
  const labels = left.map((row) => dataset.y[row]!);
  const rng = Rng.from(design.seed).split('apart').split(`reserve of ${which}`);
  const { reserve } = stratifiedSplit(labels, dataset.classes, { reserve: rows }, rng);
  return reserve.map((at) => left[at]!).sort();
}
