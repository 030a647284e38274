/** Small ONNX files, written by hand: what other programs make. */
import { type Classifier, namedTensors, type Shape, sizeOf } from '../../engine/index.ts';
import { type OnnxGraph, type OnnxNode, writeOnnx } from '../../experiments/export/index.ts';

/**
 * A classifier of linear layers with relu between them as Flatten, Gemm, Relu and, where asked for, Softmax.
 * @param o.shape of a row of the file's input; default the model's
 */
export function onnxOf(
  classifier: Classifier,
  o: { softmax?: boolean; shape?: Shape; batch?: number; labels?: boolean; scores?: string } = {},
): Uint8Array {
  const { softmax = true, labels = false, scores = 'scores' } = o;
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
    const out = last && !softmax ? scores : `z${layer}`;
    nodes.push({ op: 'Gemm', inputs: [at, `w${layer}`, `b${layer}`], output: out, attributes: { transB: 1 } });
    at = out;
    if (!last) {
      nodes.push({ op: 'Relu', inputs: [at], output: `h${layer}` });
      at = `h${layer}`;
    }
  }
  if (softmax) nodes.push({ op: 'Softmax', inputs: [at], output: scores, attributes: { axis: 1 } });
  const outputs: OnnxGraph['outputs'] = {
    ...(labels && { label: { shape: [], type: 'int64' as const } }),
    [scores]: { shape: [classes] },
  };
  if (labels) nodes.push({ op: 'ArgMax', inputs: [scores], output: 'label', attributes: { axis: 1, keepdims: 0 } });
  const shape = o.shape ?? inputShape;
  if (sizeOf(shape) !== sizeOf(inputShape)) throw new Error(`[${shape}] has other numbers than [${inputShape}]`);
  const inputs = { x: { shape } };
  return writeOnnx({ inputs, nodes, weights, outputs, ...(o.batch !== undefined && { batch: o.batch }) });
}
