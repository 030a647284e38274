/** Scopes: what is made in one is freed with it, what it returns moves out, and no error leaves one open. */
import { type Engine, KeyholeError, ops, type Tensor, UseAfterFreeError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { throwsError } from '../support/throws.ts';

const engine = await testEngine();
const three = (e: Engine) => e.tensor([1, 2, 3]);

const frees = suite('scopes free what they hold');

frees('what run does not return is freed, what it returns stays', () => {
  const before = engine.stats();
  let lost: Tensor | undefined;
  const kept = engine.run('step', () => {
    lost = three(engine);
    return ops.add(lost, lost);
  });
  assert.ok(lost!.storage.freed);
  assert.equal([...kept.toArray()], [2, 4, 6]);
  assert.is(engine.stats().tensors, before.tensors + 1);
  kept.dispose();
  assert.is(engine.stats().liveBytes, before.liveBytes);
});

frees('a returned tree moves out with every tensor in it', () => {
  const out = engine.run('step', () => {
    const w = three(engine);
    const f64 = engine.tensor(new Float64Array([4, 5]));
    const bare: { inner: Tensor[] } = Object.assign(Object.create(null), { inner: [engine.scalar(6)] });
    return { w, twice: [w, w], view: ops.reshape(w, [3, 1]), deep: { f64, bare }, text: 'x', nothing: null, n: 1 };
  });
  assert.equal([...out.view.toArray()], [1, 2, 3]);
  assert.equal([...out.deep.f64.toArray()], [4, 5]);
  assert.is(out.deep.bare.inner[0]!.item(), 6);
  assert.equal([out.text, out.nothing, out.n], ['x', null, 1]);
  engine.free(out);
  assert.ok(out.view.storage.freed && out.deep.f64.storage.freed);
});

frees('a view keeps its whole storage alive', () => {
  const view = engine.run('step', () => ops.reshape(three(engine), [1, 3]));
  assert.equal([...view.toArray()], [1, 2, 3]);
  view.dispose();
});

frees('a result moves outward one scope at a time', () => {
  let inner: Tensor | undefined;
  engine.run('outer', () => {
    inner = engine.run('inner', () => three(engine));
    assert.equal(engine.stats().byScope, { ...engine.stats().byScope, outer: 12 });
    assert.equal([...inner.toArray()], [1, 2, 3]);
  });
  assert.ok(inner!.storage.freed);
});

frees('keep moves to the root, from any depth', () => {
  const kept = engine.run('outer', () => ({ ...engine.run('inner', () => engine.keep({ w: three(engine) })) }));
  assert.is(kept.w.storage.scope, engine.memory.root);
  engine.run('other', () => void engine.keep(kept));
  assert.equal([...kept.w.toArray()], [1, 2, 3]);
  engine.free(kept);
});

frees('`using` closes a scope at the end of its block', () => {
  let t: Tensor;
  {
    using step = engine.scope('step');
    t = three(engine);
    assert.is(t.storage.scope, step);
  }
  assert.ok(t.storage.freed);
});

frees('the engine disposes of every open scope', () => {
  engine.scope('left open');
  engine.scope('and another');
  const t = three(engine);
  engine.dispose();
  assert.ok(t.storage.freed);
  assert.is(engine.memory.current, engine.memory.root);
});

const order = suite('scopes end innermost first');

order('closing an outer scope before an inner one throws and closes neither', () => {
  const outer = engine.scope('outer');
  const inner = engine.scope('inner');
  throwsError(() => outer.close(), KeyholeError, /expected scope 'inner' to end first, got 'outer'/);
  assert.is(engine.memory.current, inner);
  inner.close();
  outer.close();
});

order('closing a scope twice does nothing the second time', () => {
  const scope = engine.scope('once');
  scope.close();
  const outer = engine.scope('outer');
  scope.close();
  assert.is(engine.memory.current, outer);
  outer.close();
});

order('the root cannot be closed', () => {
  throwsError(() => engine.memory.root.close(), KeyholeError, /root scope cannot be closed/);
});

const errors = suite('no error leaves a scope open');
const atRoot = () => assert.is(engine.memory.current, engine.memory.root);

errors('an exception inside run closes the scope and passes through', () => {
  let t: Tensor | undefined;
  const fail = () =>
    engine.run('outer', () =>
      engine.run('step', () => {
        t = three(engine);
        throw new RangeError('mine');
      }),
    );
  throwsError(fail, RangeError, /^mine$/);
  assert.ok(t!.storage.freed);
  atRoot();
});

errors('an exception passes through a run that left an inner scope open', () => {
  const fail = () =>
    engine.run('outer', () => {
      engine.scope('forgotten');
      three(engine);
      throw new RangeError('mine');
    });
  throwsError(fail, RangeError, /^mine$/);
  atRoot();
});

errors('a run that returns with an inner scope open is told so, and closed', () => {
  const fail = () => engine.run('outer', () => engine.scope('forgotten').name);
  throwsError(fail, KeyholeError, /expected scope 'forgotten' to end first, got 'outer'/);
  atRoot();
});

errors('a promise is refused, and the scope closes', async () => {
  let t: Tensor | undefined;
  const later = async () => {
    t = three(engine);
    await null;
    return ops.add(t, t); // fails after the scope has closed: must not surface as an unhandled rejection
  };
  // the type refuses promises as well
  throwsError(
    () => engine.run('step', later as never),
    KeyholeError,
    /run 'step': expected a plain value, got a promise/,
  );
  assert.ok(t!.storage.freed);
  atRoot();
  await new Promise((resolve) => setTimeout(resolve, 1));
});

errors('a thenable that is no Promise is refused too', () => {
  // biome-ignore lint/suspicious/noThenProperty: the thing under test
  const thenable = { then: (done: (x: number) => void) => done(1) };
  throwsError(() => engine.run('step', (() => thenable) as never), KeyholeError, /got a promise/);
  atRoot();
});

const freed = suite('freed tensors');

freed('every use names op, shape and scope', () => {
  const x = engine.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  engine.run('later', () => {
    let gone: Tensor | undefined;
    engine.run('inner step', () => {
      gone = ops.add(x, x);
    });
    for (const use of [
      () => gone!.view(),
      () => gone!.toArray(),
      () => gone!.set([1, 2, 3, 4, 5, 6]),
      () => gone!.ptr,
      () => ops.add(gone!, gone!),
      () => ops.reshape(gone!, [6]),
      () => engine.keep(gone!),
    ]) {
      throwsError(use, UseAfterFreeError, /^tensor \[2,3\] made by add was freed with scope 'inner step'/);
    }
  });
  x.dispose();
});

freed('an f64 tensor is held to the same rule', () => {
  let gone: Tensor | undefined;
  engine.run('step', () => {
    gone = engine.tensor(new Float64Array(2));
  });
  throwsError(() => gone!.view(), UseAfterFreeError, /^tensor \[2\] made by tensor was freed with scope 'step'/);
});

freed('disposing twice is fine', () => {
  const t = three(engine);
  const view = ops.reshape(t, [3, 1]);
  t.dispose();
  t.dispose();
  view.dispose();
  engine.free([t, view]);
  throwsError(() => view.toArray(), UseAfterFreeError, /\[3,1\] made by tensor was freed with scope 'root'/);
});
