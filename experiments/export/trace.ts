/**
 * What a model computes, as a list of calls of ops: its tape, recorded on rows of two batches. Sizes that differ between the two
 * are the batch's; numbers that differ and lie on no tape depend on the rows in a way that cannot be written down.
 */
import {
  type Classifier,
  ConfigError,
  leaf,
  mapTree,
  nn,
  Rng,
  type Shape,
  sizeOf,
  Tensor,
} from '../../engine/index.ts';

/** Where an input of a call comes from. */
export type Ref =
  | { readonly from: 'rows' }
  | { readonly from: 'call'; readonly call: number }
  | { readonly from: 'constant'; readonly constant: Constant };

/** null: the number of rows, or a multiple of it */
export type OpenShape = readonly (number | null)[];

export interface Call {
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  /** in the order in which the op names them */
  readonly inputs: readonly Ref[];
  readonly shape: OpenShape;
}

export interface Constant {
  readonly name: string;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

export interface Trace {
  readonly calls: readonly Call[];
  /** parameters under their paths, and other numbers that the model brings along */
  readonly constants: readonly Constant[];
  readonly result: Ref;
}

/** @throws ConfigError for a model whose answers do not follow from its rows and constants by recorded ops alone */
export function traceModel(classifier: Classifier, { integers = false }: { readonly integers?: boolean } = {}): Trace {
  const [two, three] = [record(classifier, 2, integers), record(classifier, 3, integers)];
  const calls = two.calls.map((call, i) => {
    const other = three.calls[i];
    if (!other || other.op !== call.op || other.shape.length !== call.shape.length)
      throw fault(classifier, `the same ops for any number of rows, got ${other?.op ?? 'none'} beside ${call.op}`);
    return { ...call, shape: call.shape.map((size, axis) => (size === other.shape[axis] ? size : null)) };
  });
  for (const [k, { data }] of two.constants.entries()) {
    const other = three.constants[k]?.data;
    if (data.length !== other?.length || Array.from(data).some((value, i) => value !== other[i]))
      throw fault(classifier, 'numbers that come from the rows by ops with a gradient, got some that do not');
  }
  return { ...two, calls };
}

const fault = ({ model }: Classifier, expected: string) =>
  new ConfigError(
    `export: model '${model.name}': expected ${expected}. Write its layers so, or export another model.`,
    'model',
  );

function record({ engine, model, params, dtype }: Classifier, rows: number, integers: boolean): Trace {
  return engine.run('trace', () => {
    const shape = [rows, ...model.inputShape];
    const rng = Rng.from(rows).split('trace');
    const drawn = new Float64Array(sizeOf(shape)).map(() => rng.uniform());
    const x = integers
      ? engine.tensor(new Int32Array(drawn.length), shape)
      : leaf(engine.tensor(drawn, shape, { dtype }));
    const names = new Map<unknown, string>();
    const leaves = mapTree(params, (t, path) => {
      names.set(t.storage, path);
      return leaf(t);
    });
    const out = model.apply(leaves, x, nn.EVAL);
    const constants = new Map<string, Constant>();
    const calls: Call[] = [];
    const made = new Map<unknown, number>();
    const refTo = (t: Tensor): Ref => {
      if (t.node) return { from: 'call', call: made.get(t.node)! };
      if (t.storage === x.storage) {
        if (String(t.shape) === String(shape)) return { from: 'rows' };
        calls.push({ op: 'reshape', attrs: {}, inputs: [{ from: 'rows' }], shape: t.shape });
        return { from: 'call', call: calls.length - 1 };
      }
      const name = names.get(t.storage) ?? `constant_${names.size}`;
      names.set(t.storage, name);
      const key = `${name} ${t.shape}`;
      const constant = constants.get(key) ?? { name, shape: t.shape, data: t.toArray() };
      constants.set(key, constant);
      return { from: 'constant', constant };
    };
    for (const node of nodesBelow(out)) {
      const inputs = node.op.inputs.map((name) => refTo(node.inputs[name] as Tensor));
      made.set(node, calls.length);
      calls.push({ op: node.op.name, attrs: (node.attrs ?? {}) as Call['attrs'], inputs, shape: node.out.shape });
    }
    const result = refTo(out);
    return { calls, constants: [...constants.values()], result };
  });
}

type Node = NonNullable<Tensor['node']>;

/** In the order in which they were made. */
function nodesBelow(out: Tensor): Node[] {
  const seen = new Set<Node>();
  const open = [out];
  for (let t = open.pop(); t; t = open.pop()) {
    if (!t.node || seen.has(t.node)) continue;
    seen.add(t.node);
    for (const input of Object.values(t.node.inputs)) if (input instanceof Tensor) open.push(input);
  }
  return [...seen].sort((a, b) => a.seq - b.seq);
}
