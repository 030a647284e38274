/** Settings for membership attacks: targets with models trained alike, on other data and on halves of the candidates. */
import {
  type AccessLevel,
  deLong,
  type Estimate,
  localTarget,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipResult,
  mixCandidates,
  rank,
  remembered,
  runMembershipAttack,
  thresholdMetrics,
} from '../../attacks/index.ts';
import { Classifier, type Engine, examplesOf, type Model, namedModel, Rng, type Rows } from '../../engine/index.ts';
import { noise } from './data.ts';

export interface Setting {
  readonly target: Classifier;
  /** the first shadow model, trained on other rows */
  readonly shadow: Classifier;
  readonly known: MembershipKnowledge<AccessLevel>;
  readonly members: Rows;
  readonly nonMembers: Rows;
  dispose(): void;
}

/**
 * A target and a shadow model on random rows with random labels, so that nothing but memory tells members from others.
 * @param epochs 0 leaves the models as they were initialised
 * @param references models, each trained on a random half of the candidates; default none
 */
export async function noiseSetting(
  engine: Engine,
  o: { seed: number; epochs: number; rows?: number; model?: Model; references?: number },
): Promise<Setting> {
  const { seed, epochs, rows = 150, references = 0 } = o;
  const model = o.model ?? namedModel('mlp', [12], 5);
  const part = (label: string) => noise(Rng.from(seed).split(label).uint32(), rows, model.inputShape, model.classes);
  const [members, nonMembers, shadowIn, shadowOut, population] = [
    'in',
    'out',
    'shadow in',
    'shadow out',
    'population',
  ].map(part);
  const train = async (data: typeof members, s: number) => {
    const c = Classifier.create(engine, model, { seed: s });
    await c.fit(data!, { epochs, batchSize: 25, seed: s });
    return c;
  };
  const target = await train(members, seed);
  const shadow = await train(shadowIn, seed + 1);
  const halves: Half[] = [];
  for (let i = 0; i < references; i++) {
    const half = halfOf(members!, nonMembers!, Rng.from(seed).split(`half ${i}`));
    halves.push({ ...half, classifier: await train(half.members, seed + 2 + i) });
  }
  const known: MembershipKnowledge<AccessLevel> = {
    meanTrainingLoss: (await target.evaluate(members!)).loss,
    shadows: [
      { target: remembered(localTarget(shadow)), members: shadowIn!, nonMembers: shadowOut! },
      ...halves.map(({ classifier, ...half }) => ({ target: remembered(localTarget(classifier)), ...half })),
    ],
    population: population!,
  };
  return {
    target,
    shadow,
    known,
    members: members!,
    nonMembers: nonMembers!,
    dispose() {
      target.dispose();
      shadow.dispose();
      for (const { classifier } of halves) classifier.dispose();
    },
  };
}

interface Half {
  readonly classifier: Classifier;
  readonly members: Noise;
  readonly nonMembers: Noise;
  /** of the members, followed by the non-members */
  readonly trainedOn: Uint8Array;
}
type Noise = ReturnType<typeof noise>;

/** A random half of the candidates, by a coin each, and the other one. */
function halfOf(members: Noise, nonMembers: Noise, rng: Rng): Omit<Half, 'classifier'> {
  const rows = together(members, nonMembers);
  const trainedOn = Uint8Array.from(rows.y, () => rng.below(2));
  const width = rows.x.length / rows.y.length;
  const side = (of: number): Noise => {
    const chosen = [...rows.y.keys()].filter((i) => trainedOn[i] === of);
    const x = new Float32Array(chosen.length * width);
    for (const [at, i] of chosen.entries()) x.set(rows.x.subarray(i * width, (i + 1) * width), at * width);
    const y = Int32Array.from(chosen, (i) => rows.y[i]!);
    return { ...examplesOf(x, y, members.inputShape, members.classes), x, y };
  };
  return { members: side(1), nonMembers: side(0), trainedOn };
}

/** Members, then non-members. */
function together(members: Rows, nonMembers: Rows): Rows {
  const x = new Float32Array(members.x.length + nonMembers.x.length);
  x.set(members.x);
  x.set(nonMembers.x, members.x.length);
  return { x, y: Int32Array.from([...members.y, ...nonMembers.y]) };
}

export function attackSetting(
  // biome-ignore lint/suspicious/noExplicitAny: an attack of any access and any options
  attack: MembershipAttack<any, any>,
  s: Setting,
  seed: number,
): Promise<MembershipResult> {
  const rng = Rng.from(seed).split('attack');
  const candidates = mixCandidates(s.members, s.nonMembers, rng.split('candidates'));
  return runMembershipAttack(attack, {
    target: localTarget(s.target),
    candidates,
    known: s.known,
    options: attack.canary.options ?? {},
    rng,
  });
}

/** The AUC with its 99.9 % interval by DeLong's formula: a bootstrap at that confidence would take 20,000 resamples. */
export function surely({ members, nonMembers }: MembershipResult): Estimate {
  return deLong({ ranking: rank({ members, nonMembers }), confidence: 0.999 });
}

/** The balanced accuracy at the attack's threshold, with its 99.9 % interval: so many are looked at that 95 % would miss some by chance. */
export function surelyBalanced({ summary, members, nonMembers }: MembershipResult): Estimate {
  const truePositives = Math.round(summary.recall!.value! * members.length);
  const falseRate = summary.recall!.value! - summary.advantage!.value!;
  const falsePositives = Math.round(falseRate * nonMembers.length);
  const sizes = { members: members.length, nonMembers: nonMembers.length };
  return thresholdMetrics({ truePositives, falsePositives, ...sizes, confidence: 0.999 }).balancedAccuracy;
}
