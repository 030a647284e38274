/** The engine: tensors and gradients on WebAssembly kernels, layers, optimisers, training. */
export * from './browser.ts';
export * from './train/index.ts';
