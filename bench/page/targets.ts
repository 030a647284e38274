/** What the rows are to reach, and whether they do: each demand a line, against what the same run measured. */
import type { BenchResult, Row } from '../row.ts';
import { counterpart, numberText, ratio, ratioText } from '../table.ts';
import { pytorchRate } from './pytorch.ts';

interface Demand {
  /** `37.5 GFLOP/s`, `1.9x jax-js` */
  readonly asked: string;
  /** what was measured, and whether it is enough; null when the run does not say */
  judge(row: Row, run: BenchResult): { readonly measured: string; readonly met: boolean } | null;
}

interface Target {
  readonly row: string;
  readonly build: Row['build'];
  /** default 1 */
  readonly threads?: number;
  readonly demands: readonly Demand[];
}

const withUnit = (value: number, unit: string) => `${numberText(value)} ${unit}`;

/** In the row's own unit: at least, or at most where less is better. */
const reach = (value: number, unit: Row['unit']): Demand => {
  const lessIsBetter = unit === 'ms' || unit === 'kB';
  return {
    asked: lessIsBetter ? `under ${value} ${unit}` : `${numberText(value)} ${unit}`,
    judge: (row) => ({
      measured: withUnit(row.value, row.unit),
      met: lessIsBetter ? row.value < value : row.value >= value,
    }),
  };
};

const ofPeak = (percent: number): Demand => ({
  asked: `${percent} % of the register peak`,
  judge(row, { machine }) {
    const peak = machine.peak.find((p) => p.build === row.build);
    if (!peak) return null;
    const share = (100 * row.value) / peak.high;
    return { measured: `${Math.round(share)} %`, met: share >= percent };
  },
});

const times = (factor: number, measured: number) => ({ measured: ratioText(measured), met: measured >= factor });

const timesPeer = (factor: number, peer: 'tfjs-wasm' | 'jax-js'): Demand => ({
  asked: `${factor}x ${peer}`,
  judge(row, { rows }) {
    const others = rows.filter((r) => r.name === row.name && r.engine === peer);
    const other = counterpart(row, others);
    return other ? times(factor, ratio(row, other)) : null;
  },
});

// A peer to which bench/peers adds what it lacks is another thing than the peer as its users get it.
const isExtended = (row: Row) => row.build.endsWith('+');

/** The fastest of the peers that can do the work: as they are published, and with what we added. */
function timesAny(factor: number): Demand[] {
  const against = (asked: string, counts: (peer: Row) => boolean): Demand => ({
    asked,
    judge(row, { rows }) {
      const others = rows.filter((r) => r.name === row.name && r.engine !== 'keyhole' && counts(r));
      return others.length > 0 ? times(factor, Math.min(...others.map((other) => ratio(row, other)))) : null;
    },
  });
  return [
    against(`${factor}x any peer as published`, (peer) => !isExtended(peer)),
    against(`${factor}x tfjs-wasm with a filter gradient added (simd+)`, isExtended),
  ];
}

const timesPytorch = (factor: number): Demand => ({
  asked: `${factor}x PyTorch (another machine)`,
  judge(row) {
    const rate = pytorchRate(row);
    return rate ? times(factor, row.value / rate) : null;
  },
});

const timesOneThread = (factor: number): Demand => ({
  asked: `${factor}x one thread`,
  judge(row, { rows }) {
    const single = rows.find((r) => r.name === row.name && isOurs(r, row.build, 1));
    return single ? times(factor, ratio(row, single)) : null;
  },
});

/** A private step beside the plain one of the same run: its time, and what it allocates beyond parameters and batch. */
const ofPlainStep = (time: number, memory: number): Demand[] => {
  const against = (asked: string, share: (row: Row, plain: Row) => number, most: number): Demand => ({
    asked,
    judge(row, { rows }) {
      const name = row.name.replace('dp-step/', 'step/');
      const plain = rows.find((r) => r.name === name && isOurs(r, row.build, row.threads));
      if (!plain) return null;
      const measured = share(row, plain);
      return { measured: `${measured.toFixed(2)}x`, met: measured <= most };
    },
  });
  return [
    against(`at most ${time}x the plain step's time`, (row, plain) => plain.value / row.value, time),
    against(
      `at most ${memory}x its peak memory`,
      (row, plain) => (row.memory?.peakBytes ?? NaN) / (plain.memory?.peakBytes ?? NaN),
      memory,
    ),
  ];
};

/** A step of an attack beside a forward pass with the gradient of its inputs. */
const ofInputGradient = (most: number): Demand => ({
  asked: `at most ${most}x the forward pass and the gradient of the inputs`,
  judge(row, { rows }) {
    const name = row.name.replace(/(pgd|apgd-linf|apgd-l2)-step\//, 'input-gradient/');
    const gradient = rows.find((r) => r.name === name && isOurs(r, row.build, row.threads));
    if (!gradient) return null;
    const measured = row.value / gradient.value;
    return { measured: `${measured.toFixed(2)}x`, met: measured <= most };
  },
});

const isOurs = (r: Row, build: string, threads: number) =>
  r.engine === 'keyhole' && r.build === build && r.threads === threads;

const bothBuilds = (row: string, demands: (build: 'base' | 'relaxed') => readonly Demand[]): Target[] =>
  (['base', 'relaxed'] as const).map((build) => ({ row, build, demands: demands(build) }));

const targets: readonly Target[] = [
  ...bothBuilds('sgemm/512x512x512', (build) =>
    build === 'base' ? [reach(37.5, 'GFLOP/s'), ofPeak(73)] : [reach(47, 'GFLOP/s'), ofPeak(80)],
  ),
  ...bothBuilds('step/mlp/b256', (build) => [
    reach(build === 'base' ? 35_000 : 42_000, 'samples/s'),
    timesPeer(10, 'tfjs-wasm'),
    timesPeer(1.9, 'jax-js'),
    timesPytorch(build === 'base' ? 0.45 : 0.54),
  ]),
  ...bothBuilds('step/mnist/b256', () => [reach(12_000, 'samples/s'), ...timesAny(40), timesPytorch(1.15)]),
  ...bothBuilds('step/cifar/b64', (build) => [
    reach(build === 'base' ? 375 : 440, 'samples/s'),
    ...timesAny(10),
    timesPytorch(build === 'base' ? 0.5 : 0.58),
  ]),
  ...['step/cifar/b64', 'step/cifar/b256'].map((row) => ({
    ...{ row, build: 'base', threads: 2 },
    demands: [timesOneThread(1.8)],
  })),
  { row: 'step/mlp/b256', build: 'base', threads: 2, demands: [timesOneThread(1.6)] },
  ...bothBuilds('dp-step/mlp/b256', (build) => [
    reach(build === 'base' ? 28_000 : 31_500, 'samples/s'),
    ...ofPlainStep(1.25, 2),
  ]),
  ...bothBuilds('dp-step/mnist/b256', () => [reach(9000, 'samples/s'), ...ofPlainStep(1.15, 2)]),
  ...bothBuilds('dp-step/cifar/b256', (build) => [
    reach(build === 'base' ? 330 : 390, 'samples/s'),
    ...ofPlainStep(1.12, 2),
  ]),
  { row: 'account/rdp', build: 'base', demands: [reach(1, 'ms')] },
  { row: 'account/pld', build: 'base', demands: [reach(100, 'ms')] },
  // 1.5 times scikit-learn's (docs/decisions/svm.md)
  { row: 'svm/fit-2000x10', build: 'base', demands: [reach(76, 'ms')] },
  { row: 'svm/fit-2000x10-weak', build: 'base', demands: [reach(110, 'ms')] },
  { row: 'svm/fit-10000x10', build: 'base', demands: [reach(2385, 'ms')] },
  { row: 'svm/fit-10000x10-weak', build: 'base', demands: [reach(3510, 'ms')] },
  { row: 'svm/grid-4x4-5-folds-2000x10', build: 'base', demands: [reach(12_750, 'ms')] },
  { row: 'score/lira-online/20000x16v2', build: 'base', demands: [reach(2000, 'ms')] },
  { row: 'score/rmia-online/20000x16v2', build: 'base', demands: [reach(2000, 'ms')] },
  { row: 'evasion/pgd/mnist-n1000-s40', build: 'base', demands: [reach(6000, 'ms')] },
  ...['mnist', 'cifar'].flatMap((net) =>
    ['pgd', 'apgd-linf', 'apgd-l2'].map((name): Target => {
      return { row: `evasion/${name}-step/${net}-n1000`, build: 'base', demands: [ofInputGradient(1.15)] };
    }),
  ),
  { row: 'startup/first-product', build: 'base', demands: [reach(25, 'ms')] },
  { row: 'size/page', build: 'base', demands: [reach(60, 'kB')] },
];

/** `[row, build, threads, asked, measured, met]` for each demand. */
export function targetRows(run: BenchResult): string[][] {
  return targets.flatMap(({ row: name, build, threads = 1, demands }) => {
    const row = run.rows.find((r) => r.name === name && isOurs(r, build, threads));
    return demands.map(({ asked, judge }, i) => {
      const found = row ? judge(row, run) : null;
      const who = i === 0 ? [`\`${name}\``, build, String(threads)] : ['', '', ''];
      return [...who, asked, found?.measured ?? 'not measured', found ? (found.met ? 'yes' : '**no**') : ''];
    });
  });
}
