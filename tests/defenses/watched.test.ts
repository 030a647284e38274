/** Rows that are attacked while a model is trained: what they say, and which epoch is kept by it. */
import { runEvasionAttack } from '../../attacks/evasion/index.ts';
import { pgd } from '../../attacks/evasion/white-box/index.ts';
import { localTarget } from '../../attacks/index.ts';
import { trainDefended } from '../../defenses/index.ts';
import { evaluationUnderAttack } from '../../defenses/training/watched.ts';
import { optim, Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { hashOf } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';
import { digitsRows, digitsSpace } from '../support/evasion.ts';

const engine = await testEngine();
const { train, model } = await digitsRows(200);
const LONG = { timeout: 60_000 };
const EPSILON = 0.15;

/** Single steps that are too long, at too large a rate: the loss under attack goes up and down. */
const trained = (epochs: number, watch: number) =>
  trainDefended(engine, model, train, {
    defence: 'adversarial-fgsm',
    options: { epsilon: EPSILON, step: 2, peak: 0, watch },
    recipe: { epochs, batchSize: 32, optimizer: optim.adam({ learningRate: 0.02 }) },
    seed: 5,
    inputBounds: digitsSpace,
  });

const watched = suite('FGSM-RS, watched under attack');

watched(
  'it is what PGD of ten steps leaves right of the same rows, and the same whenever it is asked',
  async () => {
    const { classifier } = await trained(6, 0);
    try {
      const at = (epsilon: number, rows = 300) =>
        evaluationUnderAttack({ classifier, data: train, space: digitsSpace }, { rows, epsilon, rng: Rng.from(1) });
      const [one, again] = [await at(EPSILON)(), await at(EPSILON)()];
      assert.equal(one, again);
      assert.is(one.n, 300);
      const rows = Rng.from(1).split('rows').permutation(train.size).subarray(0, 300);
      const { x, y } = train.take(rows);
      const attack = await runEvasionAttack(pgd, {
        target: localTarget(classifier),
        x: Float32Array.from(x),
        y,
        space: digitsSpace,
        norm: 'linf',
        epsilon: EPSILON,
        options: { steps: 10, full: 1 },
        rng: Rng.from(2),
      });
      // other random starts, the last point and not the best: a few rows of 300
      assert.ok(Math.abs(one.accuracy - attack.robust.value!) < 0.05, `${one.accuracy}, PGD ${attack.robust.value}`);
      assert.ok(one.accuracy < attack.clean.value! - 0.1, `${one.accuracy} of ${attack.clean.value}`);
      const hardly = await at(1e-6)();
      assert.ok(Math.abs(hardly.accuracy - attack.clean.value!) < 1e-9);
      assert.is((await at(EPSILON, 1e6)()).n, train.size, 'no more rows than there are');
    } finally {
      classifier.dispose();
    }
  },
  LONG,
);

watched(
  'the epoch is kept in which attacked rows had the smallest loss',
  async () => {
    const EPOCHS = 6;
    const kept = await trained(EPOCHS, 200);
    const losses: number[] = [];
    const hashes: string[] = [];
    for (let epochs = 1; epochs <= EPOCHS; epochs++) {
      const one = await trained(epochs, 0);
      const { classifier } = one;
      const rng = Rng.from(5).split('watched');
      const of = { rows: 200, epsilon: EPSILON, rng };
      losses.push((await evaluationUnderAttack({ classifier, data: train, space: digitsSpace }, of)()).loss);
      hashes.push(hashOf(one));
      classifier.dispose();
    }
    const best = losses.indexOf(Math.min(...losses));
    assert.ok(best < EPOCHS - 1, `the last epoch is not the best here: ${losses}`);
    assert.is(hashOf(kept), hashes[best]);
    assert.is(kept.marks.stoppedEarly, best + 1);
    assert.equal(kept.marks.notes, [`The parameters of epoch ${best + 1} of ${EPOCHS} were kept.`]);
    assert.is(kept.epochs, EPOCHS, 'all epochs were trained');
    kept.classifier.dispose();
  },
  LONG,
);
