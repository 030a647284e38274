/** Shapes that do not fit are found before a kernel runs, with the shapes in the message and on the error. */
import { ops, ShapeError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';

const engine = await testEngine();
const test = suite('shape errors');

test('a matrix product of other inner sizes says both shapes and the remedy', () => {
  engine.run('shapes', () => {
    const [a, b] = [engine.zeros([2, 3]), engine.zeros([4, 3])];
    try {
      ops.matmul(a, b);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, ShapeError);
      const { message, shapes } = error as ShapeError;
      assert.is(message, 'matmul: expected a [m,k] and b [k,n] with the same k, got a [2,3] and b [4,3]. Transpose b?');
      assert.equal(shapes, [
        [2, 3],
        [4, 3],
      ]);
    }
  });
});
