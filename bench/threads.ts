/**
 * What it costs to give a part of a launch away: microseconds of launches of growing size on one thread and on more, each
 * after a pause, in which the workers still look for work (up to some 100 microseconds) or fall asleep.
 *
 *   npx tsx --conditions=keyhole-source bench/threads.ts [--threads 2]
 */
import { parseArgs } from 'node:util';
import { createEngine, type Engine, ops, type Tensor } from '../engine/index.ts';

const SAMPLES = 300;
const pauses = [0, 50, 1000]; // microseconds

const { values } = parseArgs({ options: { threads: { type: 'string', default: '2' } } });
const one = await createEngine();
// everything that can be cut is, but parts are taken back as usual
const more = await createEngine({ threads: Number(values.threads), minWork: 1 });
await more.startThreads();

/** Microseconds: the quickest tenth and the median. */
function timed(fn: () => void, pause: number): string {
  for (let i = 0; i < SAMPLES; i++) fn();
  const times = Array.from({ length: SAMPLES }, () => {
    const started = performance.now();
    while ((performance.now() - started) * 1000 < pause);
    const before = performance.now();
    fn();
    return (performance.now() - before) * 1000;
  }).sort((a, b) => a - b);
  return `${times[SAMPLES / 10]!.toFixed(1)} / ${times[SAMPLES / 2]!.toFixed(1)}`;
}

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  run(x: Tensor, engine: Engine): Tensor;
}

const cases: readonly Case[] = [
  ...[16, 32, 64, 128].map((n) => ({
    name: `matmul ${n}^3`,
    shape: [n, n],
    run: (x: Tensor) => ops.matmul(x, x),
  })),
  ...[4096, 16384, 65536, 262144].flatMap((n) => [
    { name: `relu ${n}`, shape: [n], run: (x: Tensor) => ops.relu(x) },
    { name: `tanh ${n}`, shape: [n], run: (x: Tensor) => ops.tanh(x) },
  ]),
];

console.log(`quickest tenth / median, microseconds, 1 thread and ${more.threads.running}`);
console.log(['', ...pauses.map((pause) => `after ${pause} us`)].map((s) => s.padEnd(32)).join(''));
for (const { name, shape, run } of cases) {
  const cells = pauses.map((pause) =>
    [one, more]
      .map((engine) =>
        engine.run('case', () => {
          const x = engine.ones(shape);
          return timed(() => engine.run('call', () => void run(x, engine)), pause);
        }),
      )
      .join('  ->  '),
  );
  console.log([name, ...cells].map((s) => s.padEnd(32)).join(''));
}
more.dispose();
