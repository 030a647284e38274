/**
 * Adds the perturbation of the first job that it needs to test rows, and asks models that it was not crafted on, those of the other
 * jobs.
 *
 * Source: Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017 (CVPR), section 4: cross-model universality.
 */
import * as v from 'valibot';
import { perturbed, spaceOf } from '../../attacks/evasion/index.ts';
import { localTarget } from '../../attacks/index.ts';
import { readNpy, take } from '../../data/index.ts';
import { Classifier, ConfigError } from '../../engine/index.ts';
import { count } from '../fields.ts';
import { defineKind, MODEL_FILE } from '../runner/index.ts';
import { checkRows, rowsSchema, trainTest } from './rows.ts';
import { effectOf, effectSchema, measuredRows, PERTURBATION_FILE } from './universal.ts';

export const universalTransfer = defineKind({
  name: 'universal-transfer',
  about: 'measures a perturbation on models that it was not crafted on',
  version: 1,
  settings: v.strictObject({
    /** those of all the models' jobs: test rows are nobody's training rows */
    rows: rowsSchema,
    /** test rows, from the first; null: all */
    measured: v.nullable(count),
  }),
  /** in the order of the models */
  result: v.strictObject({ models: v.array(effectSchema) }),
  cost: ({ measured }, [data]) => 1 + (measured ?? data!.size) * ROW,
  check: ({ rows }, [data]) => checkRows(rows, data),
  async run({ settings, needs: [crafted, ...others], engine, dataset, signal, progress }) {
    if (!crafted || others.length === 0)
      throw new ConfigError('needs: expected a perturbation and other models, got fewer jobs.', 'needs');
    const { data, test } = trainTest(await dataset(), settings.rows);
    const { x, y } = take(data, measuredRows(test, settings.measured, data.name));
    const perturbation = readNpy(await crafted.file(PERTURBATION_FILE), PERTURBATION_FILE).data;
    const changed = perturbed(spaceOf(data), x, Float32Array.from(perturbation));
    const models = [];
    for (const [done, other] of others.entries()) {
      const target = localTarget(Classifier.load(await engine(), await other.file(MODEL_FILE)), { signal });
      models.push(effectOf(await target.labels(x), await target.labels(changed), y));
      progress((done + 1) / others.length);
    }
    return { models };
  },
});

/** A row through a small convolutional network, seconds. */
const ROW = 3e-4;
