/** f64 scalar maths: exp and log with the same bits everywhere, and the logistic family. */
export { exp, expm1 } from './exp.ts';
export { log, log1p } from './log.ts';
export { logit, logSigmoid, logSumExp, logSumExpExcept, sigmoid } from './logistic.ts';
