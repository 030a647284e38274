/** f64 scalar maths: exp and log with the same bits everywhere, the logistic family, and special functions for intervals. */
export { exp, expm1 } from './exp.ts';
export { log, log1p } from './log.ts';
export { logit, logSigmoid, logSumExp, logSumExpExcept, sigmoid } from './logistic.ts';
export { betaQuantile, incompleteBeta, logGamma, normalCdf, normalQuantile } from './special.ts';
