/** What the bootstrap needs from a random generator: a small structural type, so that any seeded generator fits. */
export interface MetricRng {
  /** an integer, uniform on 0 .. 2^32 - 1 */
  uint32(): number;
  /** uniform on [0, 1) */
  uniform(): number;
}
