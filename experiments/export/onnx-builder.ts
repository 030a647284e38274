/**
 * A graph that grows call by call. Images lie as [n, h, w, c] in Keyhole and as [n, c, h, w] in ONNX: a value is kept in the order
 * in which it was made and turned when somebody asks for the other one, once, so that a chain of convolutions is turned at its ends.
 */
import { sizeOf } from '../../engine/index.ts';
import type { OnnxNode, OnnxTensor } from './onnx-file.ts';
import type { Constant, OpenShape } from './trace.ts';

/** A tensor of the graph, by its name in either order of axes. */
export interface Value {
  /** as Keyhole has it */
  readonly shape: OpenShape;
  /** numbers that are part of the file once somebody asks for them */
  readonly constant?: Constant;
  /** axes as Keyhole has them */
  own?: string;
  /** channels first; images only */
  first?: string;
}

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly weights: Record<string, OnnxTensor> = {};
  readonly #taken = new Set<string>();

  /** @returns the name of the node's result */
  add(op: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}): string {
    const output = this.name(`${op}_${this.nodes.length}`);
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** A name that nothing has yet. */
  name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#taken.has(name); i++) name = `${wanted}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** @returns the name of a tensor of the file */
  weight({ name: wanted, shape, data }: Constant): string {
    const name = this.name(wanted);
    this.weights[name] = { shape, data: Float32Array.from(data) };
    return name;
  }

  number(value: number): string {
    return this.weight({ name: 'number', shape: [], data: [value] });
  }

  /** @returns the name of a list of whole numbers, as shapes are given */
  whole(wanted: string, values: readonly number[]): string {
    const name = this.name(wanted);
    this.weights[name] = { shape: [values.length], data: BigInt64Array.from(values.map(BigInt)) };
    return name;
  }

  /** The name of a value with its axes as Keyhole has them. */
  own(value: Value): string {
    value.own ??= value.constant
      ? this.weight(value.constant)
      : this.add('Transpose', [value.first!], { perm: CHANNELS_LAST });
    return value.own;
  }

  /** The name of images [n, h, w, c] with their channels first. */
  first(value: Value): string {
    value.first ??= this.turned(value, CHANNELS_FIRST);
    return value.first;
  }

  /** The name of a value with its axes in another order; numbers of the file are turned here. */
  turned(value: Value, order: readonly number[]): string {
    if (value.constant) return this.weight(permute(value.constant, order));
    return this.add('Transpose', [this.own(value)], { perm: order });
  }
}

/** Axis j of the result is axis order[j] of x. */
function permute({ name, shape, data }: Constant, order: readonly number[]): Constant {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const turned = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const at = turned.map(() => 0);
  const out = Float64Array.from(data, () => {
    const value = data[at.reduce((sum, index, axis) => sum + index * steps[axis]!, 0)]!;
    for (let axis = at.length - 1; axis >= 0 && ++at[axis]! === turned[axis]; axis--) at[axis] = 0;
    return value;
  });
  return { name, shape: turned, data: out };
}
