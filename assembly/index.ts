// The kernels' exports: one line per file. Raw pointers and sizes only; nothing is allocated here.
export { relu_f32 } from './elementwise';

// Scratch that packing kernels may use: set once per instance (a global, so every thread's instance has its own).
export { setWorkspace } from './workspace';

export function heapBase(): usize {
  return __heap_base;
}
