/**
 * Reverse-mode differentiation over the recorded nodes: a loop in falling order of creation, never recursion.
 *
 * Backward rules are written in ops, so with `createGraph` they are recorded like any other computation and can be
 * differentiated again. Without it nothing is recorded and fused kernels run where an op has them.
 */
import { DTypeError, KeyholeError, ShapeError } from '../errors.ts';
import type { Node } from '../ops/define-op.ts';
import { add, identity } from '../ops/index.ts';
import { rebuildTree, sameShape, Tensor, type TreeMap, tensorsOf } from '../tensor/index.ts';
import { Release } from './release.ts';

export interface GradOptions {
  /** dL/d(output), of the output's shape; default ones for an output of size 1 */
  readonly cotangent?: Tensor;
  /** record the backward pass, so that the gradients can be differentiated */
  readonly createGraph?: boolean;
  /**
   * free each tensor of the tape as soon as no rule needs it: for training loops. Afterwards only the output and the
   * gradients are left of what was made in the current scope and lies on the tape. Not together with createGraph
   */
  readonly release?: boolean;
}

/**
 * Gradients of `output` with respect to each of `inputs` (tensors on its tape); null where none flows.
 * @throws ShapeError when the output is not a single number and no cotangent is given, KeyholeError when a tensor of the
 * tape has been overwritten since
 */
export function grad(output: Tensor, inputs: readonly Tensor[], options: GradOptions = {}): (Tensor | null)[] {
  const { engine } = output;
  const cotangent = options.cotangent ?? onesFor(output);
  if (!sameShape(cotangent.shape, output.shape)) {
    throw new ShapeError(`grad: expected a cotangent of shape [${output.shape}], got [${cotangent.shape}].`);
  }
  if (cotangent.dtype !== output.dtype) {
    throw new DTypeError(`grad: expected a cotangent of type ${output.dtype}, got ${cotangent.dtype}.`);
  }
  const backward = () => {
    const cotangents = new Map<Tensor, Tensor>([[output, cotangent]]);
    const wanted = new Set(inputs);
    const { nodes, flows } = tapeBetween(output, wanted);
    const kept = [output, ...inputs, ...(options.cotangent ? [options.cotangent] : [])];
    const release = options.release && !options.createGraph ? new Release(engine, nodes, kept) : null;
    release?.hold(cotangent);
    for (const node of nodes) {
      const gradOut = cotangents.get(node.out);
      if (!gradOut) continue;
      const isWanted = wanted.has(node.out);
      if (!isWanted) cotangents.delete(node.out);
      const rule = () => gradientsOf(node, gradOut, options.createGraph ?? false, flows);
      const grads = release ? engine.run(node.op.name, rule) : rule();
      for (const [input, g] of grads) {
        const before = cotangents.get(input);
        const sum = before ? add(before, g) : g;
        cotangents.set(input, sum);
        if (!release) continue;
        release.hold(sum);
        if (!before) continue;
        release.drop(before);
        release.hold(g); // it was never in the table; added, it has done its work
        release.drop(g);
      }
      if (!isWanted) release?.drop(gradOut);
      release?.done(node);
    }
    return inputs.map((input) => cotangents.get(input) ?? null);
  };
  return options.createGraph ? backward() : engine.noGrad(backward);
}

function onesFor(output: Tensor): Tensor {
  if (output.size !== 1) {
    throw new ShapeError(
      `grad: expected an output of one element, got shape [${output.shape}]. Reduce it (sum, mean) or give a cotangent.`,
    );
  }
  return output.engine.ones(output.shape, output.dtype);
}

/** The nodes on a path from the wanted tensors to `output`, newest first, and whether a tensor lies on such a path. */
function tapeBetween(output: Tensor, wanted: ReadonlySet<Tensor>): { nodes: Node[]; flows: (t: Tensor) => boolean } {
  const seen = new Set<Node>();
  const open: Tensor[] = [output];
  for (let tensor = open.pop(); tensor; tensor = open.pop()) {
    const { node } = tensor;
    if (!node || seen.has(node)) continue;
    seen.add(node);
    for (const name of node.op.inputs) open.push(node.inputs[name]!);
  }
  const useful = new Set<Node>();
  const flows = (t: Tensor) => wanted.has(t) || (t.node !== null && useful.has(t.node));
  const oldestFirst = [...seen].sort((a, b) => a.seq - b.seq);
  for (const node of oldestFirst) if (node.op.inputs.some((name) => flows(node.inputs[name]!))) useful.add(node);
  return { nodes: [...useful].reverse(), flows };
}

function checkVersion({ op, versions }: Node, i: number, t: Tensor, what: string): void {
  if (t.storage.version === versions[i]) return;
  throw new KeyholeError(
    `${op.name}: its ${what} [${t.shape}] was overwritten in place after the forward pass. ` +
      'Take the gradient before the optimiser step.',
  );
}

/** What the node's rule gives each input on a path to the wanted tensors. */
function gradientsOf(
  node: Node,
  gradOut: Tensor,
  createGraph: boolean,
  flows: (t: Tensor) => boolean,
): [input: Tensor, gradient: Tensor][] {
  const { op, inputs, attrs, saved, out } = node;
  const needs: Record<string, boolean> = {};
  for (const [i, name] of op.inputs.entries()) {
    needs[name] = flows(inputs[name]!);
    checkVersion(node, i, inputs[name]!, `input '${name}'`);
  }
  checkVersion(node, op.inputs.length, out, 'result');
  const rule = createGraph ? op.backward! : (op.fusedBackward ?? op.backward!);
  const grads = rule({ gradOut, inputs, out, attrs, saved, needs });
  const found: [Tensor, Tensor][] = [];
  for (const name of op.inputs) {
    const g = grads[name];
    if (!g || !needs[name]) continue;
    const input = inputs[name]!;
    if (!sameShape(g.shape, input.shape)) {
      throw new ShapeError(
        `internal: gradient of ${op.name}.${name} has shape [${g.shape}], its input [${input.shape}]`,
      );
    }
    found.push([input, g]);
  }
  return found;
}

/** A tensor on which gradients are asked for: the same numbers, and the same history where there is one. */
export function leaf(x: Tensor): Tensor {
  if (x.requiresGrad && x.engine.recording) return identity(x);
  return new Tensor(x.engine, x.storage, x.shape, x.offset, null, true);
}

/**
 * The value of a scalar function of a tree of tensors and its gradient with respect to each of them.
 *
 * Calls nest: a call inside another keeps its graph, so gradients of gradients are a matter of writing them down.
 * @param f returns a tensor of one element; runs with leaves in place of the tree's tensors
 * @param options.release frees each activation as soon as backward has used it; tensors that f leaves in outer variables
 * go with them. Without effect inside another call, which still needs them
 * @returns the value (off the tape unless nested) and a tree of gradients; zeros where f does not depend on a tensor
 */
export function valueAndGrad<P>(
  f: (params: P) => Tensor,
  params: P,
  options: Pick<GradOptions, 'release'> = {},
): { value: Tensor; grads: TreeMap<P, Tensor> } {
  const tensors = tensorsOf(params);
  const { engine } = tensors[0] ?? { engine: undefined };
  if (!engine) throw new KeyholeError('valueAndGrad: expected a tree with at least one tensor, got none.');
  // where the caller has switched recording off, nobody can ask for gradients of these
  const nested = engine.gradDepth > 0 && engine.recording;
  const leaves = tensors.map(leaf);
  const before = engine.recording;
  engine.recording = true;
  engine.gradDepth++;
  try {
    const value = f(rebuildTree(params, leaves) as P);
    const grads = value.requiresGrad
      ? grad(value, leaves, { createGraph: nested, ...options })
      : leaves.map(() => null);
    const filled = grads.map((g, i) => g ?? engine.zeros(tensors[i]!.shape, tensors[i]!.dtype));
    return { value: nested ? value : value.detach(), grads: rebuildTree(params, filled) };
  } finally {
    engine.gradDepth--;
    engine.recording = before;
  }
}
