export { type GradOptions, grad, leaf, valueAndGrad } from './grad.ts';
