/**
 * Convolutions: the weight gradients of single samples together cost what that of the batch costs, so they are kept, and
 * their weighted sum is taken when the factors are known. A layer whose gradients would take too much memory computes them
 * twice. Nothing of a sample's gradient depends on the rest of the batch: the kernel sees one sample at a time.
 */

import * as k from '../../kernels/families/privacy/index.ts';
import { launch } from '../../kernels/launch.ts';
import { byColumns } from '../../kernels/patch-layout.ts';
import { type ConvAttrs, convSizes } from '../../ops/conv-geometry.ts';
import { getOp, transpose } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/index.ts';
import { hasFewPixels } from '../cost.ts';
import { addRows, kept, type Part, rowsFrom, SAMPLES_AT_ONCE, streamed } from '../part.ts';
import { throughBias } from './bias.ts';
import { bytesOf, gradientsBy, type Rule, type Use } from './rule.ts';

// Gradients that are added up while they are in the second-level cache.
const CHUNK_BYTES = 2 ** 20;

function weightPart({ n, inputs, attrs, keepBytes, defer }: Use, g: Tensor): Part {
  const { x, w } = inputs as { x: Tensor; w: Tensor };
  const images = x.shape[0]! / n;
  /** those of `count` samples; for few pixels in another order, see `turned` */
  const gradients = (from: number, count: number, few: boolean) => {
    const rows = g.engine.alloc([count, ...w.shape], w.dtype, 'conv2d');
    const norms = g.engine.alloc([count], w.dtype, 'conv2d');
    const [xs, gs] = [x, g].map((t) => rowsFrom(t, from * images, count * images)) as [Tensor, Tensor];
    const [, ...sizes] = convSizes(xs.shape, w.shape, gs.shape, attrs as ConvAttrs);
    if (few) launch(k.conv2dSampleGradsT, xs, gs, rows, norms, count, ...sizes);
    else launch(k.conv2dSampleGrads, xs, gs, rows, norms, count, images, ...sizes);
    const values = new Float64Array(norms.view());
    norms.dispose();
    return { rows, norms: values };
  };
  const [kh, kw, ci, co] = w.shape as [number, number, number, number];
  const few = images === 1 && hasFewPixels(...convSizes(x.shape, w.shape, g.shape, attrs as ConvAttrs));
  const columns = byColumns(kh, kw, ci);
  const turned = (t: Tensor) =>
    transpose(t.withShape(columns ? [co, kw, ci, kh] : [co, kh, kw, ci]), columns ? [3, 1, 2, 0] : [1, 2, 3, 0]);
  /** target += what `addTo` adds to a sum, in blocks of samples: the sum is turned at the end of each */
  const inBlocks = (target: Tensor, addTo: (sum: Tensor, from: number, end: number) => void) => {
    for (let from = 0; from < n; from += SAMPLES_AT_ONCE) {
      const sum = few ? g.engine.zeros(w.shape, w.dtype) : target;
      addTo(sum, from, Math.min(n, from + SAMPLES_AT_ONCE));
      if (!few) continue;
      const block = turned(sum);
      addRows(block, g.engine.ones([1], w.dtype), target);
      for (const t of [sum, block]) t.dispose();
    }
  };
  if (!defer && bytesOf(n, w.shape, w) <= keepBytes) {
    const { rows, norms } = gradients(0, n, few);
    const part = kept(rows, n, w.shape, norms);
    if (!few) return part;
    return {
      ...part,
      row: (i) => turned(part.row(i)),
      addWeighted: ({ tensor }, target) =>
        inBlocks(target, (sum, from, end) =>
          addRows(rowsFrom(rows, from, end - from), rowsFrom(tensor, from, end - from), sum),
        ),
    };
  }
  const part = streamed((i) => gradients(i, 1, false).rows.withShape(w.shape), n, [x, g]);
  if (!defer) return part;
  const some = Math.max(1, Math.floor(CHUNK_BYTES / bytesOf(1, w.shape, w)));
  return {
    ...part,
    way: 'a few samples at a time, when the other norms are known',
    inChunks: (target, factorsOf) =>
      inBlocks(target, (sum, block, end) => {
        for (let from = block; from < end; from += some) {
          const { rows, norms } = gradients(from, Math.min(some, end - from), few);
          const factors = g.engine.tensor(factorsOf(norms, from), [norms.length], { dtype: w.dtype });
          addRows(rows, factors, sum);
          for (const t of [rows, factors]) t.dispose();
        }
      }),
  };
}

const rule =
  (withBias: boolean): Rule =>
  (use) => {
    const { dz, parts } = withBias ? throughBias(use) : { dz: use.gradOut, parts: {} };
    return {
      grads: gradientsBy(getOp('conv2d'), { ...use, gradOut: dz }, [...use.rows]),
      parts: {
        ...(use.shared.has('w') && { w: weightPart(use, dz) }),
        ...parts,
      },
    };
  };

export const conv2d = rule(false);
export const conv2dBias = rule(true);
