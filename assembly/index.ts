// The kernels' exports: one line per file. Raw pointers and sizes only; nothing is allocated here.
export * from './elementwise';
export { add_f32, sub_f32, mul_f32, div_f32, maximum_f32, minimum_f32 } from './broadcast';
export { copy_strided_f32 } from './copy';
export { sum_f32, sum_squares_f32, max_reduce_f32, argmax_f32 } from './reduce';
export * from './softmax';
export * from './norm';
export * from './pool';
export * from './rows';
export * from './random';
export * from './optimise';

// Scratch that packing kernels may use: set once per instance (a global, so every thread's instance has its own).
export { setWorkspace } from './workspace';

export function heapBase(): usize {
  return __heap_base;
}
