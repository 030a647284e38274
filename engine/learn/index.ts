export type { BinaryModel } from './binary-model.ts';
export { fitLogistic, type LogisticModel, type LogisticOptions } from './logistic.ts';
export * from './svm/index.ts';
export * from './trees/index.ts';
