/**
 * Products with shared weights. A sample of one row has the gradient g_i x_i^T, an outer product of the norm |g_i| |x_i|:
 * nothing per sample is stored, and the clipped sum is the usual product with scaled rows of g (ghost norms, Goodfellow
 * 2015; Li et al. 2022). A sample of several rows has a sum of outer products: its norm comes from the products of its rows with each other, or the sum is
 * formed; cost.ts knows what is cheaper.
 *
 *   x [n*k, i] . w^T [i, o] -> [n*k, o];  dw_i = sum of the k rows g^T x [o, i], or its transpose for w [i, o]
 */
import * as k from '../../kernels/families/index.ts';
import * as privacy from '../../kernels/families/privacy/index.ts';
import { launch } from '../../kernels/launch.ts';
import { matmul } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/index.ts';
import { productWay } from '../cost.ts';
import {
  addSquaresOf,
  kept,
  type Part,
  rowNorms,
  rowsFrom,
  SAMPLES_AT_ONCE,
  sampleOf,
  scaled,
  streamed,
  withoutDropped,
} from '../part.ts';
import { throughBias } from './bias.ts';
import { gradientsBy, type Rule } from './rule.ts';

// From here on products of two such vectors, scaled by a factor, come near the ends of f32, where rounding is coarse.
const LARGE = 2 ** 90;

/** target = left^T right over these rows, or is added to */
function addProduct(left: Tensor, right: Tensor, target: Tensor, adds: boolean): void {
  const [rows, m] = left.shape as [number, number];
  const n = right.shape[1]!;
  launch(k.gemm, left, right, target, m, n, rows, 1, 0, m, n, n, +adds);
}

/** The gradients of w [m, c] = sum over a sample's rows of left^T right, the way that costs least. */
function productPart(left: Tensor, right: Tensor, n: number, keepBytes: number): Part {
  const { engine, dtype } = left;
  const each = left.shape[0]! / n;
  const [m, c] = [left.shape[1]!, right.shape[1]!];
  const shape = { samples: n, rows: each, inputs: m, outputs: c, bytesPerElement: dtype === 'f64' ? 8 : 4 };
  const way = productWay(shape, keepBytes);
  const write = (i: number, to: Tensor) =>
    addProduct(rowsFrom(left, i * each, each), rowsFrom(right, i * each, each), to, false);
  const row = (i: number) => {
    const g = engine.alloc([m, c], dtype, 'product');
    write(i, g);
    return g;
  };
  if (way === 'streamed') return streamed(row, n, [left, right]);
  if (way === 'kept') {
    const rows = engine.alloc([n, m, c], dtype, 'product');
    for (let i = 0; i < n; i++) write(i, sampleOf(rows, i, n).withShape([m, c]));
    return kept(rows, n, [m, c]);
  }
  return {
    way: way === 'ghost' ? 'ghost norms' : 'ghost norms by products of rows',
    keeps: [left, right],
    writes: true,
    addSquares(squares) {
      const norms = way === 'ghost' ? ghostNorms(left, right, n) : gramNorms(left, right, n);
      addSquaresOf(norms, squares);
    },
    row,
    addWeighted: (weights, target, fresh) =>
      engine.run('clipped product', () => {
        const [scaledLeft, cleanRight] = [scaled(left, weights), withoutDropped(right, weights)];
        for (let i = 0; i < n; i += SAMPLES_AT_ONCE) {
          const rows = each * Math.min(SAMPLES_AT_ONCE, n - i);
          const [a, b] = [rowsFrom(scaledLeft, i * each, rows), rowsFrom(cleanRight, i * each, rows)];
          addProduct(a, b, target, !fresh || i > 0);
        }
      }),
  };
}

function ghostNorms(left: Tensor, right: Tensor, n: number): Float64Array {
  const [a, b] = [rowNorms(left, n), rowNorms(right, n)];
  return a.map((norm, i) => (norm > LARGE || b[i]! > LARGE ? Infinity : norm * b[i]!));
}

function gramNorms(left: Tensor, right: Tensor, n: number): Float64Array {
  const norms = left.engine.alloc([n], left.dtype, 'gramNorms');
  launch(privacy.gramNorms, left, right, norms, n, left.shape[0]! / n, left.shape[1]!, right.shape[1]!);
  const [a, b] = [rowNorms(left, n), rowNorms(right, n)];
  const values = Float64Array.from(norms.view(), (norm, i) => (a[i]! > LARGE || b[i]! > LARGE ? Infinity : norm));
  norms.dispose();
  return values;
}

export const linear: Rule = (use) => {
  const { n, inputs, rows, shared, keepBytes } = use;
  const { x, w } = inputs as { x: Tensor; w: Tensor };
  const { dz, parts } = throughBias(use);
  return {
    grads: { x: rows.has('x') ? matmul(dz, w.detach()) : null },
    parts: {
      ...(shared.has('w') && { w: productPart(dz, x.detach(), n, keepBytes) }),
      ...parts,
    },
  };
};

export const matmulRule: Rule = (use) => {
  const { op, n, gradOut, inputs, attrs, rows, shared, keepBytes } = use;
  const a = inputs['a']!.detach();
  const part = () => (attrs.transposeB ? productPart(gradOut, a, n, keepBytes) : productPart(a, gradOut, n, keepBytes));
  return { grads: gradientsBy(op, use, [...rows]), parts: shared.has('b') ? { b: part() } : {} };
};
