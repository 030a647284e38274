/** keyhole bench [FILTER]: how fast this machine is with it, beside other engines when asked. */
import { type Command, InvalidArgumentError } from 'commander';
import {
  type BenchResult,
  benchNames,
  type Clock,
  checkoutRoot,
  describeMachine,
  type Machine,
  PEERS_INSTALL,
  type PeerVersion,
  peerVersions,
  type Row,
  runBench,
  runnableBuilds,
  saveBenchmarks,
  tableOf,
} from '../../bench/index.ts';
import { ConfigError } from '../../engine/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { countText, outputTo } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { whole, wholeOr } from '../values.ts';

interface Options extends CommonOptions {
  readonly peers?: boolean;
  readonly samples?: number;
  readonly milliseconds?: number;
  readonly cpuTime?: boolean;
  readonly threads: number | 'auto';
  readonly save?: boolean;
}

export function benchCommand(command: Command, terminal: Terminal): Command {
  return withCommonOptions(command)
    .argument('[filter]', 'a regular expression: the rows whose name has a match, such as ^sgemm or step/mlp', pattern)
    .option('--peers', `the same work by tfjs-wasm and jax-js as well (in a checkout; first: ${PEERS_INSTALL})`)
    .option('--samples <n>', 'timed samples a row, at least (default: 15)', whole(1))
    .option('--milliseconds <n>', 'time for the samples of a row, at least (default: 100 to 500)', whole(0))
    .option('--cpu-time', 'processor time instead of the clock on the wall, for a machine with other work on it')
    .option(
      '--threads <n>',
      'auto, or 1 to 64: steps and products on one thread, and on so many (auto: on two, if there are two cores)',
      wholeOr('auto', 1, 64),
      'auto',
    )
    .option('--save', 'writes docs/benchmarks.md from these rows (in a checkout; peers only with --peers)')
    .action(async (filter: RegExp | undefined, options: Options) => {
      const output = outputTo(terminal, outputOptions(options));
      const names = benchNames(filter);
      if (names.length === 0) throw noRows(filter);
      const clock = options.cpuTime ? 'cpu' : 'wall';
      const peers = options.peers ? peerVersions() : [];
      const root = options.save ? checkoutRoot() : null;
      const machine = await describeMachine(runnableBuilds());
      const command = commandText(filter, options);
      output.print(machineText(machine, peers, command, clock));

      const table = tableOf({
        names,
        peers: peers.map((peer) => peer.engine),
        peak: Math.max(...machine.peak.map((row) => row.high)),
      });
      const print = (lines: readonly string[]) => lines.forEach(output.print);
      const notes: string[] = [];
      print([table.head]);
      const rows = await runBench({
        ...(filter && { filter }),
        ...(options.samples !== undefined && { samples: options.samples }),
        ...(options.milliseconds !== undefined && { milliseconds: options.milliseconds }),
        peers: peers.length > 0,
        clock,
        ...(options.threads !== 'auto' && { threads: options.threads }),
        signal: terminal.signal,
        onRow: (row: Row) => print(table.add(row)),
        onNote: (note: string) => void notes.push(note),
      });
      print(table.end());
      if (notes.length > 0) print(['', ...notes]);
      const result: BenchResult = {
        schema: 'keyhole.bench/1',
        rows,
        notes,
        machine,
        peers,
        clock,
        command,
        date: new Date().toISOString(),
        version: VERSION,
      };
      if (root !== null) for (const file of saveBenchmarks(root, result)) output.note(`wrote ${file}`);
      output.printJson(result);
    });
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected a regular expression. ${(error as Error).message}.`);
  }
}

function noRows(filter: RegExp | undefined): ConfigError {
  const kinds = [...new Set(benchNames().map((name) => name.slice(0, name.indexOf('/'))))];
  return new ConfigError(
    `bench: expected a filter that matches a row's name, got ${filter}. The names begin with ${kinds.join('/, ')}/.`,
    'filter',
    kinds,
  );
}

/** The command as it can be given again. */
function commandText(
  filter: RegExp | undefined,
  { peers, samples, milliseconds, cpuTime, threads, save }: Options,
): string {
  const source = filter?.source.replaceAll('\\/', '/');
  const quoted = source && (/^[\w/.-]+$/.test(source) ? source : `'${source}'`);
  return [
    'keyhole bench',
    ...(quoted ? [quoted] : []),
    ...(peers ? ['--peers'] : []),
    ...(samples !== undefined ? [`--samples ${samples}`] : []),
    ...(milliseconds !== undefined ? [`--milliseconds ${milliseconds}`] : []),
    ...(cpuTime ? ['--cpu-time'] : []),
    ...(threads !== 'auto' ? [`--threads ${threads}`] : []),
    ...(save ? ['--save'] : []),
  ].join(' ');
}

function machineText(machine: Machine, peers: readonly PeerVersion[], command: string, clock: Clock): string {
  const { cpu, cores, node, load, peak, builds } = machine;
  const others = peers.map(({ engine, version }) => `; ${engine} ${version}`).join('');
  const sizes = builds.map(({ name, bytes }) => `${name} ${countText(bytes)} bytes`).join(', ');
  const peaks = peak.map((row) => `${row.build} ${row.high.toFixed(1)}`).join(', ');
  const advice = clock === 'cpu' ? 'processor time is counted' : 'only ratios mean anything, and --cpu-time helps';
  // It counts whoever ran within the last minute; on an idle machine that is at most this command, called again.
  const busy = load > 1.2 ? `load average ${load}: others use this machine too; ${advice}\n` : '';
  return (
    `$ ${command}\n` +
    `keyhole ${VERSION}${others}; node ${node}; ${cpu}, ${cores} cores\n` +
    `kernels: ${sizes}; multiply-adds in registers: ${peaks} GFLOP/s\n${busy}`
  );
}
