/**
 * The squeezing detector before the model of the job that it needs: what it raises on rows that nobody changed, and what attackers get past
 * it who do not know it, and one who does. Rows after the attacked ones choose the threshold, and are not attacked.
 */
import * as v from 'valibot';
import { evasionAttackNamed, norms, runEvasionAttack, spaceOf } from '../../attacks/evasion/index.ts';
import { clopperPearson, localTarget } from '../../attacks/index.ts';
import { take } from '../../data/index.ts';
import { medianOf, reducedDepth, type Squeezer, squeezingDetector } from '../../defenses/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { estimateSchema } from '../audit-record.ts';
import { count, positive, seedField, whole } from '../fields.ts';
import { defineKind } from '../runner/index.ts';
import { evadingSqueezers } from './evading.ts';
import { attackSchema, checkAttacks, trainedModel } from './evaluation.ts';
import { checkRows, rowsSchema } from './rows.ts';

/** What the detector squeezes by. */
export const squeezersSchema = v.strictObject({
  /** of each number between its bounds; one squeezer each */
  bits: v.array(v.pipe(count, v.maxValue(16))),
  /** widths of windows; one squeezer each */
  medians: v.array(v.pipe(whole(2), v.maxValue(9))),
});

const attackerSchema = v.strictObject({
  attack: v.string(),
  /** knows that there is a detector, and how it squeezes */
  knows: v.boolean(),
  /** of the rows that are right, those that fool the model */
  fooled: estimateSchema,
  /** of those, the ones that are suspicious */
  detected: estimateSchema,
  /** of the rows that are right, those that fool the model and are not suspicious */
  evades: estimateSchema,
});

export const squeezingDetection = defineKind({
  name: 'squeezing-detection',
  about: 'puts a detector before a model that compares answers before and after squeezing, and attacks both',
  version: 1,
  settings: v.strictObject({
    /** those of the model's job */
    rows: rowsSchema,
    /** how many of the test rows are attacked, from the first */
    attacked: count,
    /** how many after those choose the threshold */
    clean: count,
    squeezers: squeezersSchema,
    /** of clean rows, those that may be suspicious */
    falsePositiveRate: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    norm: v.picklist(norms),
    epsilon: positive,
    /** run on the model, by who knows of no detector */
    unaware: v.pipe(v.array(attackSchema), v.minLength(1, 'expected at least one')),
    /** of who does */
    adaptive: v.strictObject({ steps: count, classes: count }),
    seed: seedField,
  }),
  result: v.strictObject({
    threshold: v.number(),
    clean: estimateSchema,
    /** on the attacked rows, before they are changed */
    falsePositives: estimateSchema,
    attackers: v.array(attackerSchema),
  }),
  cost: ({ attacked, clean, adaptive, squeezers }) => {
    const copies = 1 + squeezers.bits.length + squeezers.medians.length;
    return 1 + 1e-4 * (clean * copies + attacked * adaptive.steps * adaptive.classes * copies);
  },
  check({ rows, squeezers, unaware, norm, epsilon }, [data]) {
    checkRows(rows, data);
    checkAttacks(unaware, norm, [epsilon], data);
    if (squeezers.bits.length + squeezers.medians.length === 0)
      throw new ConfigError('squeezers: expected at least one, got none. Give a bit depth or a median.', 'squeezers');
    if (squeezers.medians.length > 0 && data && data.inputShape.length !== 3)
      throw new ConfigError(
        `squeezers: expected images [h, w, channels] for medians, got rows of [${data.inputShape}]. Leave medians out.`,
        'squeezers.medians',
      );
  },
  async run({ settings, needs, engine, dataset, signal, progress }) {
    const { attacked, norm, epsilon } = settings;
    const { data, test, classifier } = await trainedModel(await dataset(), settings.rows, needs, engine);
    if (attacked + settings.clean > test.length)
      throw new ConfigError(
        `clean: expected at most ${Math.max(0, test.length - attacked)} rows, the test rows of ${data.name} that are not attacked, got ${settings.clean}. Ask for fewer.`,
        'clean',
      );
    const space = spaceOf(data);
    const target = localTarget(classifier, { signal });
    const squeezers: Squeezer[] = [
      ...settings.squeezers.bits.map((bits) => reducedDepth(space, bits)),
      ...settings.squeezers.medians.map((window) => medianOf(data.inputShape, window)),
    ];
    const detector = await squeezingDetector(target, {
      squeezers,
      clean: take(data, test.subarray(attacked, attacked + settings.clean)).x,
      falsePositiveRate: settings.falsePositiveRate,
    });
    const { x, y } = take(data, test.subarray(0, attacked));
    const raised = countOf(await detector.flags(x));
    const attackers = [
      ...settings.unaware.map(({ name, options }) => ({ attack: evasionAttackNamed(name), options, knows: false })),
      { attack: evadingSqueezers(squeezers), options: settings.adaptive, knows: true },
    ];
    const found: v.InferOutput<typeof attackerSchema>[] = [];
    let clean = clopperPearson({ hits: 0, n: attacked });
    for (const [k, { attack, options, knows }] of attackers.entries()) {
      const nearest = attack.seeks === 'nearest';
      const result = await runEvasionAttack(attack, {
        target,
        x,
        y,
        space,
        norm,
        epsilon: nearest ? Infinity : epsilon,
        options,
        rng: Rng.from(settings.seed).split('detection'),
        engine,
        signal,
        onProgress: (done) => progress((k + Math.min(1, done)) / attackers.length),
      });
      clean = result.clean;
      const fooled = result.fooled.map((one, i) => Number(one && result.distances[norm][i]! <= epsilon));
      const flags = await detector.flags(result.x);
      const [right, fools, detected] = [
        countOf(result.attacked),
        countOf(fooled),
        countOf(flags.map((one, i) => one & fooled[i]!)),
      ];
      found.push({
        attack: attack.name,
        knows,
        fooled: clopperPearson({ hits: fools, n: right }),
        detected: clopperPearson({ hits: detected, n: fools }),
        evades: clopperPearson({ hits: fools - detected, n: right }),
      });
    }
    return {
      threshold: detector.threshold,
      clean,
      falsePositives: clopperPearson({ hits: raised, n: attacked }),
      attackers: found,
    };
  },
});

const countOf = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);
