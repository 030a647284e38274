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
import { checkOutputs, featuresOf, type Outputs, rowsOf, type ShadowOutputs, stratifiedSample } from './outputs.ts';

/** Options of every kind of attack model. */
export const commonOptions = {
  minRows: {
    about: 'members, and non-members, that a class needs for an attack model of its own',
    default: 10,
    min: 1,
    max: 1e9,
  },
  logOdds: {
    about: '1: attack models see the log-odds of each class; 0: the probabilities, as published',
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
  /** log(members / non-members) of its rows, taken off its log-odds so that 0 lies between two sides of the same size */
  readonly prior: number;
  readonly members: number;
  readonly nonMembers: number;
}

/** All attack models of an attack, as JSON. */
export interface AttackModelsData {
  readonly kind: AttackModelKind;
  readonly logOdds: boolean;
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
  scores(outputs: Outputs): Float64Array;
}

/** The definition of a kind with its own types erased. */
// biome-ignore lint/suspicious/noExplicitAny: any options, any data
const definition = (kind: AttackModelKind): AttackModelDef<any, any> => attackModelKinds[kind];

function resolve(kind: AttackModelKind, given: Readonly<Record<string, number>> = {}) {
  const defs = { ...commonOptions, ...definition(kind).options } as typeof commonOptions & Record<string, OptionDef>;
  return parseOptions(`shokri-${kind}`, defs, given) as OptionsOf<typeof commonOptions> & Record<string, number>;
}

/** The classes whose shadow rows are too few for an attack model of their own: members or non-members below `minRows`. */
export function classesWithFewRows({ classes, y, member }: ShadowOutputs, minRows: number): number[] {
  const counts = new Int32Array(2 * classes);
  for (const [i, label] of y.entries()) counts[2 * label + member[i]!]!++;
  return Array.from({ length: classes }, (_, c) => c).filter(
    (c) => counts[2 * c]! < minRows || counts[2 * c + 1]! < minRows,
  );
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
  const options = resolve(kind, o.options);
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
  const view = { logOdds: options.logOdds >= 0.5, trueClassFirst: label === null };
  const fitted = await fit(
    { x: featuresOf(outputs, rows, view), member, shadow: Int32Array.from(rows, (i) => outputs.shadow[i]!) },
    {
      options: Object.fromEntries(Object.keys(own).map((name) => [name, options[name]!])),
      rng: rng.split('fit'),
      engine: o.engine,
      signal: o.signal,
      pacer: new Pacer(o.signal),
    },
  );
  return { fitted, prior: logOdds ? log(members / nonMembers) : 0, members, nonMembers };
}

/** Fits an attack model for each class that has the rows for it, and one of all classes where some have not. */
export async function fitAttackModels(
  kind: AttackModelKind,
  outputs: ShadowOutputs,
  o: FitAttackModels,
): Promise<AttackModels> {
  checkOutputs(outputs);
  const { minRows, logOdds } = resolve(kind, o.options);
  const few = new Set(classesWithFewRows(outputs, minRows));
  const pacer = new Pacer(o.signal);
  const models: (AttackModelData | null)[] = [];
  for (let label = 0; label < outputs.classes; label++) {
    models.push(few.has(label) ? null : await fitAttackModel(kind, outputs, label, o));
    await pacer.breathe();
  }
  const pooled = few.size > 0 ? await fitAttackModel(kind, outputs, null, o) : null;
  return attackModels({ kind, logOdds: logOdds >= 0.5, models, pooled });
}

/** The attack models that data describe. */
export function attackModels(data: AttackModelsData): AttackModels {
  const { kind, logOdds, models, pooled } = data;
  const { restore } = definition(kind);
  const ready = models.map((model) => (model ? restore(model.fitted) : null));
  const readyPooled: BinaryModel | null = pooled ? restore(pooled.fitted) : null;
  return {
    data,
    pooledClasses: models.flatMap((model, label) => (model ? [] : [label])),
    scores(outputs) {
      checkOutputs(outputs);
      const { y, classes } = outputs;
      if (classes !== models.length)
        throw new KeyholeError(`shokri: expected answers over ${models.length} classes, got ${classes}.`);
      const scores = new Float64Array(y.length);
      for (let label = 0; label < classes; label++) {
        const rows = rowsOf(outputs, label);
        if (rows.length === 0) continue;
        const own = ready[label];
        const model = own ?? readyPooled;
        if (!model) throw new KeyholeError(`shokri: expected an attack model of class ${label}, or of all, got none.`);
        const prior = (own ? models[label]! : pooled!).prior;
        const decisions = model.decisions(featuresOf(outputs, rows, { logOdds, trueClassFirst: !own }));
        for (const [at, row] of rows.entries()) scores[row] = decisions[at]! - prior;
      }
      return scores;
    },
  };
}
