/**
 * From the places where samples meet shared tensors to the parameters behind them. A parameter that samples meet at one
 * place keeps that place's part. Otherwise the gradients of a sample at all its places are added, those at tensors that are
 * made from it (transposed, scaled, standardised) after their way back to it: exactly, one sample at a time.
 */
import { grad } from '../grad/index.ts';
import { add } from '../ops/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { type Part, streamed } from './part.ts';

export interface SharedUse {
  /** a parameter, or made from some */
  readonly tensor: Tensor;
  readonly part: Part;
}

export interface ParamPart {
  /** which, in the order of the tree */
  readonly param: number;
  readonly part: Part;
}

export function partsOfParams(uses: readonly SharedUse[], leaves: readonly Tensor[], n: number): ParamPart[] {
  const usesOf = new Map<Tensor, SharedUse[]>(leaves.map((leaf) => [leaf, []]));
  for (const use of uses) {
    if (!use.tensor.node) usesOf.get(use.tensor)?.push(use);
    else for (const t of tensorsBehind(use.tensor)) usesOf.get(t)?.push(use);
  }
  const parts: ParamPart[] = [];
  leaves.forEach((leaf, param) => {
    const own = usesOf.get(leaf)!;
    const [only] = own;
    if (!only) return;
    parts.push({ param, part: own.length === 1 && only.tensor === leaf ? only.part : combined(own, leaf, n) });
  });
  return parts;
}

/** The tensor and all that it is made from. */
function tensorsBehind(tensor: Tensor): Set<Tensor> {
  const seen = new Set<Tensor>();
  const open = [tensor];
  for (let t = open.pop(); t; t = open.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    if (t.node) for (const name of t.node.op.inputs) open.push(t.node.inputs[name]!);
  }
  return seen;
}

function combined(uses: readonly SharedUse[], leaf: Tensor, n: number): Part {
  const { engine, shape, dtype } = leaf;
  const row = (i: number) =>
    engine.run('sample', () => {
      let total = engine.zeros(shape, dtype);
      for (const { tensor, part } of uses) {
        const [g] = tensor === leaf ? [part.row(i)] : grad(tensor, [leaf], { cotangent: part.row(i) });
        if (g) total = add(total, g);
      }
      return total;
    });
  const keeps = uses.flatMap(({ part }) => part.keeps);
  return { ...streamed(row, n, keeps), way: 'several places, one sample at a time, twice' };
}
