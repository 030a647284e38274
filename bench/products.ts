/** Matrix products through the engine: what an op costs around its kernel (checks, allocation, scope). */
import { createEngine, ops } from '../engine/index.ts';
import { type Job, threadCounts } from './job.ts';
import { keyhole, type Row, rateRow, type Work } from './row.ts';
import { timeOf } from './timing.ts';

const sizes = [64, 256, 512] as const;

export function productJobs(): Job[] {
  return sizes.map((size): Job => {
    const name = `matmul/${size}x${size}x${size}`;
    const work: Work = { amount: (2 * size ** 3) / 1e9, unit: 'GFLOP/s' };
    return {
      name,
      work,
      milliseconds: 100,
      async run(build, time) {
        const rows: Row[] = [];
        for (const threads of threadCounts(time)) {
          const engine = await createEngine({ build, threads });
          await engine.startThreads();
          const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 0.6180339887498949) % 1) - 0.5);
          const [a, b] = [engine.tensor(values, [size, size]), engine.tensor(values, [size, size])];
          const seconds = timeOf(name, () => engine.run('product', () => void ops.matmul(a, b)), time);
          engine.free([a, b]);
          engine.dispose();
          rows.push(rateRow(name, { ...keyhole(build), threads }, work, seconds));
        }
        return rows;
      },
    };
  });
}
