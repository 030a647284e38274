/** What a training step needs beyond what lives between the steps, and what steps go on taking. */
import type { Engine } from '../engine/index.ts';
import type { Row } from './row.ts';

// The first step takes its buffers from fresh memory, the second may need a few more where the first one's results stayed;
// every later step must find what the one before it gave back.
const SETTLING_STEPS = 2;
const WATCHED_STEPS = 3;

/** @param step one training step, whose tensors are all freed when it returns, but for what replaces older ones */
export function stepMemory(engine: Engine, step: () => void): NonNullable<Row['memory']> {
  for (let i = 0; i < SETTLING_STEPS; i++) step();
  const settled = engine.stats();
  engine.memory.resetPeak();
  for (let i = 0; i < WATCHED_STEPS; i++) step();
  const { peakBytes, reservedBytes } = engine.stats();
  return { peakBytes: peakBytes - settled.liveBytes, freshBytes: reservedBytes - settled.reservedBytes };
}
