export { type AdamOptions, adam, adamW } from './adam.ts';
export type { Optimizer, OptimizerState } from './optimizer.ts';
export type { Schedule } from './schedules.ts';
export * as schedules from './schedules.ts';
export { type SgdOptions, sgd } from './sgd.ts';
