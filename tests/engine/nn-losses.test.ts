/** Losses against hand values and closed forms. */
import { nn, ops, type Tensor } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const { losses } = nn;
const f64 = (rows: number[][]) => engine.tensor(Float64Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const labels = (...values: number[]) => engine.tensor(new Int32Array(values));

function close(got: Tensor, want: readonly number[], tolerance = 1e-14): void {
  const values = got.toArray();
  assert.is(values.length, want.length);
  for (const [i, w] of want.entries())
    assert.ok(Math.abs(values[i]! - w) <= tolerance * Math.max(Math.abs(w), 1e-300), `row ${i}: ${values[i]} != ${w}`);
}

const test = suite('losses');

test('cross-entropy of labels: -ln p of the label', () => {
  engine.run('t', () => {
    // softmax of (0, ln 3) is (1/4, 3/4); of equal logits 1/n
    const logits = f64([
      [0, Math.log(3)],
      [0, Math.log(3)],
      [7, 7],
    ]);
    close(losses.crossEntropy(logits, labels(0, 1, 1)), [Math.log(4), Math.log(4 / 3), Math.log(2)]);
  });
});

test('cross-entropy of soft labels: the labels weigh -ln p', () => {
  engine.run('t', () => {
    const logits = f64([[0, Math.log(3), Math.log(4)]]); // p = 1/8, 3/8, 4/8
    const want = -(0.2 * Math.log(1 / 8) + 0.3 * Math.log(3 / 8) + 0.5 * Math.log(1 / 2));
    close(losses.crossEntropy(logits, f64([[0.2, 0.3, 0.5]])), [want]);
    // labels that do not sum to 1 are taken as they are
    close(losses.crossEntropy(logits, f64([[0.4, 0.6, 1]])), [2 * want]);
    const oneHot = losses.crossEntropy(logits, f64([[0, 1, 0]]));
    close(oneHot, [...losses.crossEntropy(logits, labels(1)).toArray()]);
  });
});

test('smoothing mixes the label with all classes', () => {
  engine.run('t', () => {
    const logits = f64([[0, Math.log(3), Math.log(4)]]);
    const minusLogs = [8, 8 / 3, 2].map(Math.log);
    const mean = (minusLogs[0]! + minusLogs[1]! + minusLogs[2]!) / 3;
    close(losses.smoothedCrossEntropy(logits, labels(1), 0.1), [0.9 * minusLogs[1]! + 0.1 * mean]);
    close(losses.smoothedCrossEntropy(logits, labels(1), 0), [minusLogs[1]!]);
  });
});

test('mean squared error of each row', () => {
  engine.run('t', () => {
    close(
      losses.mse(
        f64([
          [1, 2],
          [0, 0],
        ]),
        f64([
          [3, 5],
          [0, 0],
        ]),
      ),
      [(4 + 9) / 2, 0],
    );
  });
});

test('binary cross-entropy of logits up to 60, and small losses in f32 to their last digits', () => {
  // written for both signs so that neither e^z overflows nor a small loss cancels
  const exact = (z: number, t: number) =>
    t * (Math.log1p(Math.exp(-Math.abs(z))) + Math.max(-z, 0)) +
    (1 - t) * (Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0));
  const logits = [-60, -20, -5, -0.5, 0, 0.5, 5, 20, 60];
  // the reference forms ln sum e^z - z, and so loses what lies below the rounding of 60
  for (const [dtype, rel, abs] of [
    ['f64', 1e-14, 1e-14],
    ['f32', 2e-6, 0],
  ] as const) {
    engine.run('t', () => {
      for (const t of [0, 0.25, 1]) {
        const loss = losses
          .binaryCrossEntropy(engine.tensor(logits, [9], { dtype }), engine.full([9], t, dtype))
          .toArray();
        for (const [i, z] of logits.entries()) {
          const want = exact(z, t);
          assert.ok(
            Math.abs(loss[i]! - want) <= abs + rel * want,
            `${dtype} logit ${z} target ${t}: ${loss[i]} != ${want}`,
          );
        }
      }
    });
  }
});

test('hinge: each wrong class counts by how far it comes within 1 of the right one', () => {
  engine.run('t', () => {
    const logits = f64([
      [1, 2, 0.5],
      [5, 1, 0],
      [0, 0, 0],
    ]);
    close(losses.hinge(logits, labels(0, 0, 2)), [2 + 0.5, 0, 2]);
  });
});

test('gradients of every loss in f64', ({ seed }) => {
  engine.run('t', () => {
    const wave = (n: number, shift: number) =>
      Float64Array.from({ length: n }, (_, i) => Math.sin(i * 2.3 + shift + (seed % 7)));
    const z = engine.tensor(wave(12, 0), [3, 4]);
    const targets = engine.tensor(wave(12, 1), [3, 4]);
    const weights = engine.tensor(new Float64Array([0.5, -1, 2]));
    const weighed = (loss: Tensor) => ops.sum(ops.mul(loss, weights));
    const y = labels(0, 3, 1);
    const pair = { z, targets };
    checkGradient(engine, 'crossEntropy', (p) => weighed(losses.crossEntropy(p, y)), z);
    checkGradient(engine, 'soft', (p: typeof pair) => weighed(losses.crossEntropy(p.z, p.targets)), pair);
    checkGradient(engine, 'smoothed', (p) => weighed(losses.smoothedCrossEntropy(p, y, 0.2)), z);
    checkGradient(engine, 'mse', (p: typeof pair) => weighed(losses.mse(p.z, p.targets)), pair);
    checkGradient(engine, 'hinge', (p) => weighed(losses.hinge(p, y)), z);
    const binary = { z: engine.tensor(wave(3, 2)), targets: engine.tensor(wave(3, 3)) };
    checkGradient(engine, 'bce', (p: typeof binary) => weighed(losses.binaryCrossEntropy(p.z, p.targets)), binary);
  });
});
