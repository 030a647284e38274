/** Membership attacks on the model of another job: which of its members do they find? */
import * as v from 'valibot';
import { allMembershipAttacks, localTarget, mixCandidates, runMembershipAttack } from '../../../attacks/index.ts';
import { take } from '../../../data/index.ts';
import { Classifier, ConfigError, Rng } from '../../../engine/index.ts';
import { seedField } from '../../fields.ts';
import { defineKind, type Needed } from '../job.ts';
import { shareSchema, tprAtFprOf, tprAtFprSchema } from './shares.ts';
import { checkSplit, membersOf, shadowSize, splitSchema } from './split.ts';
import { MODEL_FILE, trainModel } from './train-model.ts';

const names = allMembershipAttacks.map((attack) => attack.name);

const attackNamed = (name: string) => allMembershipAttacks.find((attack) => attack.name === name)!;

/** seconds of the intervals of one attack, and of one candidate */
const ATTACK = 0.05;
const CANDIDATE = 5e-5;

export const membership = defineKind({
  name: 'membership',
  about: 'attacks the model of the first job that it needs; the second one trained a shadow model on the same split',
  version: 1,
  settings: v.strictObject({
    attacks: v.pipe(v.array(v.picklist(names)), v.minLength(1, 'expected at least one attack')),
    /** as the model's job has it */
    split: splitSchema,
    seed: seedField,
  }),
  result: v.strictObject({
    attacks: v.array(
      v.strictObject({
        name: v.string(),
        auc: shareSchema,
        tprAtFpr: tprAtFprSchema,
        balancedAccuracy: v.nullable(shareSchema),
      }),
    ),
  }),
  cost: ({ attacks, split }) => attacks.length * (ATTACK + (split.train + split.out) * CANDIDATE),
  check({ attacks, split }, [data]) {
    checkSplit(split, data);
    const n = shadowSize(split, data!.size);
    for (const name of attacks) {
      const { shadowRows = 0 } = attackNamed(name).needs;
      if (shadowRows <= n) continue;
      throw new ConfigError(
        `${name}: expected ${shadowRows} members and as many non-members for its shadow model, got ${n} of the ${data!.size} ` +
          `rows of ${data!.name}. Ask for fewer members or non-members of the target.`,
        'attacks',
      );
    }
  },
  async run({ settings, signal, engine, dataset, needs: [model, shadow], progress }) {
    if (!model || !shadow) throw new ConfigError('membership: expected a target and a shadow model to need.', 'needs');
    const all = await dataset();
    const { data, members, nonMembers } = membersOf(all, settings.split);
    const load = async (needed: Needed) =>
      localTarget(Classifier.load(await engine(), await needed.file(MODEL_FILE)), { signal });
    const target = await load(model);
    const others = membersOf(all, settings.split, 'shadow');
    const rng = Rng.from(settings.seed).split('experiment membership');
    const candidates = mixCandidates(take(data, members), take(data, nonMembers), rng.split('candidates'));
    const known = {
      meanTrainingLoss: model.result(trainModel).train.loss,
      shadows: [
        { target: await load(shadow), members: take(data, others.members), nonMembers: take(data, others.nonMembers) },
      ],
    };
    const attacks = [];
    for (const [done, name] of settings.attacks.entries()) {
      const attack = attackNamed(name);
      const run = { target, candidates, known, rng: rng.split(`attack ${name}`), signal };
      const { auc, tprAtFpr, balancedAccuracy } = (await runMembershipAttack(attack, run)).summary;
      attacks.push({ name, auc, tprAtFpr: tprAtFprOf(tprAtFpr), balancedAccuracy });
      progress((done + 1) / settings.attacks.length);
    }
    return { attacks };
  },
});
