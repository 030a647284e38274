/**
 * Attacks on the target of a design of halves by the kept answers of all its models: those that read answers only, from one
 * threshold on the loss to likelihood ratios. File: scores.npz, a list of scores for each attack, members first.
 */
import * as v from 'valibot';
import {
  allMembershipAttacks,
  lookupTarget,
  lookupViews,
  type MembershipAttack,
  mixCandidates,
  pairedDifference,
  parseOptions,
  runMembershipAttack,
  type ShadowModel,
  score,
} from '../../attacks/index.ts';
import { writeNpz } from '../../data/index.ts';
import { ConfigError, Rng, type Rows } from '../../engine/index.ts';
import { defineKind, type Needed, shareSchema, tprAtFprOf, tprAtFprSchema } from '../runner/index.ts';
import { checkDesign, coinsOf, type Design, designSchema, poolOf, populationOf } from './design.ts';
import { logitsOf } from './outputs.ts';

const SCORES_FILE = 'scores.npz';

const names = allMembershipAttacks.map(({ name }) => name);
const attackNamed = (name: string) => allMembershipAttacks.find((a) => a.name === name) as MembershipAttack;
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const referenceAttacks = defineKind({
  name: 'reference-attacks',
  about:
    'attacks the first model whose kept outputs it needs with the help of the others, all trained on halves of one pool',
  version: 1,
  settings: v.strictObject({
    attacks: v.pipe(v.array(v.picklist(names)), v.minLength(1, 'expected at least one attack')),
    /** options of attacks by name */
    options: v.record(v.string(), v.record(v.string(), v.number())),
    design: designSchema,
    population: count,
    /** names the order of the candidates, and what attacks draw */
    seed: count,
  }),
  result: v.strictObject({
    members: count,
    nonMembers: count,
    attacks: v.array(
      v.strictObject({
        name: v.string(),
        auc: shareSchema,
        tprAtFpr: tprAtFprSchema,
        balancedAccuracy: v.nullable(shareSchema),
        /** less those of the first attack on the same records, by the paired bootstrap; null for the first */
        better: v.nullable(v.strictObject({ auc: shareSchema, tprAtFpr: tprAtFprSchema })),
      }),
    ),
  }),
  cost: ({ attacks, design }) => attacks.length * (design.kind === 'halves' ? design.pool : 0) * 2e-4,
  check({ attacks, options, design }, [data]) {
    checkDesign(design, data);
    if (design.kind !== 'halves')
      throw new ConfigError("design: expected a design of 'halves', got 'apart'.", 'design.kind', ['halves']);
    const stray = Object.keys(options).find((name) => !attacks.includes(name));
    if (stray !== undefined)
      throw new ConfigError(
        `options: expected those of ${attacks.join(', ')}, got some of '${stray}'. Add it to attacks, or leave them out.`,
        `options.${stray}`,
        attacks,
      );
    for (const name of attacks) parseOptions(name, attackNamed(name).options, options[name] ?? {});
  },
  async run({ settings, signal, engine, dataset, needs, write, progress }) {
    const design = settings.design as Extract<Design, { kind: 'halves' }>;
    const { y, classes } = await dataset();
    const pool = poolOf(await dataset(), design);
    const others = populationOf(await dataset(), design, settings.population);
    const rows = pool.length + others.length;
    const labelled = (ids: Int32Array): Rows => ({
      x: Float64Array.from(ids),
      y: Int32Array.from(ids, (id) => y[id < pool.length ? pool[id]! : others[id - pool.length]!]!),
    });
    const model = async (needed: Needed, which: 'target' | number) => {
      const logits = await logitsOf(needed);
      const coins = coinsOf(design, which);
      const sides = [1, 0].map((side) => labelled(Int32Array.from(coins.keys()).filter((i) => coins[i] === side)));
      return {
        target: lookupTarget({ classes, logits }),
        views: logits.length,
        members: sides[0]!,
        nonMembers: sides[1]!,
        coins,
      };
    };
    const [first, ...rest] = needs;
    if (!first) throw new ConfigError('reference-attacks: expected the outputs of a target, got none.', 'needs');
    const target = await model(first, 'target');
    const order = [...target.members.x, ...target.nonMembers.x];
    const shadows: ShadowModel[] = [];
    for (const [i, needed] of rest.entries()) {
      const { coins, ...shadow } = await model(needed, i);
      shadows.push({ ...shadow, trainedOn: Uint8Array.from(order, (id) => coins[id]!) });
    }
    const rng = Rng.from(settings.seed).split('reference attacks');
    const candidates = mixCandidates(target.members, target.nonMembers, rng.split('candidates'));
    const known = {
      meanTrainingLoss: await meanLoss(target.target, target.members),
      shadows,
      population: labelled(Int32Array.from(others, (_, i) => pool.length + i)),
      views: lookupViews(target.views, rows),
    };
    const scores: Record<string, { shape: number[]; data: Float64Array }> = {};
    const attacks = [];
    let baseline: { readonly members: Float64Array; readonly nonMembers: Float64Array } | null = null;
    for (const [done, name] of settings.attacks.entries()) {
      const { summary, members, nonMembers } = await runMembershipAttack(attackNamed(name), {
        target: target.target as never,
        candidates,
        known,
        options: settings.options[name] ?? {},
        engine,
        rng: rng.split(`attack ${name}`),
        signal,
      });
      const { auc, balancedAccuracy } = summary;
      baseline ??= { members, nonMembers };
      let better = null;
      if (done > 0) {
        const paired = pairedDifference({ a: { members, nonMembers }, b: baseline, rng: rng.split(`paired ${name}`) });
        better = { auc: paired.auc, tprAtFpr: tprAtFprOf(paired.tprAtFpr) };
      }
      attacks.push({ name, auc, tprAtFpr: tprAtFprOf(summary.tprAtFpr), balancedAccuracy, better });
      scores[name] = { shape: [order.length], data: Float64Array.from([...members, ...nonMembers]) };
      progress((done + 1) / settings.attacks.length);
    }
    await write(SCORES_FILE, writeNpz(scores));
    return { members: target.members.y.length, nonMembers: target.nonMembers.y.length, attacks };
  },
});

/** Mean cross-entropy of a target on rows, in nats. */
async function meanLoss(target: ReturnType<typeof lookupTarget>, { x, y }: Rows): Promise<number> {
  const z = await target.logits(x);
  const { classes } = target;
  let sum = 0;
  for (const [i, label] of y.entries())
    sum += score.loss({ kind: 'logits', row: z.subarray(i * classes, (i + 1) * classes), label });
  return sum / y.length;
}
