/**
 * Judges a target's kept answers by one number a record, such as its loss: a member is who lies above the threshold that parts
 * the shadow models' own members from their non-members best. The ranking (AUC, TPR at FPR) needs no shadow model.
 */
import * as v from 'valibot';
import { bestThreshold, score } from '../../attacks/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { defineKind, type Needed } from '../runner/index.ts';
import { apartOnly, checkDesign, designSchema } from './design.ts';
import { furtherSchema } from './further.ts';
import { answersOf, furtherLabels, joined, labelsAsked } from './outputs.ts';
import { verdictEntries, verdictOf } from './verdict.ts';

export const signalNames = Object.keys(score.signals) as (keyof typeof score.signals)[];

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Seconds of a row on one core. */
const ROW = 1e-4;

export const thresholdAttack = defineKind({
  name: 'threshold-attack',
  about: 'judges the kept answers of the first job that it needs by a threshold chosen on those of the others',
  version: 1,
  settings: v.strictObject({
    signal: v.picklist(signalNames),
    design: designSchema,
    seed: count,
    /** non-members that the target was asked about beside its own; absent: none */
    further: v.exactOptional(furtherSchema),
  }),
  result: v.strictObject(verdictEntries),
  cost: ({ design }) => 0.2 + 6 * apartOnly(design).train * ROW,
  check: ({ design }, [data]) => checkDesign(apartOnly(design), data),
  async run({ settings, needs: [target, ...shadows], dataset }) {
    const { signal, design, further } = settings;
    if (!target || shadows.length === 0)
      throw new ConfigError('threshold-attack: expected the outputs of a target and of shadow models.', 'needs');
    const data = await dataset();
    const scoresOf = async (needed: Needed, labels: Int32Array) => {
      const { kind, rows, classes } = await answersOf(needed);
      return Float64Array.from(labels, (label, i) =>
        score.signals[signal].score({ kind, row: rows.subarray(i * classes, (i + 1) * classes), label }),
      );
    };
    const seen: Float64Array[] = [];
    for (const [which, shadow] of shadows.entries())
      seen.push(await scoresOf(shadow, labelsAsked(data, design, which)));
    const side = (part: (scores: Float64Array) => Float64Array) => Float64Array.from(seen.flatMap((s) => [...part(s)]));
    const threshold = bestThreshold(
      side((scores) => scores.subarray(0, scores.length / 2)),
      side((scores) => scores.subarray(scores.length / 2)),
    );
    const own = labelsAsked(data, design, 'target');
    const scores = await scoresOf(target, joined(own, furtherLabels(data, design, further)));
    return verdictOf(scores, own.length / 2, threshold, Rng.from(settings.seed).split('threshold attack'));
  },
});
