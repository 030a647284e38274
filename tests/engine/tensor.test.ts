/** Tensors: creation, element types, overwriting, and what their errors say. */
import { createEngine, DTypeError, KeyholeError, ops, ShapeError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();

const creation = suite('creation of tensors');

creation('the element type follows the array, and can be chosen', () => {
  engine.run('t', () => {
    assert.is(engine.tensor([1.5]).dtype, 'f32');
    assert.is(engine.tensor(new Float32Array(1)).dtype, 'f32');
    assert.is(engine.tensor(new Float64Array(1)).dtype, 'f64');
    assert.is(engine.tensor(new Int32Array(1)).dtype, 'i32');
    assert.is(engine.tensor(new Float64Array(1), [1], { dtype: 'f32' }).dtype, 'f32');
    assert.is(engine.tensor([0.1], [1], { dtype: 'f64' }).item(), 0.1);
    assert.is(engine.tensor([0.1]).item(), Math.fround(0.1));
    assert.equal([...engine.tensor([1, 2, 3, 4]).shape], [4]);
  });
});

creation('full, zeros, ones and scalar', () => {
  engine.run('t', () => {
    for (const dtype of ['f32', 'f64', 'i32'] as const) {
      assert.equal([...engine.full([2, 2], 3, dtype).toArray()], [3, 3, 3, 3]);
      assert.equal([...engine.zeros([3], dtype).toArray()], [0, 0, 0]);
      assert.equal([...engine.ones([2], dtype).toArray()], [1, 1]);
      const scalar = engine.scalar(5, dtype);
      assert.equal([scalar.item(), scalar.rank, scalar.size, scalar.dtype], [5, 0, 1, dtype]);
    }
  });
});

creation('tensors without elements', () => {
  engine.run('t', () => {
    for (const dtype of ['f32', 'f64', 'i32'] as const) {
      const none = engine.zeros([0, 3], dtype);
      assert.equal([none.size, none.toArray().length], [0, 0]);
    }
  });
});

creation('numbers that do not fill the shape, and sizes that are not whole, are refused', () => {
  engine.run('t', () => {
    throwsError(() => engine.tensor([1, 2, 3], [2, 2]), ShapeError, /expected 4 numbers for shape \[2,2\], got 3/);
    for (const bad of [-1, 1.5, Number.NaN])
      throwsError(() => engine.zeros([2, bad]), ShapeError, /full: expected whole sizes >= 0, got shape \[2,/);
  });
});

creation('a view of the memory itself is copied whole, even when the copy makes the memory grow', async () => {
  const own = await createEngine();
  const source = own.full([300_000], 7);
  for (let i = 0; i < 8; i++) {
    const copy = own.tensor(source.view());
    assert.ok(
      copy.toArray().every((v) => v === 7),
      `copy ${i}`,
    );
  }
});

const types = suite('element types are never mixed in silence');

types('mixing floats throws with the cast as remedy', () => {
  engine.run('t', () => {
    const a = engine.tensor([1, 2]);
    const b = engine.tensor(new Float64Array([1, 2]));
    throwsError(
      () => ops.add(a, b),
      DTypeError,
      /^add: expected one element type, got f32 and f64\. Use engine\.cast\(x, 'f32'\)/,
    );
    throwsError(() => ops.matmul(ops.reshape(b, [1, 2]), ops.reshape(a, [2, 1])), DTypeError, /got f64 and f32/);
    assert.equal([...ops.add(a, engine.cast(b, 'f32')).toArray()], [2, 4]);
  });
});

types('integers go only where indices are expected, and nothing else does', () => {
  engine.run('t', () => {
    const i = engine.tensor(new Int32Array([0, 1]));
    const x = engine.tensor([1, 2]);
    throwsError(() => ops.add(i, i), DTypeError, /add: expected a to be f32 or f64, got i32/);
    throwsError(() => ops.gather(ops.reshape(x, [2, 1]), x), DTypeError, /gather: expected indices to hold i32/);
  });
});

types('a cast rounds to f32, cuts to i32, and leaves the tape', () => {
  engine.run('t', () => {
    const x = engine.tensor(new Float64Array([0.1, -2.7]));
    assert.equal([...engine.cast(x, 'f32').toArray()], [Math.fround(0.1), Math.fround(-2.7)]);
    assert.equal([...engine.cast(x, 'i32').toArray()], [0, -2]);
    const y = ops.neg(x);
    for (const dtype of ['f32', 'f64'] as const) assert.is(engine.cast(y, dtype).requiresGrad, false);
  });
});

types('tensors of two engines do not meet', async () => {
  const other = await createEngine();
  engine.run('t', () => {
    throwsError(() => ops.add(engine.scalar(1), other.scalar(1)), KeyholeError, /add: expected tensors of one engine/);
  });
});

const use = suite('reading and overwriting');

use('set overwrites in place and counts a version', () => {
  engine.run('t', () => {
    const t = engine.tensor([1, 2, 3, 4], [2, 2]);
    const view = ops.reshape(t, [4]);
    assert.is(t.storage.version, 0);
    t.set([5, 6, 7, 8]);
    assert.equal([...view.toArray()], [5, 6, 7, 8]);
    assert.is(view.storage.version, 1);
    throwsError(() => t.set([1]), ShapeError, /set: expected 4 numbers for shape \[2,2\], got 1/);
    assert.is(t.storage.version, 1);
  });
});

use('toArray is a copy, detach and withShape share', () => {
  engine.run('t', () => {
    const t = engine.tensor([1, 2]);
    const copy = t.toArray();
    t.set([3, 4]);
    assert.equal([...copy], [1, 2]);
    assert.equal([...t.detach().toArray()], [3, 4]);
    assert.equal([...t.withShape([1, 2]).shape], [1, 2]);
    throwsError(() => t.withShape([3]), ShapeError, /withShape: expected 2 elements, got \[3\]/);
  });
});

use('item wants one element', () => {
  engine.run('t', () => {
    assert.is(engine.tensor([7], [1, 1]).item(), 7);
    throwsError(() => engine.ones([2]).item(), ShapeError, /item: expected one element, got shape \[2\]\. Reduce it/);
    throwsError(() => engine.ones([0]).item(), ShapeError, /got shape \[0\]/);
  });
});

use('a tensor says what it is', () => {
  engine.run('t', () => {
    const x = engine.ones([2, 3]);
    assert.is(String(x), 'Tensor(f32 [2,3])');
    const leaf = engine.recording && ops.identity(x);
    assert.is(String(leaf), 'Tensor(f32 [2,3])');
  });
});

const shapes = suite('reshape');

shapes('one size may be worked out', () => {
  engine.run('t', () => {
    const x = engine.ones([2, 6]);
    assert.equal([...ops.reshape(x, [-1]).shape], [12]);
    assert.equal([...ops.reshape(x, [3, -1]).shape], [3, 4]);
    assert.equal([...ops.reshape(engine.ones([0, 3]), [0, -1]).shape], [0, 0]);
  });
});

shapes('sizes that do not work out are refused', () => {
  engine.run('t', () => {
    const x = engine.ones([7]);
    for (const bad of [[2, -1], [-1, -1], [-7, -1], [3.5, 2], [-1, -7], [8]])
      throwsError(() => ops.reshape(x, bad), ShapeError, /reshape: expected/);
    throwsError(() => ops.slice(x, [0.5], [2]), ShapeError, /slice: expected/);
  });
});
