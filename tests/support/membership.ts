/** Settings for membership attacks: targets with one shadow model trained alike. */
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
  runMembershipAttack,
} from '../../attacks/index.ts';
import { Classifier, type Engine, type Model, namedModel, Rng, type Rows } from '../../engine/index.ts';
import { noise } from './data.ts';

export interface Setting {
  readonly target: Classifier;
  readonly known: MembershipKnowledge<AccessLevel>;
  readonly members: Rows;
  readonly nonMembers: Rows;
  dispose(): void;
}

/**
 * A target and a shadow model on random rows with random labels, so that nothing but memory tells members from others.
 * @param epochs 0 leaves the models as they were initialised
 */
export async function noiseSetting(
  engine: Engine,
  o: { seed: number; epochs: number; rows?: number; model?: Model },
): Promise<Setting> {
  const { seed, epochs, rows = 150 } = o;
  const model = o.model ?? namedModel('mlp', [12], 5);
  const part = (label: string) => noise(Rng.from(seed).split(label).uint32(), rows, model.inputShape, model.classes);
  const [members, nonMembers, shadowIn, shadowOut] = ['in', 'out', 'shadow in', 'shadow out'].map(part);
  const train = async (data: typeof members, s: number) => {
    const c = Classifier.create(engine, model, { seed: s });
    await c.fit(data!, { epochs, batchSize: 25, seed: s });
    return c;
  };
  const target = await train(members, seed);
  const shadow = await train(shadowIn, seed + 1);
  const known = {
    meanTrainingLoss: (await target.evaluate(members!)).loss,
    shadows: [{ target: localTarget(shadow), members: shadowIn!, nonMembers: shadowOut! }],
  };
  return {
    target,
    known,
    members: members!,
    nonMembers: nonMembers!,
    dispose() {
      target.dispose();
      shadow.dispose();
    },
  };
}

export function attackSetting(
  // biome-ignore lint/suspicious/noExplicitAny: an attack of any access and any options
  attack: MembershipAttack<any, any>,
  s: Setting,
  seed: number,
): Promise<MembershipResult> {
  const rng = Rng.from(seed).split('attack');
  const candidates = mixCandidates(s.members, s.nonMembers, rng.split('candidates'));
  return runMembershipAttack(attack, { target: localTarget(s.target), candidates, known: s.known, rng });
}

/** The AUC with its 99.9 % interval by DeLong's formula: a bootstrap at that confidence would take 20,000 resamples. */
export function surely({ members, nonMembers }: MembershipResult): Estimate {
  return deLong({ ranking: rank({ members, nonMembers }), confidence: 0.999 });
}
