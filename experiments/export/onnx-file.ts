/**
 * ONNX files: a graph as the protocol buffer messages of onnx.proto3, of which only the fields below are written
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */
import protobuf from 'protobufjs/light.js';
import { KeyholeError, type Shape } from '../../engine/index.ts';

/** opset 17: the first with LayerNormalization; IR version 8 came with it */
export const OPSET = 17;
const IR_VERSION = 8;

type Field = readonly [type: string, number: number];

const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Model: {
    ir_version: ['int64', 1],
    producer_name: ['string', 2],
    producer_version: ['string', 3],
    doc_string: ['string', 6],
    graph: ['Graph', 7],
    opset_import: ['Opset[]', 8],
    metadata_props: ['Entry[]', 14],
  },
  Opset: { domain: ['string', 1], version: ['int64', 2] },
  Entry: { key: ['string', 1], value: ['string', 2] },
  Graph: {
    node: ['Node[]', 1],
    name: ['string', 2],
    initializer: ['Tensor[]', 5],
    input: ['Value[]', 11],
    output: ['Value[]', 12],
  },
  Node: {
    input: ['string[]', 1],
    output: ['string[]', 2],
    name: ['string', 3],
    op_type: ['string', 4],
    attribute: ['Attribute[]', 5],
  },
  Attribute: { name: ['string', 1], f: ['float', 2], i: ['int64', 3], ints: ['int64[]', 8], type: ['int32', 20] },
  Tensor: { dims: ['int64[]', 1], data_type: ['int32', 2], name: ['string', 8], raw_data: ['bytes', 9] },
  Value: { name: ['string', 1], type: ['Type', 2] },
  Type: { tensor_type: ['Dense', 1] },
  Dense: { elem_type: ['int32', 1], shape: ['Dims', 2] },
  Dims: { dim: ['Dim[]', 1] },
  Dim: { dim_value: ['int64', 1], dim_param: ['string', 2] },
};

const ELEMENT_TYPES = { float: 1, int32: 6, int64: 7 } as const;
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;
/** attributes that are floats, also where their value is whole */
const FLOAT_ATTRIBUTES: readonly string[] = ['alpha', 'epsilon'];

export interface OnnxTensor {
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxValue {
  /** the axes after the first, which is the batch */
  readonly shape: Shape;
  /** default float */
  readonly type?: keyof typeof ELEMENT_TYPES;
}

export interface OnnxGraph {
  readonly inputs: Readonly<Record<string, OnnxValue>>;
  readonly outputs: Readonly<Record<string, OnnxValue>>;
  readonly nodes: readonly OnnxNode[];
  readonly weights: Readonly<Record<string, OnnxTensor>>;
  /** rows at a time; default: any number, named n */
  readonly batch?: number;
  readonly about?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** of keyhole */
  readonly version?: string;
}

/** @returns the bytes of an ONNX file */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const { nodes, weights, batch, about = '', metadata = {}, version = '' } = graph;
  const first = batch === undefined ? { dim_param: 'n' } : { dim_value: batch };
  const values = (of: Readonly<Record<string, OnnxValue>>) =>
    Object.entries(of).map(([name, { shape, type = 'float' }]) => {
      const dim = [first, ...shape.map((size) => ({ dim_value: size }))];
      return { name, type: { tensor_type: { elem_type: ELEMENT_TYPES[type], shape: { dim } } } };
    });
  const model = messageType().fromObject({
    ir_version: IR_VERSION,
    producer_name: 'keyhole',
    producer_version: version,
    doc_string: about,
    opset_import: [{ domain: '', version: OPSET }],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'model',
      node: nodes.map(({ op, inputs, output, attributes = {} }) => ({
        name: output,
        op_type: op,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      })),
      initializer: Object.entries(weights).map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        data_type: data instanceof BigInt64Array ? ELEMENT_TYPES.int64 : ELEMENT_TYPES.float,
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: values(graph.inputs),
      output: values(graph.outputs),
    },
  });
  return messageType().encode(model).finish();
}

function attributeOf(name: string, value: number | readonly number[]) {
  if (typeof value !== 'number') return { name, ints: value, type: ATTRIBUTE_TYPES.ints };
  return FLOAT_ATTRIBUTES.includes(name)
    ? { name, f: value, type: ATTRIBUTE_TYPES.float }
    : { name, i: value, type: ATTRIBUTE_TYPES.int };
}

/** The message Model, with all that it holds. */
function messageType(): protobuf.Type {
  const nested = Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(fieldOf)) },
    ]),
  );
  const type = protobuf.Root.fromJSON({ nested }).lookupType('Model');
  if (!(type instanceof protobuf.Type)) throw new KeyholeError('internal: onnx: expected a message named Model');
  return type;
}

function fieldOf([name, [type, id]]: [string, Field]) {
  const isList = type.endsWith('[]');
  return [name, { id, type: isList ? type.slice(0, -2) : type, ...(isList && { rule: 'repeated' }) }];
}
