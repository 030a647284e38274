/** Differentiation of whole computations: accumulation, graphs of any depth, gradients of gradients, and every refusal. */
import {
  DTypeError,
  grad,
  KeyholeError,
  leaf,
  ops,
  optim,
  ShapeError,
  type Tensor,
  UseAfterFreeError,
  valueAndGrad,
} from '../../engine/index.ts';
import { getOp, opNames } from '../../engine/ops/index.ts';
import { assert, suite } from '../harness.ts';
import { checkGradient } from '../support/differences.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();
const f64 = (...values: number[]) => engine.tensor(new Float64Array(values));
const numbers = (t: Tensor | null) => t && [...t.toArray()];

const sums = suite('gradients add up');

sums('over every use of a tensor', () => {
  engine.run('t', () => {
    const x = leaf(f64(3, -2));
    // x^2 + 5x through three uses
    const y = ops.sum(ops.add(ops.mul(x, x), ops.scale(x, 5)));
    assert.equal(numbers(grad(y, [x])[0]!), [11, 1]);
  });
});

sums('over a tensor that is the output itself, and one in the middle', () => {
  engine.run('t', () => {
    const x = leaf(f64(3));
    const middle = ops.mul(x, x);
    const y = ops.mul(middle, middle);
    const [dy, dMiddle, dx] = grad(y, [y, middle, x]);
    assert.equal([numbers(dy!), numbers(dMiddle!), numbers(dx!)], [[1], [18], [108]]);
  });
});

sums('through views of one storage', () => {
  engine.run('t', () => {
    const { grads } = valueAndGrad(
      (x) => ops.sum(ops.matmul(ops.reshape(x, [1, 2]), ops.reshape(x, [2, 1]))),
      f64(3, 4),
    );
    assert.equal(numbers(grads), [6, 8]);
  });
});

sums('with a cotangent, which weighs the outputs', () => {
  engine.run('t', () => {
    const x = leaf(f64(1, 2, 3));
    assert.equal(numbers(grad(ops.mul(x, x), [x], { cotangent: f64(1, 0, -1) })[0]!), [2, 0, -6]);
  });
});

const nothing = suite('where no gradient flows');

nothing('valueAndGrad gives zeros, grad gives null', () => {
  engine.run('t', () => {
    const params = { used: f64(2), unused: engine.ones([2, 2], 'f64') };
    const { grads } = valueAndGrad((p) => ops.sum(ops.mul(p.used, p.used)), params);
    assert.equal(numbers(grads.unused), [0, 0, 0, 0]);
    assert.equal(numbers(grads.used), [4]);
    const [a, b] = [leaf(f64(1)), leaf(f64(1))];
    assert.equal(grad(ops.sum(a), [b]), [null]);
  });
});

nothing('a function of constants has zero gradients', () => {
  engine.run('t', () => {
    const { value, grads } = valueAndGrad(() => engine.scalar(5, 'f64'), f64(1, 2));
    assert.equal([value.item(), numbers(grads)], [5, [0, 0]]);
  });
});

nothing('noGrad and detach cut the tape', () => {
  engine.run('t', () => {
    const x = leaf(f64(3));
    const cut = engine.noGrad(() => ops.mul(x, x));
    assert.is(cut.requiresGrad, false);
    assert.is(cut.node, null);
    const y = ops.mul(x, ops.mul(x, x).detach());
    assert.equal(numbers(grad(ops.sum(y), [x])[0]!), [9]);
  });
});

nothing('noGrad is over when its function throws', () => {
  throwsError(
    () =>
      engine.noGrad(() => {
        throw new RangeError('mine');
      }),
    RangeError,
    /mine/,
  );
  assert.is(engine.recording, true);
});

nothing('valueAndGrad takes gradients even where recording is off, and puts things back', () => {
  engine.run('t', () => {
    const { grads } = engine.noGrad(() => valueAndGrad((x) => ops.sum(ops.mul(x, x)), f64(3)));
    assert.equal(numbers(grads), [6]);
    throwsError(
      () =>
        valueAndGrad(() => {
          throw new RangeError('mine');
        }, f64(1)),
      RangeError,
      /mine/,
    );
    assert.equal([engine.recording, engine.gradDepth], [true, 0]);
  });
});

const again = suite('gradients of gradients');

again('nested valueAndGrad: the gradient of a squared gradient norm', () => {
  engine.run('t', () => {
    // f = sum x^3, |f'|^2 = 9 sum x^4, its gradient 36 x^3
    const norm = (x: Tensor) => {
      const { grads } = valueAndGrad((p) => ops.sum(ops.mul(p, ops.mul(p, p))), x);
      return ops.sum(ops.mul(grads, grads));
    };
    const x = f64(2, -1, 0.5);
    const { value, grads } = valueAndGrad(norm, x);
    assert.is(value.item(), 9 * (16 + 1 + 0.0625));
    assert.equal(numbers(grads), [288, -36, 4.5]);
    checkGradient(engine, 'norm', norm, x, { tolerance: 1e-6 });
  });
});

again('three deep', () => {
  engine.run('t', () => {
    const d = (f: (x: Tensor) => Tensor) => (x: Tensor) => valueAndGrad(f, x).grads;
    const fourth = (x: Tensor) => ops.mul(ops.mul(x, x), ops.mul(x, x));
    const third = d(d(d(fourth)));
    assert.equal(numbers(third(f64(2))), [48]);
  });
});

again('createGraph records a backward pass by hand', () => {
  engine.run('t', () => {
    const x = leaf(f64(2));
    const [first] = grad(ops.exp(ops.mul(x, x)), [x], { createGraph: true });
    const [second] = grad(first!, [x]);
    // (e^(x^2))'' = (2 + 4x^2) e^(x^2)
    assert.ok(Math.abs(second!.item() - 18 * Math.exp(4)) < 1e-10);
    assert.is(grad(ops.mul(x, x), [x])[0]!.requiresGrad, false);
  });
});

again('a Hessian-vector product of a product of exponentials', () => {
  engine.run('t', () => {
    const v = f64(1, -2, 0.5);
    const f = (x: Tensor) => ops.mul(ops.exp(ops.sum(x)), ops.sum(ops.mul(x, x)));
    const directional = (x: Tensor) => ops.sum(ops.mul(valueAndGrad(f, x).grads, v));
    const x = f64(0.1, 0.2, -0.3);
    const hv = valueAndGrad(directional, x).grads.toArray();
    // H = e^s (q 11^T + 2x 1^T + 1 2x^T + 2 I), s = sum x, q = |x|^2
    const [s, q] = [0, 0.14];
    const sumV = -0.5;
    const xv = 0.1 - 0.4 - 0.15;
    for (const [i, xi] of [0.1, 0.2, -0.3].entries()) {
      const want = Math.exp(s) * (q * sumV + 2 * xi * sumV + 2 * xv + 2 * [1, -2, 0.5][i]!);
      assert.ok(Math.abs(hv[i]! - want) < 1e-12, `${i}: ${hv[i]} != ${want}`);
    }
  });
});

const deep = suite('deep graphs');

deep('20,000 nodes in a row need no stack', () => {
  engine.run('t', () => {
    const { value, grads } = valueAndGrad((x) => {
      let y = x;
      for (let i = 0; i < 20_000; i++) y = ops.affine(y, 1, 1e-4);
      return y;
    }, f64(1));
    assert.ok(Math.abs(value.item() - 3) < 1e-9);
    assert.is(grads.item(), 1);
  });
});

deep('twice differentiated as well', () => {
  engine.run('t', () => {
    const chain = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 2_000; i++) y = ops.mul(y, engine.scalar(1, 'f64'));
      return ops.mul(y, y);
    };
    const slope = (x: Tensor) => valueAndGrad(chain, x).grads;
    assert.is(valueAndGrad(slope, engine.scalar(3, 'f64')).grads.item(), 2);
  });
});

deep('a diamond of shared nodes is walked once per node', () => {
  engine.run('t', () => {
    // doubling 40 times: 2^40 paths, 40 nodes
    const { grads } = valueAndGrad(
      (x) => {
        let y = x;
        for (let i = 0; i < 40; i++) y = ops.add(y, y);
        return y;
      },
      engine.scalar(1, 'f64'),
    );
    assert.is(grads.item(), 2 ** 40);
  });
});

const refusals = suite('what differentiation refuses');

refusals('an output of several numbers without a cotangent, or with one that does not fit', () => {
  engine.run('t', () => {
    const x = leaf(f64(1, 2));
    const y = ops.mul(x, x);
    throwsError(() => grad(y, [x]), ShapeError, /expected an output of one element, got shape \[2\]\. Reduce it/);
    throwsError(
      () => grad(y, [x], { cotangent: f64(1) }),
      ShapeError,
      /expected a cotangent of shape \[2\], got \[1\]/,
    );
    throwsError(
      () => grad(y, [x], { cotangent: engine.ones([2]) }),
      DTypeError,
      /expected a cotangent of type f64, got f32/,
    );
    throwsError(() => valueAndGrad((p) => ops.mul(p, p), f64(1, 2)), ShapeError, /Reduce it/);
  });
});

refusals('a tree without tensors', () => {
  throwsError(() => valueAndGrad(() => engine.scalar(1), { n: 1 }), KeyholeError, /at least one tensor, got none/);
});

refusals('inputs that were overwritten in place after the forward pass', () => {
  engine.run('t', () => {
    const w = f64(1, 2);
    const x = leaf(w);
    const y = ops.sum(ops.mul(x, x));
    w.set([5, 6]);
    throwsError(
      () => grad(y, [x]),
      KeyholeError,
      /^mul: its input 'a' \[2\] was overwritten in place.*before the optimiser step/,
    );
  });
});

refusals('outputs that were overwritten, where the gradient is computed from them', () => {
  engine.run('t', () => {
    const x = leaf(f64(1));
    const y = ops.exp(x);
    y.set([7]);
    throwsError(() => grad(y, [x]), KeyholeError, /^exp: its result \[1\] was overwritten in place/);
  });
});

refusals('a tape whose weights an optimiser has stepped over', () => {
  engine.run('t', () => {
    const w = f64(1, 2);
    const rule = optim.sgd({ learningRate: 0.1 });
    const leaves = leaf(w);
    const loss = ops.sum(ops.mul(leaves, leaves));
    const [g] = grad(loss, [leaves]);
    rule.step(w, g!, rule.init(w));
    throwsError(() => grad(loss, [leaves]), KeyholeError, /overwritten in place/);
  });
});

refusals('a tape whose tensors have been freed', () => {
  engine.run('t', () => {
    const x = leaf(f64(1, 2));
    const y = engine.run('inner', () => ops.sum(ops.mul(ops.exp(x), x)));
    throwsError(() => grad(y, [x]), UseAfterFreeError, /made by \w+ was freed with scope 'inner'/);
  });
});

const cost = suite('backward does no more than it must');

/** Names of the ops whose rule of one kind ran during `f`. */
function spied(kind: 'backward' | 'fusedBackward', f: () => void): Map<string, Record<string, boolean>> {
  const ran = new Map<string, Record<string, boolean>>();
  const restore: (() => void)[] = [];
  for (const name of opNames()) {
    const op = getOp(name) as { -readonly [K in keyof ReturnType<typeof getOp>]: ReturnType<typeof getOp>[K] };
    const rule = op[kind];
    if (!rule) continue;
    op[kind] = (context: { needs: Record<string, boolean> }) => {
      ran.set(name, context.needs);
      return rule(context as never);
    };
    restore.push(() => {
      op[kind] = rule;
    });
  }
  try {
    f();
  } finally {
    for (const undo of restore) undo();
  }
  return ran;
}

const net = (p: { w: Tensor }, x: Tensor) => ops.sum(ops.relu(ops.matmul(x, p.w)));

cost('the fused kernels run without createGraph, the differentiable rules with it', () => {
  engine.run('t', () => {
    const params = { w: engine.ones([3, 2], 'f64') };
    const x = engine.ones([4, 3], 'f64');
    const once = () => void valueAndGrad((p) => net(p, x), params);
    assert.ok(spied('fusedBackward', once).has('relu'));
    assert.not(spied('backward', once).has('relu'));
    const twice = () => void valueAndGrad((p) => ops.sum(valueAndGrad((q) => net(q, x), p).grads.w), params);
    assert.ok(spied('backward', twice).has('relu'));
    // and nothing is recorded by the last backward pass
    assert.is(valueAndGrad((p) => net(p, x), params).grads.w.requiresGrad, false);
  });
});

cost('the gradient of the data is not computed unless it is asked for', () => {
  engine.run('t', () => {
    const params = { w: engine.ones([3, 2], 'f64') };
    const x = engine.ones([4, 3], 'f64');
    const weights = spied('backward', () => void valueAndGrad((p) => net(p, x), params));
    assert.equal(weights.get('matmul'), { a: false, b: true });
    const data = spied('backward', () => void valueAndGrad((input) => net(params, input), x));
    assert.equal(data.get('matmul'), { a: true, b: false });
  });
});

cost('branches that lead to no wanted tensor are not walked', () => {
  engine.run('t', () => {
    const [a, b] = [leaf(f64(2)), leaf(f64(3))];
    const y = ops.add(ops.exp(a), ops.tanh(b));
    assert.equal([...spied('backward', () => void grad(y, [a])).keys()].sort(), ['add', 'exp']);
  });
});
