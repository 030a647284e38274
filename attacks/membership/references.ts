/**
 * What attacks with reference models share: the answers of the target and of models that the attacker trained, and thresholds
 * found by attacking one of those models with the help of the others, since what they were trained on is known.
 */
import { ConfigError, type Pacer, type Rows } from '../../engine/index.ts';
import type { MembershipKnowledge, OptionDef } from '../define-attack.ts';
import type { SignalName } from '../score/index.ts';
import type { ProbabilityTarget, Samples } from '../target/index.ts';
import { signalScores } from './signal-attack.ts';
import { bestThreshold } from './threshold.ts';

/** One number per model, view and record. */
export interface Observations {
  /** [views][n] */
  readonly target: readonly Float64Array[];
  /** [models][views][n] */
  readonly models: readonly (readonly Float64Array[])[];
  /** 1 where the model was trained on the record [models][n] */
  readonly trainedOn: readonly Uint8Array[];
}

/** The option of attacks that ask about several views of a record. */
export const viewsOption = {
  about: 'views of each record that are asked about; 0: all that training may have shown',
  kind: 'whole',
  default: 0,
  min: 0,
  max: 1000,
} as const satisfies OptionDef;

export interface Asking {
  readonly target: ProbabilityTarget;
  readonly candidates: Rows;
  readonly known: MembershipKnowledge<'probabilities'>;
  readonly pacer: Pacer;
}

/**
 * Asks the target and every reference model about the candidates.
 * @param views how many of the known views, 0 for all
 * @throws ConfigError when there are fewer
 */
export async function observe(o: Asking, signal: SignalName, views = 1): Promise<Observations> {
  const { known } = o;
  const available = known.views?.count ?? 1;
  if (views > available || !Number.isInteger(views)) {
    throw new ConfigError(`views: expected a whole number from 0 to ${available}, got ${views}.`, 'views');
  }
  const { x, y } = o.candidates;
  const asked = Array.from({ length: views || available }, (_, k) => (k === 0 ? x : known.views!.view(x, k)));
  const answers = await ask(o, signal, asked, y);
  return { ...answers, trainedOn: known.shadows.map((s) => s.trainedOn ?? new Uint8Array(y.length)) };
}

/** Asks them about the population, which no model was trained on. */
export async function observePopulation(o: Asking, signal: SignalName): Promise<Observations> {
  const { x, y } = o.known.population!;
  return { ...(await ask(o, signal, [x], y)), trainedOn: o.known.shadows.map(() => new Uint8Array(y.length)) };
}

async function ask({ target, known, pacer }: Asking, signal: SignalName, views: readonly Samples[], y: Int32Array) {
  const answers = async (of: ProbabilityTarget) => {
    const all: Float64Array[] = [];
    for (const x of views) {
      all.push(await signalScores(of, { x, y }, signal));
      await pacer.breathe();
    }
    return all;
  };
  const own = await answers(target);
  const models: Float64Array[][] = [];
  for (const shadow of known.shadows) models.push(await answers(shadow.target));
  return { target: own, models };
}

/** The same observations with reference model j attacked in the target's place. */
export function withTarget({ models, trainedOn }: Observations, j: number): Observations {
  const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== j);
  return { target: models[j]!, models: others(models), trainedOn: others(trainedOn) };
}

// each is attacked with all the others; more of them change a threshold little
const HELD_OUT = 4;

/** The first few models that can be attacked in the target's place: those that know some of the candidates and not the others. */
export function heldOut(trainedOn: readonly Uint8Array[]): number[] {
  if (trainedOn.length < 2) return [];
  return [...trainedOn.keys()].filter((j) => trainedOn[j]!.includes(0) && trainedOn[j]!.includes(1)).slice(0, HELD_OUT);
}

/** Scores of the records that a model was trained on, and of the others. */
export function bySide(
  scores: Float64Array,
  trainedOn: Uint8Array,
): { members: Float64Array; nonMembers: Float64Array } {
  return {
    members: scores.filter((_, i) => trainedOn[i] === 1),
    nonMembers: scores.filter((_, i) => trainedOn[i] === 0),
  };
}

/**
 * The best threshold of an attack on reference models, its scores on all of them taken together; null where none can be
 * attacked. The target's own members play no part in it.
 * @param scoresOf the attack's scores with model j in the target's place
 */
export async function thresholdFromReferences(
  trainedOn: readonly Uint8Array[],
  scoresOf: (j: number) => Promise<Float64Array>,
): Promise<number | null> {
  const members: number[] = [];
  const nonMembers: number[] = [];
  for (const j of heldOut(trainedOn)) {
    const sides = bySide(await scoresOf(j), trainedOn[j]!);
    for (const s of sides.members) members.push(s);
    for (const s of sides.nonMembers) nonMembers.push(s);
  }
  return members.length === 0 ? null : bestThreshold(Float64Array.from(members), Float64Array.from(nonMembers));
}
