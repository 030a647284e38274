/**
 * What PyTorch reaches, measured once on another machine: torch 2.13.0 on the processor (MKL, oneDNN, AVX-512), the better of
 * its defaults and of glibc told to reuse memory; one pinned thread of a 2-core AMD EPYC (Zen 4, about 3.66 GHz, whose
 * register-only multiply-adds reach 51 GFLOP/s in WebAssembly's plain SIMD and 58.7 relaxed); medians after warm-up.
 */
import { parseName } from '../names.ts';
import type { Row } from '../row.ts';

export const PYTORCH = {
  version: 'torch 2.13.0',
  machine: 'one thread of a 2-core AMD EPYC (Zen 4)',
} as const;

/** GFLOP/s, samples/s */
const rates: Readonly<Record<string, number>> = {
  'sgemm/64x64x64': 76,
  'sgemm/128x128x128': 93,
  'sgemm/256x256x256': 94,
  'sgemm/512x512x512': 97,
  'sgemm/1024x1024x1024': 97,
  'sgemm/64x784x256': 93,
  'sgemm/512x512x512/tn': 95,
  'sgemm/512x512x512/nt': 97,
  'step/mlp/b64': 56_400,
  'step/mlp/b256': 77_100,
  'step/mnist/b64': 8_970,
  'step/mnist/b256': 10_200,
  'step/cifar/b64': 747,
  'step/cifar/b256': 757,
};

/** Milliseconds, batch 64, NHWC */
const convolutions: Readonly<Record<string, number>> = {
  'conv/1x28x28-16k5/forward': 0.49,
  'conv/32x16x16-64k3/forward': 5.1,
  'conv/3x32x32-32k3/forward': 1.3,
  'conv/64x8x8-128k3/forward': 4.7,
};

/** PyTorch's rate on the work of a row, in the row's unit; undefined where nobody measured it. */
export function pytorchRate({ name, threads }: Pick<Row, 'name' | 'threads'>): number | undefined {
  if (threads !== 1) return undefined;
  const milliseconds = convolutions[name];
  if (milliseconds === undefined) return rates[name];
  const spec = parseName(name);
  if (spec?.kind !== 'conv') throw new RangeError(`pytorch: expected the name of a convolution, got '${name}'`);
  const { batch, channels, height, width, filters, kernel, stride, pad } = spec;
  const along = (size: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const flop = 2 * batch * along(height) * along(width) * filters * channels * kernel * kernel;
  return flop / 1e6 / milliseconds;
}
