/**
 * How a model in training stands under attack. Single-step training may end in catastrophic overfitting, right under its own step and
 * wrong under several; rows that are attacked after each epoch show it, and the parameters of the best epoch are kept.
 *
 * Source: Wong, Rice & Kolter 2020 (ICLR), section 5.4, which stops where PGD on training rows succeeds all at once; the best epoch
 * instead of the last: Rice, Wong & Kolter 2020, Overfitting in adversarially robust deep learning (ICML), section 3.
 */
import { type Evaluation, examplesOf, Pacer, type Rng, sizeOf } from '../../engine/index.ts';
import type { TrainingContext } from '../define-defense.ts';
import { ballAround, climb, crossEntropyOf, inside, stepOf, uniformStart } from './inner-attack.ts';

const STEPS = 10;
const ROWS_AT_ONCE = 256;

/** Loss and accuracy on the same training rows each time, changed by PGD of ten steps from the same random starts. */
export function evaluationUnderAttack(
  { classifier, data, space }: Pick<TrainingContext, 'classifier' | 'data' | 'space'>,
  { rows, epsilon, rng }: { readonly rows: number; readonly epsilon: number; readonly rng: Rng },
): () => Promise<Evaluation> {
  const { engine, model, dtype } = classifier;
  const { inputShape } = model;
  const width = sizeOf(inputShape);
  const chosen = rng.split('rows').permutation(data.size).subarray(0, rows);
  return async () => {
    const { x, y } = data.take(chosen);
    const changed = x.slice();
    const pacer = new Pacer();
    for (let from = 0; from < y.length; from += ROWS_AT_ONCE) {
      const labels = y.subarray(from, from + ROWS_AT_ONCE);
      engine.run('watched rows', () => {
        const part = x.subarray(from * width, (from + labels.length) * width);
        const own = engine.tensor(part, [labels.length, ...inputShape], { dtype });
        const ball = ballAround(own, space, epsilon);
        const start = inside(uniformStart(own, ball, rng.split(`start ${from}`)), ball);
        const loss = crossEntropyOf(classifier, engine.tensor(labels, [labels.length], { dtype: 'i32' }));
        const climbed = climb(start, ball, { steps: STEPS, stepSize: stepOf(0, STEPS) * epsilon, loss });
        changed.set(climbed.view(), from * width);
      });
      await pacer.breathe();
    }
    return classifier.evaluate(examplesOf(changed, y, inputShape, data.classes));
  };
}
