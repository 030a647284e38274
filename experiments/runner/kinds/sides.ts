/** How well a model does on one side, members or non-members, as records hold it. */
import * as v from 'valibot';
import { clopperPearson } from '../../../attacks/index.ts';
import type { Classifier, Examples } from '../../../engine/index.ts';
import { shareSchema } from './shares.ts';

export const sideSchema = v.strictObject({ loss: v.number(), accuracy: shareSchema });

/** Mean loss in nats, and accuracy with its interval. */
export async function measureSide(classifier: Classifier, rows: Examples, signal: AbortSignal) {
  const { loss, accuracy, n } = await classifier.evaluate(rows, { signal });
  return { loss, accuracy: clopperPearson({ hits: Math.round(accuracy * n), n }) };
}
