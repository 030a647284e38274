/** A membership attack on a recipe's model, beside the most that its budget lets any attack find. */
import * as v from 'valibot';
import {
  isResolved,
  localTarget,
  type MembershipAttackName,
  membershipAttacks,
  mixCandidates,
  runMembershipAttack,
} from '../../attacks/index.ts';
import { Classifier, ConfigError, Rng } from '../../engine/index.ts';
import { Ledger, tprCeiling } from '../../privacy/index.ts';
import { seedField } from '../fields.ts';
import { defineKind, MODEL_FILE, shareSchema } from '../runner/index.ts';
import { rowsOf, scaled, select } from './prepare.ts';
import { MOMENTS_FILE, momentsIn, privateModel } from './private-model.ts';
import { privateRecipeSchema } from './recipe.ts';
import { checkSides, sidesOf, sidesSchema } from './sides.ts';

/** Those that get by without a shadow model. */
export const shadowlessAttacks = (Object.keys(membershipAttacks) as MembershipAttackName[]).filter(
  (name) => Object.keys(membershipAttacks[name].needs).length === 0,
);

/** of the curve, from the least noticed attack on */
export const falsePositiveRates = [0.001, 0.01, 0.1] as const;

export const privateMembership = defineKind({
  name: 'private-membership',
  about: 'attacks a privately trained model, and says what its budget lets any attack find at most',
  version: 1,
  settings: v.strictObject({
    /** both as the model's job has them */
    recipe: privateRecipeSchema,
    sides: sidesSchema,
    attack: v.picklist(shadowlessAttacks),
    /** names the order in which the attack sees its candidates */
    seed: seedField,
  }),
  result: v.strictObject({
    auc: shareSchema,
    /** the smallest false-positive rate that the non-members resolve */
    fpr: v.number(),
    tpr: shareSchema,
    /** no attack on the rows of the coins has a greater TPR at that FPR; 1 without privacy */
    ceiling: v.number(),
  }),
  cost: ({ sides }) => 1 + (sides.pool ?? 0) * 1e-3,
  check({ sides }, [data]) {
    checkSides(sides, data);
    if (sides.pool !== null && isResolved({ nonMembers: sides.pool / 2 - 2 * Math.sqrt(sides.pool), fpr: 0.1 })) return;
    throw new ConfigError(
      'sides: expected a pool whose non-members resolve a false-positive rate of 10 %, at least 300 rows. Ask for more.',
      'sides.pool',
    );
  },
  async run({ settings, signal, engine, dataset, shards, needs: [trained] }) {
    if (!trained)
      throw new ConfigError('private-membership: expected a job that trained the model, got none.', 'needs');
    const { recipe, attack, seed } = settings;
    const all = await dataset();
    const { members, nonMembers } = sidesOf(all, settings.sides);
    const model = trained.result(privateModel);
    const moments =
      recipe.scattering?.momentsNoise && model.privacy
        ? momentsIn(new TextDecoder().decode(await trained.file(MOMENTS_FILE)))
        : null;
    const rows = scaled(await rowsOf(all, recipe, { shards: shards(), signal }), moments);
    const classifier = Classifier.load(await engine(), await trained.file(MODEL_FILE));
    const rng = Rng.from(seed).split('private membership');
    const take = (indices: Int32Array) => select(rows, indices).take(indices.map((_, i) => i));
    const candidates = mixCandidates(take(members), take(nonMembers), rng.split('candidates'));
    const { summary } = await runMembershipAttack(membershipAttacks[attack], {
      target: localTarget(classifier, { signal }),
      candidates,
      known: { meanTrainingLoss: model.memberLoss, shadows: [] },
      rng: rng.split('attack'),
      signal,
    });
    const fpr = falsePositiveRates.find((rate) => isResolved({ nonMembers: nonMembers.length, fpr: rate })) ?? 0.1;
    const tpr = summary.tprAtFpr[String(fpr)]!;
    const { privacy } = model;
    const ceiling = privacy ? tprCeiling(Ledger.from(privacy.ledger).event(), fpr) : 1;
    return { auc: summary.auc, fpr, tpr, ceiling };
  },
});
