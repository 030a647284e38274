export { fitLogistic, type LogisticModel, type LogisticOptions } from './logistic.ts';
