/**
 * Which tensors of a tape hold one block of rows per sample, and which are shared by all samples.
 *
 * Found from the losses downwards: the losses [n] are one row per sample; each op says from which of its inputs the rows of
 * its result come (`rows` in its definition), each from its own, and those hold rows of samples too. Its other inputs meet
 * every row: they must be made from parameters and constants alone. A tensor that is asked to be both holds samples and
 * is met by other samples: the op that asks for it mixes the rows of the batch, and is refused.
 */
import { PrivacyError } from '../errors.ts';
import type { Node } from '../ops/define-op.ts';
import type { Tensor } from '../tensor/index.ts';

export interface Tape {
  /** newest first, those of samples and those of shared tensors */
  readonly nodes: readonly Node[];
  /** whether the tensor holds one block of rows for each sample */
  batched(t: Tensor): boolean;
  /** the inputs of a node of samples that hold rows of samples */
  rowInputs(node: Node): readonly string[];
  /** whether a gradient flows from the tensor to a parameter */
  flows(t: Tensor): boolean;
}

/** What is known of a tensor of the tape. */
interface Role {
  /** made from some parameter */
  flows: boolean;
  /** made from parameters alone */
  pure: boolean;
  /** the op that reads it row by row, and the one that reads it as a whole */
  rows: string | null;
  whole: string | null;
}

/** The inputs whose blocks of rows the result's blocks come from. */
function rowInputs({ op, inputs, attrs, out }: Node, n: number, pure: (t: Tensor) => boolean): readonly string[] {
  const { rows } = op;
  if (typeof rows === 'function') return rows(inputs, attrs);
  if (rows === 'blocks') return op.inputs.filter((name) => inputs[name]!.shape[0]! % n === 0);
  if (rows !== 'each') return rows;
  return op.inputs.filter((name) => {
    const { shape } = inputs[name]!;
    // with one row in all, what is made from parameters alone is taken for shared, as it would be with two
    if (shape.length !== out.shape.length || shape[0] !== out.shape[0]) return false;
    return shape[0] !== 1 || !pure(inputs[name]!);
  });
}

function nodesBehind(output: Tensor): Node[] {
  const seen = new Set<Node>();
  const nodes: Node[] = [];
  const open: Tensor[] = [output];
  for (let tensor = open.pop(); tensor; tensor = open.pop()) {
    const { node } = tensor;
    if (!node || seen.has(node)) continue;
    seen.add(node);
    nodes.push(node);
    for (const name of node.op.inputs) open.push(node.inputs[name]!);
  }
  return nodes.sort((a, b) => b.seq - a.seq);
}

/** The roles of all tensors of the tape, as far as the way from parameters tells them. @param nodes newest first */
function rolesOf(nodes: readonly Node[], params: ReadonlySet<Tensor>): Map<Tensor, Role> {
  const roles = new Map<Tensor, Role>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { op, inputs, out } = nodes[i]!;
    let [flows, pure] = [false, true];
    for (const name of op.inputs) {
      const input = inputs[name]!;
      let role = roles.get(input);
      if (!role) {
        const isParam = params.has(input);
        role = { flows: isParam, pure: isParam, rows: null, whole: null };
        roles.set(input, role);
      }
      flows ||= role.flows;
      pure &&= role.pure;
    }
    roles.set(out, { flows, pure, rows: null, whole: null });
  }
  return roles;
}

/**
 * @param losses [n], n > 0
 * @param params the leaves that gradients are asked for; any other leaf of the tape holds samples
 * @throws PrivacyError when an op mixes the rows of the batch
 */
export function readTape(losses: Tensor, params: ReadonlySet<Tensor>): Tape {
  const n = losses.shape[0]!;
  const nodes = nodesBehind(losses);
  const roles = rolesOf(nodes, params);
  const isParam = params.has(losses);
  if (!roles.has(losses)) roles.set(losses, { flows: isParam, pure: isParam, rows: null, whole: null });
  roles.get(losses)!.rows = 'the loss';
  // With one sample there is nothing to mix: what is read both ways is shared.
  const holdsRows = ({ rows, whole }: Role) => rows !== null && (whole === null || n > 1);
  const isPure = (t: Tensor) => roles.get(t)!.pure;
  const rowsOf = new Map<Node, readonly string[]>();
  for (const node of nodes) {
    const { op, inputs, out } = node;
    const asked = roles.get(out)!;
    if (asked.rows !== null && asked.whole !== null && n > 1) throw mixes(asked.whole, out);
    const batched = holdsRows(asked);
    const byRows = rowInputs(node, n, isPure);
    rowsOf.set(node, byRows);
    if (n > 1 && batched && byRows.length === 0 && op.rows !== 'each') throw mixes(op.name, out);
    for (const name of op.inputs) {
      const role = roles.get(inputs[name]!)!;
      const same = byRows.includes(name);
      if (same && batched) role.rows ??= op.name;
      else role.whole ??= (same ? asked.whole : null) ?? op.name; // an op that keeps rows apart mixes none
    }
  }
  checkLeaves(roles, params, n);
  return {
    nodes,
    batched(t) {
      const role = roles.get(t);
      return role !== undefined && holdsRows(role);
    },
    flows: (t) => roles.get(t)?.flows ?? params.has(t),
    rowInputs: (node) => rowsOf.get(node)!,
  };
}

/** Parameters must be read as a whole, batches by rows. */
function checkLeaves(roles: ReadonlyMap<Tensor, Role>, params: ReadonlySet<Tensor>, n: number): void {
  if (n === 1) return;
  let declared = false;
  for (const [t, { rows, whole }] of roles) {
    if (t.node) continue;
    if (params.has(t)) {
      if (rows !== null) throw meetsRows(rows, t);
    } else {
      if (whole !== null && (rows !== null || t.requiresGrad)) throw mixes(whole, t);
      declared ||= t.requiresGrad;
    }
  }
  if (declared) return;
  for (const [t, { whole }] of roles)
    if (whole !== null && !t.node && !params.has(t) && t.shape[0] === n) throw unsure(whole, t);
}

const remedies: Readonly<Record<string, string>> = {
  sum: 'Use groupNorm or layerNorm in place of batch normalisation, and return one loss per sample, not their mean.',
  max: 'Take the largest over another axis than the first.',
  matmul:
    'Products of samples with each other (similarities, batch statistics) have no per-sample gradient: compare with fixed anchors.',
  reshape: 'Keep the samples first: [n, …] to [n * t, …] and back, never rows of two samples in one.',
  transpose: 'Keep the samples on the first axis.',
  slice: 'Take the slice along another axis than the first.',
  pad: 'Pad along another axis than the first.',
  concat: 'Join along another axis than the first.',
  gather: 'Look up rows of a parameter, not of the batch.',
  scatterAdd: 'Sum within a sample: a product with a mask, or sum over another axis.',
};
const OTHERWISE = 'Keep every row of the batch to itself.';

function mixes(op: string, t: Tensor): PrivacyError {
  return new PrivacyError(
    `clippedGrads: expected every row to stay with its sample, but op '${op}' mixes the rows of [${t.shape}], so that one ` +
      `sample would reach the gradients of others, where no clipping bounds it. ${remedies[op] ?? OTHERWISE}`,
  );
}

function meetsRows(op: string, t: Tensor): PrivacyError {
  return new PrivacyError(
    `clippedGrads: expected parameters that all samples share, but op '${op}' reads the parameter [${t.shape}] row by row, ` +
      'row i for sample i of the batch. Give it a leading axis of 1, or none, so that it is broadcast.',
  );
}

function unsure(op: string, t: Tensor): PrivacyError {
  return new PrivacyError(
    `clippedGrads: op '${op}' reads a constant [${t.shape}] as a whole that has one row per sample: if it holds the batch, its ` +
      'rows are mixed. Pass the batch as leaf(x): then what comes from it is known, and other constants are taken for public.',
  );
}
