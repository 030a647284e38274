/**
 * Judges a target's kept answers by one number a record, such as its loss: a member is who lies above the threshold that parts
 * the shadow models' own members from their non-members best. The ranking (AUC, TPR at FPR) needs no shadow model.
 */
import * as v from 'valibot';
import { bestThreshold, score, summarise } from '../../attacks/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { defineKind, type Needed, shareSchema } from '../runner/index.ts';
import { checkDesign, designSchema, type Which } from './design.ts';
import { answersOf, labelsAsked } from './outputs.ts';

export const signalNames = Object.keys(score.signals) as (keyof typeof score.signals)[];

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Seconds of a row on one core. */
const ROW = 1e-4;

export const thresholdAttack = defineKind({
  name: 'threshold-attack',
  about: 'judges the kept answers of the first job that it needs by a threshold chosen on those of the others',
  version: 1,
  settings: v.strictObject({ signal: v.picklist(signalNames), design: designSchema, seed: count }),
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
  }),
  cost: ({ design }) => 0.2 + (design.kind === 'apart' ? 6 * design.train : 0) * ROW,
  check({ design }, [data]) {
    checkDesign(design, data);
    if (design.kind === 'apart') return;
    throw new ConfigError("design: expected a design of 'apart', got 'halves'.", 'design.kind', ['apart']);
  },
  async run({ settings, needs: [target, ...shadows], dataset }) {
    const { signal, design } = settings;
    if (!target || shadows.length === 0)
      throw new ConfigError('threshold-attack: expected the outputs of a target and of shadow models.', 'needs');
    const data = await dataset();
    /** of members, and of non-members */
    const scoresOf = async (needed: Needed, which: Which) => {
      const { kind, rows, classes } = await answersOf(needed);
      const scores = Float64Array.from(labelsAsked(data, design, which), (label, i) =>
        score.signals[signal].score({ kind, row: rows.subarray(i * classes, (i + 1) * classes), label }),
      );
      return [scores.subarray(0, scores.length / 2), scores.subarray(scores.length / 2)] as const;
    };
    const seen: (readonly [Float64Array, Float64Array])[] = [];
    for (const [which, shadow] of shadows.entries()) seen.push(await scoresOf(shadow, which));
    const side = (of: 0 | 1) => Float64Array.from(seen.flatMap((scores) => [...scores[of]]));
    const [members, nonMembers] = await scoresOf(target, 'target');
    const rng = Rng.from(settings.seed).split('threshold attack');
    const summary = summarise({ members, nonMembers, threshold: bestThreshold(side(0), side(1)), rng });
    const { precision, recall, balancedAccuracy, auc, tprAtFpr: t } = summary;
    return {
      precision: precision!,
      recall: recall!,
      balancedAccuracy: balancedAccuracy!,
      auc,
      tprAtFpr: { '0.1': t['0.1'] ?? null, '0.01': t['0.01'] ?? null, '0.001': t['0.001'] ?? null },
    };
  },
});
