/**
 * The one backward pass: from the losses through the tensors that hold rows of samples, by the cotangent of their sum,
 * whose row i is that of loss i alone. Ends at shared tensors, with a part for each place where samples meet one.
 */
import { Release } from '../grad/index.ts';
import type { Node } from '../ops/define-op.ts';
import { add } from '../ops/index.ts';
import { type Tensor, tensorsOf } from '../tensor/index.ts';
import { kept, type Part } from './part.ts';
import { type Ruling, ruleOf, type Use } from './rules/index.ts';
import { type ParamPart, partsOfParams, type SharedUse } from './shared.ts';
import { readTape, type Tape } from './tape.ts';

/** @returns a part for each parameter that the losses [n], n > 0, depend on */
export function backwardOf(losses: Tensor, leaves: readonly Tensor[], keepBytes: number): ParamPart[] {
  const { engine, size: n } = losses;
  const params = new Set(leaves);
  const tape = readTape(losses, params);
  const nodes: Node[] = [];
  const needed = [losses, ...leaves];
  for (const node of tape.nodes) {
    if (!tape.batched(node.out)) needed.push(...tensorsAt(node));
    else if (tape.flows(node.out)) nodes.push(node);
  }
  const release = new Release(engine, nodes, needed);
  const uses: SharedUse[] = [];
  const meet = (tensor: Tensor, part: Part) => {
    uses.push({ tensor, part });
    for (const t of part.keeps) release.keep(t);
  };
  const last = largestConvolution(nodes, params);
  const cotangents = new Map<Tensor, Tensor>();
  const arrive = (input: Tensor, g: Tensor) => {
    if (params.has(input) || !tape.batched(input)) return meet(input, kept(g, n, input.shape)); // a batch of one
    const before = cotangents.get(input);
    const sum = before ? add(before, g) : g;
    cotangents.set(input, sum);
    release.hold(sum);
    if (!before) return;
    release.drop(before);
    release.hold(g);
    release.drop(g);
  };
  if (tape.flows(losses)) arrive(losses, engine.ones([n], losses.dtype));
  for (const node of nodes) {
    const gradOut = cotangents.get(node.out);
    if (!gradOut) continue;
    cotangents.delete(node.out);
    const { grads, parts } = engine.run(node.op.name, () =>
      ruling(node, gradOut, tape, { n, keepBytes, defer: node === last }),
    );
    for (const [name, part] of Object.entries(parts)) meet(node.inputs[name]!, part);
    for (const [name, g] of Object.entries(grads))
      if (g && tape.flows(node.inputs[name]!)) arrive(node.inputs[name]!, g);
    release.drop(gradOut);
    release.done(node);
  }
  return partsOfParams(uses, leaves, n);
}

/** The convolution with the largest weights among those that are parameters. */
function largestConvolution(nodes: readonly Node[], params: ReadonlySet<Tensor>): Node | null {
  let largest: Node | null = null;
  for (const node of nodes) {
    const w = node.op.name.startsWith('conv2d') ? node.inputs['w'] : undefined;
    if (w && params.has(w) && w.size > (largest?.inputs['w']?.size ?? 0)) largest = node;
  }
  return largest;
}

function tensorsAt({ op, inputs, saved, out }: Node): Tensor[] {
  return [out, ...tensorsOf(saved), ...op.inputs.map((name) => inputs[name]!)];
}

function ruling(node: Node, gradOut: Tensor, tape: Tape, setting: Pick<Use, 'n' | 'keepBytes' | 'defer'>): Ruling {
  const { op, inputs, out, attrs, saved } = node;
  const batched = new Set(tape.rowInputs(node));
  const flowing = op.inputs.filter((name) => tape.flows(inputs[name]!));
  const rows = new Set(flowing.filter((name) => batched.has(name)));
  const shared = new Set(flowing.filter((name) => !batched.has(name)));
  return ruleOf(op.name)({ op, gradOut, inputs, out, attrs, saved, batched, rows, shared, ...setting });
}
