// The kernels' exports: one line per file. Raw pointers and sizes only; nothing is allocated here.

export { conv2d_f32, conv2d_f32__patches, conv2d_f32__planes } from './conv2d';
export { conv2d_input_grad_f32 } from './conv2d-input-grad';
export { conv2d_weight_grad_f32 } from './conv2d-weight-grad';
export { relu_f32 } from './elementwise';
export { gemm_f32, gemm_f32__few_rows, gemm_f32__narrow, gemm_f32__packed_4x8 } from './gemm';

// Scratch that packing kernels may use: set once per instance (a global, so every thread's instance has its own).
export { setWorkspace } from './workspace';

export function heapBase(): usize {
  return __heap_base;
}
