/** Small ONNX files, written with the field numbers of onnx.proto3 (opset 13; https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). */
import protobuf from 'protobufjs';
import { type Classifier, namedTensors, type Shape, sizeOf } from '../../engine/index.ts';

const SCHEMA = `syntax = "proto3";
message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated Opset opset_import = 8; }
message Opset { string domain = 1; int64 version = 2; }
message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
message Attribute { string name = 1; int64 i = 3; int32 type = 20; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Value { string name = 1; Type type = 2; }
message Type { Dense tensor_type = 1; }
message Dense { int32 elem_type = 1; Dims shape = 2; }
message Dims { repeated Dim dim = 1; }
message Dim { int64 dim_value = 1; string dim_param = 2; }`;

const FLOAT = 1;
const INT64 = 7;
const INT_ATTRIBUTE = 2;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface OnnxGraph {
  /** of one row */
  readonly inputShape: Shape;
  /** default: open */
  readonly batch?: number;
  readonly nodes: readonly OnnxNode[];
  readonly weights: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
  /** names of outputs, with the axes after the first */
  readonly outputs: Readonly<Record<string, { readonly shape: Shape; readonly type?: 'float' | 'int64' }>>;
}

export function writeOnnx({ inputShape, batch, nodes, weights, outputs }: OnnxGraph): Uint8Array {
  const { root } = protobuf.parse(SCHEMA, { keepCase: true });
  const type = root.lookupType('Model');
  const first = batch === undefined ? { dim_param: 'n' } : { dim_value: batch };
  const value = (name: string, shape: Shape, elem_type = FLOAT) => ({
    name,
    type: { tensor_type: { elem_type, shape: { dim: [first, ...shape.map((n) => ({ dim_value: n }))] } } },
  });
  const model = {
    ir_version: 8,
    producer_name: 'keyhole tests',
    opset_import: [{ domain: '', version: 13 }],
    graph: {
      name: 'model',
      node: nodes.map(({ op, inputs, output, attributes = {} }) => ({
        op_type: op,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, i]) => ({ name, i, type: INT_ATTRIBUTE })),
      })),
      initializer: Object.entries(weights).map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        data_type: FLOAT,
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: [value('x', inputShape)],
      output: Object.entries(outputs).map(([name, o]) => value(name, o.shape, o.type === 'int64' ? INT64 : FLOAT)),
    },
  };
  return type.encode(type.fromObject(model)).finish();
}

/**
 * A classifier of linear layers with relu between them as Flatten, Gemm, Relu and, where asked for, Softmax.
 * @param o.shape of a row of the file's input; default the model's
 */
export function onnxOf(
  classifier: Classifier,
  o: { softmax?: boolean; shape?: Shape; batch?: number; labels?: boolean } = {},
): Uint8Array {
  const { softmax = true, labels = false } = o;
  const { inputShape, classes } = classifier.model;
  const tensors = namedTensors(classifier.params).map(([, t]) => t);
  const nodes: OnnxNode[] = [{ op: 'Flatten', inputs: ['x'], output: 'flat', attributes: { axis: 1 } }];
  const weights: Record<string, { shape: Shape; data: Float32Array }> = {};
  let at = 'flat';
  for (let layer = 0; 2 * layer < tensors.length; layer++) {
    for (const [i, name] of [`w${layer}`, `b${layer}`].entries()) {
      const t = tensors[2 * layer + i]!;
      weights[name] = { shape: t.shape, data: Float32Array.from(t.toArray()) };
    }
    const last = 2 * layer + 2 === tensors.length;
    const out = last && !softmax ? 'scores' : `z${layer}`;
    nodes.push({ op: 'Gemm', inputs: [at, `w${layer}`, `b${layer}`], output: out, attributes: { transB: 1 } });
    at = out;
    if (!last) {
      nodes.push({ op: 'Relu', inputs: [at], output: `h${layer}` });
      at = `h${layer}`;
    }
  }
  if (softmax) nodes.push({ op: 'Softmax', inputs: [at], output: 'scores', attributes: { axis: 1 } });
  const outputs: OnnxGraph['outputs'] = {
    ...(labels && { label: { shape: [], type: 'int64' as const } }),
    scores: { shape: [classes] },
  };
  if (labels) nodes.push({ op: 'ArgMax', inputs: ['scores'], output: 'label', attributes: { axis: 1, keepdims: 0 } });
  const shape = o.shape ?? inputShape;
  if (sizeOf(shape) !== sizeOf(inputShape)) throw new Error(`[${shape}] has other numbers than [${inputShape}]`);
  return writeOnnx({ inputShape: shape, nodes, weights, outputs, ...(o.batch !== undefined && { batch: o.batch }) });
}
