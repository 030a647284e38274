export { type Shape, sameShape, sizeOf, Tensor, type TypedArray } from './tensor.ts';
export { countParameters, mapTree, namedTensors, rebuildTree, type Tree, type TreeMap, tensorsOf } from './tree.ts';
