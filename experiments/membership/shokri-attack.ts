/** Judges a target's kept answers by attack models fitted before: precision and recall, class by class. File: scores.npz. */
import * as v from 'valibot';
import { type AttackModelData, attackModels, clopperPearson, summarise } from '../../attacks/index.ts';
import { writeNpz } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { defineKind, type Needed, shareSchema } from '../runner/index.ts';
import { ATTACK_MODEL_FILE, attackKinds, checkClasses } from './attack-models.ts';
import { checkDesign, designSchema } from './design.ts';
import { labelsAsked, probabilitiesOf } from './outputs.ts';

export const SCORES_FILE = 'scores.npz';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const shokriAttack = defineKind({
  name: 'shokri-attack',
  about: 'judges the kept answers of the first job that it needs by the attack models of the others',
  version: 1,
  settings: v.strictObject({ attack: v.picklist(attackKinds), classes: count, design: designSchema, seed: count }),
  result: v.strictObject({
    precision: shareSchema,
    recall: shareSchema,
    auc: shareSchema,
    balancedAccuracy: shareSchema,
    /** null: too few non-members to resolve that false-positive rate */
    tprAtFpr: v.strictObject({
      '0.1': v.nullable(shareSchema),
      '0.01': v.nullable(shareSchema),
      '0.001': v.nullable(shareSchema),
    }),
    perClass: v.array(
      v.strictObject({ label: count, members: count, nonMembers: count, precision: shareSchema, recall: shareSchema }),
    ),
    /** classes that the attack model of all classes judged */
    pooled: v.array(count),
  }),
  cost: ({ design }) => (design.kind === 'apart' ? 2 * design.train : design.pool) * 2e-4,
  check({ design, classes }, [data]) {
    checkDesign(design, data);
    checkClasses(classes, data!);
  },
  async run({ settings, needs, dataset, write }) {
    const { attack, classes, design } = settings;
    const [target, ...fitted] = needs;
    if (!target || fitted.length !== classes + 1) {
      throw new ConfigError(
        `shokri-attack: expected the outputs of a target and ${classes + 1} attack models, got ${needs.length} jobs.`,
        'needs',
      );
    }
    const y = labelsAsked(await dataset(), design, 'target');
    const models: (AttackModelData | null)[] = [];
    for (const needed of fitted) models.push(await read(needed));
    const pooled = models.pop()!;
    const judge = attackModels({ kind: attack, models, pooled });
    const scores = await judge.scores({ classes, probabilities: await probabilitiesOf(target), y });
    const members = y.length / 2;
    const summary = summarise({
      members: scores.subarray(0, members),
      nonMembers: scores.subarray(members),
      threshold: 0,
      rng: Rng.from(settings.seed).split('shokri attack'),
    });
    const { precision, recall, balancedAccuracy, auc, tprAtFpr: t } = summary;
    const perClass = Array.from({ length: classes }, (_, label) => classShares(scores, y, label));
    await write(SCORES_FILE, writeNpz({ scores: { shape: [scores.length], data: scores } }));
    return {
      precision: precision!,
      recall: recall!,
      balancedAccuracy: balancedAccuracy!,
      auc,
      tprAtFpr: { '0.1': t['0.1'] ?? null, '0.01': t['0.01'] ?? null, '0.001': t['0.001'] ?? null },
      perClass,
      pooled: [...judge.pooledClasses],
    };
  },
});

async function read(needed: Needed): Promise<AttackModelData | null> {
  return JSON.parse(new TextDecoder().decode(await needed.file(ATTACK_MODEL_FILE))) as AttackModelData | null;
}

/** Precision and recall of "score above 0: member" among the records of a class; members come first. */
function classShares(scores: Float64Array, y: Int32Array, label: number) {
  const half = y.length / 2;
  const counts = { members: 0, nonMembers: 0, found: 0, wrong: 0 };
  for (const [i, own] of y.entries()) {
    if (own !== label) continue;
    const said = scores[i]! >= 0;
    if (i < half) {
      counts.members++;
      if (said) counts.found++;
    } else {
      counts.nonMembers++;
      if (said) counts.wrong++;
    }
  }
  const { members, nonMembers, found, wrong } = counts;
  return {
    label,
    members,
    nonMembers,
    precision: clopperPearson({ hits: found, n: found + wrong }),
    recall: clopperPearson({ hits: found, n: members }),
  };
}
