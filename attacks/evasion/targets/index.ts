/** Targets in the way of an attack: a budget, a model that answers at random (EOT), a transform before the model (BPDA). */
export { withBudget } from './budget.ts';
export { averagedGradients } from './expectation.ts';
export { type InputTransform, transformed } from './transformed.ts';
