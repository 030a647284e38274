/** The rows of a run as tables, a table for each kind of work. */
import { parseName } from '../names.ts';
import { type BenchResult, type EngineName, engines, type Row } from '../row.ts';
import { stepWork } from '../steps.ts';
import { counterpart, kindOf, numberText, ratio, ratioText } from '../table.ts';
import { pytorchRate } from './pytorch.ts';

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const headings: Readonly<Record<string, string>> = {
  step: 'Training steps',
  'dp-step': 'Private training steps',
  forward: 'Forward passes',
  sgemm: 'Matrix products, the kernel alone',
  matmul: 'Matrix products through the engine',
  conv: 'Convolutions, batch 64',
  account: 'Accounting, a question',
  svm: 'Support vector machines, a fit and a search',
  trees: 'Boosted trees, a fit and judgements',
  score: 'Scoring kept answers',
  startup: 'Start-up',
  size: 'Size, gzipped',
};
const OTHER = 'Other kernels';

/** The share of what the registers could do, on as many threads; direct products are counted, whatever was computed. */
function shareOfPeak(row: Row, { machine }: BenchResult): string {
  const peak = machine.peak.find((p) => p.build === row.build);
  const spec = parseName(row.name);
  const work = row.unit === 'GFLOP/s' ? 1 : spec?.kind === 'step' ? stepWork(spec.net) : 0;
  if (!peak || work === 0 || row.engine !== 'keyhole') return '';
  return `${Math.round((100 * row.value * work) / (peak.high * row.threads))} %`;
}

interface Column {
  readonly head: string;
  cell(row: Row): string;
}

/** Columns that would be empty throughout are left out. */
function columnsOf(run: BenchResult): Column[] {
  const versus = (peer: EngineName): Column => ({
    head: `vs ${peer}`,
    cell(row) {
      const others = run.rows.filter((r) => r.name === row.name && r.engine === peer);
      const other = row.engine === 'keyhole' ? counterpart(row, others) : undefined;
      return other ? ratioText(ratio(row, other)) : '';
    },
  });
  return [
    { head: 'row', cell: (row) => `\`${row.name}\`` },
    { head: 'engine', cell: (row) => row.engine },
    { head: 'build', cell: (row) => row.build },
    { head: 'threads', cell: (row) => String(row.threads) },
    { head: 'median', cell: (row) => numberText(row.value) },
    { head: 'low to high', cell: (row) => `${numberText(row.low)} to ${numberText(row.high)}` },
    { head: 'unit', cell: (row) => row.unit },
    { head: 'of peak', cell: (row) => shareOfPeak(row, run) },
    { head: 'peak MB', cell: (row) => (row.memory ? numberText(row.memory.peakBytes / 1e6) : '') },
    { head: 'fresh bytes', cell: (row) => (row.memory ? String(row.memory.freshBytes) : '') },
    ...engines.filter((engine) => run.peers.some((peer) => peer.engine === engine)).map(versus),
    {
      head: 'vs PyTorch',
      cell(row) {
        const rate = row.engine === 'keyhole' ? pytorchRate(row) : undefined;
        return rate ? ratioText(row.value / rate) : '';
      },
    },
  ];
}

/** A section for each kind of row that was measured. */
export function rowSections(run: BenchResult): string[] {
  const columns = columnsOf(run);
  const sections = new Map<string, Row[]>([...Object.values(headings), OTHER].map((heading) => [heading, []]));
  for (const row of run.rows) {
    const kind = kindOf(row.name);
    if (kind !== 'peak') sections.get(headings[kind] ?? OTHER)!.push(row);
  }
  return [...sections].flatMap(([heading, rows]) => {
    if (rows.length === 0) return [];
    const used = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
    const lines = rows.map((row) => used.map(({ cell }) => cell(row)));
    return [
      `## ${heading}`,
      markdownTable(
        used.map((column) => column.head),
        lines,
      ),
    ];
  });
}
