/** Biases [c] of results [n, …, c]: each sample's gradient is the sum of its rows. */
import { finishGradRows, getOp } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/index.ts';
import { kept, type Part } from '../part.ts';
import { gradientsBy, type Rule, type Use } from './rule.ts';

/** dL/dz of y = f(z) from dL/dy, z = x + b, and the part of b: from the same pass where a sample has several rows. */
export function throughBias({ n, gradOut, out, attrs, shared }: Use): { dz: Tensor; parts: { b?: Part } } {
  const c = gradOut.shape.at(-1)!;
  const each = gradOut.size === 0 ? 0 : gradOut.size / (n * c); // rows of a sample
  const sumsAsked = shared.has('b') && each > 1;
  const changes = attrs.activation !== 'none' && each > 0;
  const pass = sumsAsked || changes ? finishGradRows(gradOut, c, out, attrs, sumsAsked ? each : undefined) : null;
  const dz = pass?.dz ?? gradOut;
  if (!shared.has('b')) return { dz, parts: {} };
  const rows = each === 0 ? gradOut.engine.zeros([n, c], gradOut.dtype) : each === 1 ? dz : pass!.sums;
  return { dz, parts: { b: kept(rows, n, [c]) } };
}

export const biasActivation: Rule = (use) => {
  const { dz, parts } = throughBias(use);
  return { grads: { x: dz }, parts };
};

/** The same on the maxima of windows. */
export const maxPool2dBias: Rule = (use) => {
  const { dz, parts } = throughBias(use);
  return { grads: gradientsBy(getOp('maxPool2d'), { ...use, gradOut: dz }, [...use.rows]), parts };
};
