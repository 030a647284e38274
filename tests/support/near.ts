/** Numbers that must agree within a tolerance, absolute and stated by the test. */
import { assert } from '../harness.ts';

export function near(got: number, expected: number, within: number, what = ''): void {
  const close = got === expected || Math.abs(got - expected) <= within;
  assert.ok(close, `${what ? `${what}: ` : ''}expected ${expected} within ${within}, got ${got}`);
}

/** A count of n draws with probability p, within five standard deviations: a right count fails once in 1.7 million. */
export function nearCount(count: number, n: number, p: number, what: string): void {
  near(count, n * p, 5 * Math.sqrt(n * p * (1 - p)), `${what}, of ${n}`);
}
