/**
 * The attack models of Shokri et al. 2017 (S&P), section V: one for each class, fitted on what shadow models answered to their
 * own members and non-members of that class. Works on stored answers, so that an experiment can fit one class a job.
 *
 * A class with too few rows on a side has no model of its own: its records are judged by one that was fitted on all classes,
 * which sees the true class's probability first and the others sorted.
 */
import { ConfigError, type Engine, KeyholeError, Pacer, type Rng } from '../../../engine/index.ts';
import type { BinaryModel } from '../../../engine/learn/index.ts';
import { log } from '../../../engine/math/index.ts';
import type { OptionDef, OptionsOf } from '../../define-attack.ts';
import { parseOptions } from '../../runner.ts';
import { type AttackModelDef, type AttackModelKind, attackModelKinds } from './kinds.ts';
import {
  checkOutputs,
  featuresOf,
  type Outputs,
  rowsOf,
  type ShadowOutputs,
  stratifiedSample,
  type View,
} from './outputs.ts';

/** Options of every kind of attack model. */
export const commonOptions = {
  minRows: {
    about: 'members, and non-members, that a class needs for an attack model of its own',
    kind: 'whole',
    default: 10,
    min: 2,
    max: 1e9,
  },
  logOdds: {
    about: '1: attack models see the log-odds of each class; 0: the probabilities, as published',
    kind: 'switch',
    default: 0,
    min: 0,
    max: 1,
  },
} as const satisfies Record<string, OptionDef>;

/** the model of all classes is fitted on at most so many rows: it judges few records */
const POOLED_ROWS = 4000;

export interface FitAttackModels {
  /** those of the kind, and `commonOptions`; the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
  readonly rng: Rng;
  readonly engine: () => Promise<Engine>;
  readonly signal?: AbortSignal | undefined;
}

/** One fitted attack model, as JSON. */
export interface AttackModelData {
  readonly fitted: unknown;
  /** how it sees an answer */
  readonly view: View;
  /** log(members / non-members) of its rows, taken off its log-odds so that 0 lies between two sides of the same size */
  readonly prior: number;
  readonly members: number;
  readonly nonMembers: number;
  /** what is wrong with the fit, in words; null when nothing is */
  readonly warning: string | null;
}

/** All attack models of an attack, as JSON. */
export interface AttackModelsData {
  readonly kind: AttackModelKind;
  /** of each class; null: judged by the model of all classes */
  readonly models: readonly (AttackModelData | null)[];
  /** null where each class has its own */
  readonly pooled: AttackModelData | null;
}

export interface AttackModels {
  readonly data: AttackModelsData;
  /** classes without an attack model of their own */
  readonly pooledClasses: readonly number[];
  /** above 0: member; [n] */
  scores(outputs: Outputs, signal?: AbortSignal): Promise<Float64Array>;
}

/** The definition of a kind with its own types erased. */
// biome-ignore lint/suspicious/noExplicitAny: any options, any data
const definition = (kind: AttackModelKind): AttackModelDef<any, any> => attackModelKinds[kind];

/** Options of a kind, with defaults. @throws ConfigError for an unknown option or a value out of range */
export function attackModelOptions(kind: AttackModelKind, given: Readonly<Record<string, number>> = {}) {
  const defs = { ...commonOptions, ...definition(kind).options } as typeof commonOptions & Record<string, OptionDef>;
  return parseOptions(`shokri-${kind}`, defs, given) as OptionsOf<typeof commonOptions> & Record<string, number>;
}

/**
 * The classes whose shadow rows are too few for an attack model of their own: members or non-members below `minRows`, or
 * from a single one of several shadow models, which says nothing about other models.
 */
export function classesWithFewRows({ classes, y, member, shadow }: ShadowOutputs, minRows: number): number[] {
  const rows = new Int32Array(2 * classes);
  const from = Array.from(rows, () => new Set<number>());
  for (const [i, label] of y.entries()) {
    const side = 2 * label + member[i]!;
    rows[side]!++;
    from[side]!.add(shadow[i]!);
  }
  const least = Math.min(2, new Set(shadow).size);
  const few = (side: number) => rows[side]! < minRows || from[side]!.size < least;
  return Array.from({ length: classes }, (_, c) => c).filter((c) => few(2 * c) || few(2 * c + 1));
}

/**
 * Fits the attack model of one class, or of all classes together; the same bits whatever else is fitted.
 * @param label null: of all classes
 * @throws ConfigError where there are no members, or no non-members
 */
export async function fitAttackModel(
  kind: AttackModelKind,
  outputs: ShadowOutputs,
  label: number | null,
  o: FitAttackModels,
): Promise<AttackModelData> {
  const options = attackModelOptions(kind, o.options);
  const { fit, logOdds, options: own } = definition(kind);
  const rng = o.rng.split(label === null ? 'all classes' : `class ${label}`);
  const found = rowsOf(outputs, label);
  const rows = label === null ? stratifiedSample(found, outputs, POOLED_ROWS, rng.split('rows')) : found;
  const member = Uint8Array.from(rows, (i) => outputs.member[i]!);
  const members = member.reduce((sum, one) => sum + one, 0);
  const nonMembers = rows.length - members;
  if (members === 0 || nonMembers === 0) {
    const of = label === null ? 'the shadow models' : `class ${label}`;
    throw new ConfigError(
      `shokri-${kind}: expected members and non-members of ${of}, got ${members} and ${nonMembers}. Give more data.`,
      'shadows',
    );
  }
  const view = { logOdds: options.logOdds === 1, trueClassFirst: label === null };
  const { data, warning } = await fit(
    { x: featuresOf(outputs, rows, view), member, shadow: Int32Array.from(rows, (i) => outputs.shadow[i]!) },
    {
      options: Object.fromEntries(Object.keys(own).map((name) => [name, options[name]!])),
      rng: rng.split('fit'),
      engine: o.engine,
      signal: o.signal,
      pacer: new Pacer(o.signal),
    },
  );
  return { fitted: data, view, prior: logOdds ? log(members / nonMembers) : 0, members, nonMembers, warning };
}

/** Fits an attack model for each class that has the rows for it, and one of all classes where some have not. */
export async function fitAttackModels(
  kind: AttackModelKind,
  outputs: ShadowOutputs,
  o: FitAttackModels,
): Promise<AttackModels> {
  checkOutputs(outputs);
  const { minRows } = attackModelOptions(kind, o.options);
  const few = new Set(classesWithFewRows(outputs, minRows));
  const pacer = new Pacer(o.signal);
  const models: (AttackModelData | null)[] = [];
  for (let label = 0; label < outputs.classes; label++) {
    models.push(few.has(label) ? null : await fitAttackModel(kind, outputs, label, o));
    await pacer.breathe();
  }
  const pooled = few.size > 0 ? await fitAttackModel(kind, outputs, null, o) : null;
  return attackModels({ kind, models, pooled });
}

/** The attack models that data describe. */
export function attackModels(data: AttackModelsData): AttackModels {
  const { kind, models, pooled } = data;
  const { restore } = definition(kind);
  const ready = new Map<AttackModelData, BinaryModel | Promise<BinaryModel>>();
  const modelOf = (model: AttackModelData) => {
    const known = ready.get(model) ?? restore(model.fitted);
    ready.set(model, known);
    return known;
  };
  return {
    data,
    pooledClasses: models.flatMap((model, label) => (model ? [] : [label])),
    async scores(outputs, signal) {
      checkOutputs(outputs);
      const { y, classes } = outputs;
      if (classes !== models.length)
        throw new KeyholeError(`shokri: expected answers over ${models.length} classes, got ${classes}.`);
      const pacer = new Pacer(signal);
      const scores = new Float64Array(y.length);
      for (let label = 0; label < classes; label++) {
        const rows = rowsOf(outputs, label);
        if (rows.length === 0) continue;
        const model = models[label] ?? pooled;
        if (!model) throw new KeyholeError(`shokri: expected an attack model of class ${label}, or of all, got none.`);
        const { decisions } = await modelOf(model);
        for (let from = 0; from < rows.length; from += SLICE) {
          const some = rows.subarray(from, from + SLICE);
          const decided = decisions(featuresOf(outputs, some, model.view));
          for (const [at, row] of some.entries()) scores[row] = decided[at]! - model.prior;
          await pacer.breathe();
        }
      }
      return scores;
    },
  };
}

/** rows that are judged at a time: a few milliseconds, also where there are thousands of support vectors */
const SLICE = 64;
