/** Trees: nested arrays and plain objects with tensors (or anything else) as leaves. Parameters, gradients and optimiser states are trees. */
import { Tensor } from './tensor.ts';

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };
/** A tree of the same form with `B` in place of each tensor. */
export type TreeMap<P, B> = P extends Tensor ? B : P extends object ? { readonly [K in keyof P]: TreeMap<P[K], B> } : P;

function isBranch(x: unknown): x is Record<string, unknown> | unknown[] {
  if (Array.isArray(x)) return true;
  if (typeof x !== 'object' || x === null) return false;
  const proto = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
}

/** The tensors of any value, in order of keys as written; whatever is neither a tensor nor a branch is passed over. */
export function tensorsOf(tree: unknown): Tensor[] {
  const found: Tensor[] = [];
  const visit = (x: unknown) => {
    if (x instanceof Tensor) found.push(x);
    else if (isBranch(x)) for (const child of Object.values(x)) visit(child);
  };
  visit(tree);
  return found;
}

/** Maps each tensor of the tree, with its path ("0.weight") and, if given, the matching leaves of trees of the same form. */
export function mapTree<P, B>(tree: P, f: (tensor: Tensor, path: string) => B, path = ''): TreeMap<P, B> {
  if (tree instanceof Tensor) return f(tree, path) as TreeMap<P, B>;
  if (!isBranch(tree)) return tree as TreeMap<P, B>;
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => mapTree(child, f, at(String(i)))) as TreeMap<P, B>;
  const entries = Object.entries(tree).map(([key, child]) => [key, mapTree(child, f, at(key))]);
  return Object.fromEntries(entries) as TreeMap<P, B>;
}

/** Path and tensor of each leaf, in order. */
export function namedTensors(tree: unknown): [path: string, tensor: Tensor][] {
  const named: [string, Tensor][] = [];
  const visit = (x: unknown, path: string) => {
    if (x instanceof Tensor) named.push([path, x]);
    else if (isBranch(x))
      for (const [key, child] of Object.entries(x)) visit(child, path === '' ? key : `${path}.${key}`);
  };
  visit(tree, '');
  return named;
}

/** Rebuilds a tree of the same form from leaves in the order of `tensorsOf`. */
export function rebuildTree<P, B>(tree: P, leaves: readonly B[]): TreeMap<P, B> {
  let i = 0;
  const visit = (x: unknown): unknown => {
    if (x instanceof Tensor) return leaves[i++]!;
    if (!isBranch(x)) return x;
    if (Array.isArray(x)) return x.map(visit);
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(x)) copy[key] = visit(x[key]);
    return copy;
  };
  return visit(tree) as TreeMap<P, B>;
}

/** How many numbers a tree of parameters holds. */
export function countParameters(tree: unknown): number {
  return tensorsOf(tree).reduce((n, t) => n + t.size, 0);
}
