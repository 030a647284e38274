/** Trained models for other programs. */
export { exportOnnx, ONNX_INPUT, ONNX_OUTPUT, type OnnxExportOptions } from './onnx.ts';
export { type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue, writeOnnx } from './onnx-file.ts';
export { exporters } from './onnx-ops.ts';
