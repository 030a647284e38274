/**
 * A classifier as an ONNX file: rows as Keyhole has them, images [n, h, w, c], in; logits [n, classes] out; any number of rows.
 */
import { type Classifier, ConfigError } from '../../engine/index.ts';
import { VERSION } from '../version.ts';
import { GraphBuilder, type Value } from './onnx-builder.ts';
import { writeOnnx } from './onnx-file.ts';
import { exporters } from './onnx-ops.ts';
import { type Constant, type Ref, traceModel } from './trace.ts';

export interface OnnxExportOptions {
  /** what the rows hold: numbers (default), or indices for a model that begins with an embedding */
  readonly rows?: 'float' | 'int32';
  /** noted in the file beside the model's own: how tables were scaled, say */
  readonly metadata?: Readonly<Record<string, string>>;
}

export const ONNX_INPUT = 'rows';
export const ONNX_OUTPUT = 'logits';

/**
 * The bytes of the file; its numbers are f32, whatever the classifier computes in.
 * @throws ConfigError for a model with an op that has no counterpart here, or that depends on its rows off the tape
 */
export function exportOnnx(
  classifier: Classifier,
  { rows = 'float', metadata = {} }: OnnxExportOptions = {},
): Uint8Array {
  const { model } = classifier;
  const { calls, result } = traceModel(classifier, { integers: rows === 'int32' });
  const g = new GraphBuilder();
  g.name(ONNX_OUTPUT);
  const input: Value = { shape: [null, ...model.inputShape], own: g.name(ONNX_INPUT) };
  const given = new Map<Constant, Value>();
  const made: Value[] = [];
  const valueAt = (ref: Ref): Value => {
    if (ref.from === 'rows') return input;
    if (ref.from === 'call') return made[ref.call]!;
    const value = given.get(ref.constant) ?? { shape: ref.constant.shape, constant: ref.constant };
    given.set(ref.constant, value);
    return value;
  };
  for (const { op, attrs, inputs, shape } of calls) {
    const exporter = Object.hasOwn(exporters, op) ? exporters[op] : undefined;
    if (!exporter) {
      throw new ConfigError(
        `export: model '${model.name}': expected ops among ${Object.keys(exporters).join(', ')}, got '${op}'. Write it in those, or add it to the table of ONNX ops.`,
        'model',
      );
    }
    made.push({ shape, ...exporter(g, { attrs, inputs: inputs.map(valueAt), shape }) });
  }
  const answer = valueAt(result);
  if (answer.shape.length !== 2 || answer.shape[1] !== model.classes) {
    throw new ConfigError(
      `export: model '${model.name}': expected logits [n, ${model.classes}], got [${answer.shape.map((size) => size ?? 'n').join(', ')}]. End it with a linear layer.`,
      'model',
    );
  }
  const last = g.own(answer);
  const nodes = [...g.nodes, { op: 'Identity', inputs: [last], output: ONNX_OUTPUT }];
  return writeOnnx({
    inputs: { [ONNX_INPUT]: { shape: model.inputShape, type: rows } },
    outputs: { [ONNX_OUTPUT]: { shape: [model.classes] } },
    nodes,
    weights: g.weights,
    about: aboutOf(classifier),
    version: VERSION,
    metadata: {
      ...metadata,
      model: model.name,
      inputShape: JSON.stringify(model.inputShape),
      classes: String(model.classes),
      ...(model.inputShape.length === 3 && { layout: 'NHWC' }),
      outputs: 'logits',
    },
  });
}

function aboutOf({ model }: Classifier): string {
  const rows =
    model.inputShape.length === 3 ? 'images [n, height, width, channels]' : `rows [n, ${model.inputShape.join(', ')}]`;
  return `Model '${model.name}'. ${ONNX_INPUT}: ${rows}, scaled as in training. ${ONNX_OUTPUT}: scores before softmax [n, ${model.classes}].`;
}
