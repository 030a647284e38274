/** Trees of tensors: order of the leaves, paths, and the way there and back. */
import { countParameters, mapTree, namedTensors, type Tensor, tensorsOf } from '../../engine/index.ts';
import { rebuildTree } from '../../engine/tensor/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';

const test = suite('trees');
const engine = await testEngine();

const tree = () => ({
  b: [engine.scalar(0), { weight: engine.ones([2, 3]), note: 'text', bias: engine.ones([3]) }, null] as const,
  a: engine.scalar(3),
  empty: {},
  count: 5,
});

test('leaves come in the order in which they are written', () => {
  engine.run('t', () => {
    const t = tree();
    const order = [t.b[0], t.b[1].weight, t.b[1].bias, t.a];
    assert.is(tensorsOf(t).length, 4);
    for (const [i, leaf] of tensorsOf(t).entries()) assert.is(leaf, order[i]);
    assert.equal(
      namedTensors(t).map(([path]) => path),
      ['b.0', 'b.1.weight', 'b.1.bias', 'a'],
    );
    assert.equal(namedTensors(t.a), [['', t.a]]);
  });
});

test('mapTree keeps the form and whatever is no tensor', () => {
  engine.run('t', () => {
    const sizes = mapTree(tree(), (t: Tensor, path: string) => `${path}:${t.size}`);
    assert.equal(sizes, {
      b: ['b.0:1', { weight: 'b.1.weight:6', note: 'text', bias: 'b.1.bias:3' }, null],
      a: 'a:1',
      empty: {},
      count: 5,
    });
  });
});

test('taken apart and rebuilt, a tree is the same', () => {
  engine.run('t', () => {
    const t = tree();
    const again = rebuildTree(t, tensorsOf(t));
    assert.equal(Object.keys(again), Object.keys(t));
    for (const [i, leaf] of tensorsOf(again).entries()) assert.is(leaf, tensorsOf(t)[i]);
    assert.is(again.b[1].note, 'text');
  });
});

test('objects with a class of their own are leaves, not branches', () => {
  engine.run('t', () => {
    class Box {
      readonly inside = engine.scalar(1);
    }
    assert.is(
      tensorsOf({ box: new Box(), map: new Map([['t', engine.scalar(1)]]), data: new Float32Array(3) }).length,
      0,
    );
  });
});

test('parameters are counted by element', () => {
  engine.run('t', () => assert.is(countParameters(tree()), 1 + 6 + 3 + 1));
});
