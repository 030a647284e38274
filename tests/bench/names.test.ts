import { benchNames, parseName } from '../../bench/index.ts';
import { convName } from '../../bench/names.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench: row names');

test('every row has a name of its own, and it parses', () => {
  const names = benchNames();
  assert.is(new Set(names).size, names.length);
  for (const name of names) assert.ok(parseName(name), name);
});

test('a product says its sizes and what is stored transposed', () => {
  const sizes = { m: 64, k: 784, n: 256 };
  assert.equal(parseName('sgemm/64x784x256'), { kind: 'sgemm', ...sizes, transA: false, transB: false });
  assert.equal(parseName('matmul/64x784x256/tn'), { kind: 'matmul', ...sizes, transA: true, transB: false });
  assert.equal(parseName('sgemm/64x784x256/nt packed'), { kind: 'sgemm', ...sizes, transA: false, transB: true });
  assert.equal(parseName('sgemm/64x784x256/tn/a50%/b81%'), {
    kind: 'sgemm',
    ...sizes,
    transA: true,
    transB: false,
    zerosA: 50,
    zerosB: 81,
  });
});

test('a convolution says channels x height x width - filters; stride, padding and batch where they are not the usual', () => {
  const usual = { kind: 'conv', batch: 64, channels: 32, height: 16, width: 16, filters: 64, kernel: 3 } as const;
  assert.equal(parseName('conv/32x16x16-64k3/forward'), { ...usual, stride: 1, pad: 1, pass: 'forward' });
  assert.equal(parseName('conv/32x16x16-64k3s2p0b8/weight-grad'), {
    ...usual,
    batch: 8,
    stride: 2,
    pad: 0,
    pass: 'weight-grad',
  });
  assert.equal(parseName('conv/32x16x16-64k3/quarter/input-grad'), {
    ...usual,
    stride: 1,
    pad: 1,
    pass: 'input-grad',
    nonzero: 'quarter',
  });
});

test("a kernel's problem becomes the row's name, with the batch only where it is not 64", () => {
  assert.is(convName('64x16x16x32-64k3'), '32x16x16-64k3');
  assert.is(convName('8x28x28x1-16k8s2p3'), '1x28x28-16k8s2p3b8');
  assert.is(convName('8x28x28x1-16k8s2p3/half'), '1x28x28-16k8s2p3b8/half');
});

test('steps, start-up, peak and plain kernels', () => {
  assert.equal(parseName('step/mlp/b256'), { kind: 'step', net: 'mlp', batch: 256 });
  assert.equal(parseName('dp-step/mlp/b256'), { kind: 'dp-step', net: 'mlp', batch: 256 });
  assert.equal(parseName('score/loss/9x9v1'), { kind: 'score', problem: 'loss/9x9v1' });
  assert.equal(parseName('evasion/pgd/mnist-n9-s4'), { kind: 'evasion', problem: 'pgd/mnist-n9-s4' });
  assert.equal(parseName('forward/cifar/b256'), { kind: 'forward', net: 'cifar', batch: 256 });
  assert.equal(parseName('startup/first-product'), { kind: 'startup', until: 'first-product' });
  assert.equal(parseName('account/rdp'), { kind: 'account', accountant: 'rdp' });
  assert.equal(parseName('svm/fit-2000x10'), { kind: 'svm', problem: 'fit-2000x10' });
  assert.equal(parseName('trees/judge-2000x10'), { kind: 'trees', problem: 'judge-2000x10' });
  assert.equal(parseName('peak/fma-f32x4'), { kind: 'peak', loop: 'fma-f32x4' });
  assert.equal(parseName('softmax/256x1000'), { kind: 'kernel', family: 'softmax', problem: '256x1000' });
});

test('what is no name does not parse', () => {
  for (const name of ['', 'sgemm', 'sgemm/64x64', 'conv/16x16-64k3/forward', 'step/mlp/256', '/n4', 'relu/']) {
    assert.is(parseName(name), null, name);
  }
});

test('a filter is an unanchored regular expression over the names', () => {
  assert.equal(benchNames(/^step\/m/), ['step/mlp/b64', 'step/mlp/b256', 'step/mnist/b64', 'step/mnist/b256']);
  assert.equal(benchNames(/^sgemm\/64x/), ['sgemm/64x64x64', 'sgemm/64x784x256']);
  assert.equal(benchNames(/mm.*x512$/), ['sgemm/512x512x512', 'sgemm/256x3072x512']);
  assert.equal(benchNames(/nowhere/), []);
});
