/** Every op, one file each. Adding one is a file and a line here; tests and docs find it in the registry. */
export { abs } from './abs.ts';
export { add } from './add.ts';
export { addScalar, affine, neg, scale } from './affine.ts';
export { argmax } from './argmax.ts';
export { avgPool2d } from './avg-pool2d.ts';
export { sumTo } from './binary.ts';
export { broadcastTo } from './broadcast-to.ts';
export { clamp } from './clamp.ts';
export { concat } from './concat.ts';
export type { Padding, Pair, PoolOptions, WindowOptions } from './conv-geometry.ts';
export { conv2d } from './conv2d.ts';
export { crossEntropy } from './cross-entropy.ts';
export {
  type AnyOp,
  type BackwardContext,
  callOp,
  defineOp,
  type GradsOf,
  getOp,
  type InputSample,
  type OpDef,
  type OpSample,
  opNames,
} from './define-op.ts';
export { div } from './div.ts';
export { erf } from './erf.ts';
export { exp } from './exp.ts';
export { gather, scatterAdd } from './gather.ts';
export { gelu } from './gelu.ts';
export { groupNorm } from './group-norm.ts';
export { layerNorm } from './layer-norm.ts';
export { leakyRelu } from './leaky-relu.ts';
export { log } from './log.ts';
export { logSoftmax } from './log-softmax.ts';
export { matmul } from './matmul.ts';
export { max } from './max.ts';
export { maxPool2d } from './max-pool2d.ts';
export { maximum, minimum } from './maximum.ts';
export { mul, square } from './mul.ts';
export { oneHot } from './one-hot.ts';
export { pad } from './pad.ts';
export { relu } from './relu.ts';
export { identity, reshape } from './reshape.ts';
export { sigmoid } from './sigmoid.ts';
export { sign } from './sign.ts';
export { slice } from './slice.ts';
export { softmax } from './softmax.ts';
export { sqrt } from './sqrt.ts';
export { step } from './step.ts';
export { sub } from './sub.ts';
export { mean, sum } from './sum.ts';
export { tanh } from './tanh.ts';
export { transpose } from './transpose.ts';
