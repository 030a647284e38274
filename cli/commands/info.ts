/** keyhole info: the version, the machine, the kernels that run on it, and the data that is at hand. */
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Command } from 'commander';
import { SETS } from '../../data/index.ts';
import { createEngine, hasRelaxedSimd } from '../../engine/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { engineFor, relaxedByEnvironment } from '../engine.ts';
import { dataFolder, findSet } from '../files.ts';
import { bytesText, columns, outputTo } from '../output.ts';
import type { InfoResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';

const ENGINE_LIMIT = 2 ** 32;

export function infoCommand(command: Command, terminal: Terminal): Command {
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const output = outputTo(terminal, outputOptions(options));
    const info = await gather(terminal.env);
    output.printJson(info);
    output.print(infoText(info, output.width));
  });
}

async function gather(env: Terminal['env']): Promise<InfoResult> {
  const processors = cpus();
  const sets = await Promise.all(
    Object.values(SETS).map(async ({ name, kind, files }) => {
      const source = kind === 'files' && files.length > 0 ? await findSet(name, { env }) : null;
      return { name, kind, present: kind !== 'files' || source !== null, place: source?.describe('') ?? null };
    }),
  );
  return {
    schema: 'keyhole.info/1',
    version: VERSION,
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    cpu: { model: processors[0]?.model.trim() ?? 'unknown', cores: processors.length },
    builds: [await build('base'), await build('relaxed')],
    build: { default: 'base', chosen: relaxedByEnvironment(env) ? 'relaxed' : 'base' },
    relaxedSimd: hasRelaxedSimd(),
    threads: {
      available: availableParallelism(),
      sharedMemory: typeof SharedArrayBuffer === 'function',
      ...(await kernelThreads()),
    },
    memory: { machine: totalmem(), limit: ENGINE_LIMIT },
    data: { folder: dataFolder(env), sets: sets.filter(({ name }) => name !== 'csv' && name !== 'npz') },
  };
}

/** Tries a build: the file may be missing, and the machine may not take it. */
async function build(name: 'base' | 'relaxed'): Promise<InfoResult['builds'][number]> {
  try {
    (await createEngine({ build: name })).dispose();
    return { name, available: true };
  } catch (error) {
    return { name, available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Tries two threads: whether kernels can be split shows once they have started. */
async function kernelThreads(): Promise<Pick<InfoResult['threads'], 'kernels' | 'reason'>> {
  try {
    const engine = await engineFor({}, 2);
    await engine.startThreads();
    const { reason } = engine.threads;
    engine.dispose();
    return { kernels: reason === null, reason };
  } catch (error) {
    return { kernels: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function chosenBecause({ build }: InfoResult): string {
  return build.chosen === build.default ? 'used unless another is asked for' : 'what KEYHOLE_RELAXED asks for';
}

function threadsText({ threads }: InfoResult): string {
  const { available, kernels, reason } = threads;
  const most = available === 1 ? '1' : `up to ${available} unless --threads says otherwise`;
  return `${most}; as models at the same time${kernels ? ', or within kernels' : `, not within kernels: ${reason}`}`;
}

function infoText(info: InfoResult, width: number): string {
  const builds = info.builds.map((b) => (b.available ? b.name : `${b.name} (not here: ${b.reason})`));
  const present = info.data.sets.filter((set) => set.present).map((set) => set.name);
  const absent = info.data.sets.filter((set) => !set.present).map((set) => set.name);
  return columns(
    [
      ['keyhole', info.version],
      ['node', `${info.node} on ${info.system}`],
      ['cpu', `${info.cpu.model}, ${info.cpu.cores} cores`],
      ['kernels', `${builds.join(', ')}; ${info.build.chosen} is ${chosenBecause(info)}`],
      ['relaxed SIMD', info.relaxedSimd ? 'yes (--relaxed)' : 'no'],
      ['threads', threadsText(info)],
      ['memory', `${bytesText(info.memory.machine)}; tensors may take ${bytesText(info.memory.limit)}`],
      ['data folder', info.data.folder],
      ['sets here', present.join(', ')],
      ...(absent.length > 0 ? [['to fetch', `${absent.join(', ')} (keyhole data get NAME)`]] : []),
    ],
    width,
    0,
  );
}
