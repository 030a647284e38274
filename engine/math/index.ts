/** f64 scalar maths with the same bits everywhere. */
export { exp, sigmoid } from './exp.ts';
export { log, log1p } from './log.ts';
