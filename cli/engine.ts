/** The engine as the command line's options ask for it. */
import { createEngine, type Engine, hasRelaxedSimd, KeyholeError } from '../engine/index.ts';

const MEBIBYTE = 2 ** 20;

/** @throws KeyholeError when relaxed SIMD is asked for and not there */
export async function engineFor(o: { readonly relaxed?: boolean; readonly maxMemory?: number }): Promise<Engine> {
  if (o.relaxed && !hasRelaxedSimd()) {
    throw new KeyholeError(
      '--relaxed: expected a machine with relaxed SIMD, this one has none. Leave the option out: the base kernels run everywhere.',
    );
  }
  return createEngine({
    build: o.relaxed ? 'relaxed' : 'base',
    ...(o.maxMemory !== undefined && { maxBytes: o.maxMemory * MEBIBYTE }),
  });
}
