/** Who may import whom. The tables are the rules; the functions below only read them. */
import { posix } from 'node:path';
import { type Import, importsOf, type Source, type Violation } from './source.ts';

/** Top-level folders, and what each may import from. A new folder needs a row here and a page in docs/decisions/. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  data: ['engine'],
  privacy: ['data', 'engine'],
  federated: ['privacy', 'data', 'engine'],
  attacks: ['privacy', 'data', 'engine'],
  defenses: ['attacks', 'privacy', 'data', 'engine'],
  experiments: ['attacks', 'defenses', 'federated', 'privacy', 'data', 'engine'],
  bench: ['experiments', 'attacks', 'defenses', 'federated', 'privacy', 'data', 'engine'],
  cli: ['bench', 'experiments', 'attacks', 'defenses', 'federated', 'privacy', 'data', 'engine'],
  lab: ['experiments', 'attacks', 'defenses', 'federated', 'privacy', 'data', 'engine'],
};

/** May import anything: they are no part of the package. */
export const FREE = ['tests', 'scripts'];

/** Compiled by another compiler; nothing above imports it, and it imports nothing above it. */
export const ASSEMBLY = 'assembly';

interface Door {
  /** the file, or a folder with a slash at the end */
  readonly to: string;
  /** whose imports may use it: folders with a slash at the end, or files */
  readonly from: readonly string[];
  readonly because: string;
}

/** A folder is entered through its index.ts, except through these. */
export const DOORS: readonly Door[] = [
  {
    to: 'engine/errors.ts',
    from: ['data/', 'cli/', 'experiments/', 'privacy/'],
    because: 'who only throws the shared errors needs no kernels for it',
  },
  {
    to: 'engine/math/index.ts',
    from: ['attacks/', 'data/', 'defenses/', 'experiments/', 'privacy/'],
    because: 'scalar maths without an engine',
  },
  {
    to: 'engine/learn/index.ts',
    from: ['attacks/', 'bench/', 'experiments/'],
    because: 'solvers on plain arrays, which need no engine either',
  },
  {
    to: 'engine/random/rng.ts',
    from: ['engine/learn/'],
    because: "the generator alone: its folder's index.ts brings tensors along, which sit higher",
  },
  {
    to: 'engine/optim/index.ts',
    from: ['experiments/'],
    because: 'optimisers by their own names; engine/index.ts has them as a namespace',
  },
  {
    to: 'engine/kernels/patch-layout.ts',
    from: ['engine/clip/'],
    because: 'the order of a kernel that only private training loads',
  },
  {
    to: 'engine/nn/models.ts',
    from: ['engine/index.ts', 'engine/train/'],
    because: 'the named models are no part of the engine that a page loads',
  },
  {
    to: 'engine/train/',
    from: ['privacy/train/'],
    because: 'private training reads the same batches and keeps the same checkpoints; nobody else needs them',
  },
  {
    to: 'engine/kernels/parts.ts',
    from: ['engine/threads/'],
    because: 'a page loads the threads when it asks for them, and all else before',
  },
  { to: 'engine/kernels/', from: ['bench/'], because: 'the kernel benches time single kernels' },
  { to: 'engine/ops/index.ts', from: ['bench/'], because: 'the op benches enumerate the registry' },
  {
    to: 'engine/kernels/add.ts',
    from: ['engine/index.ts'],
    because: 'the engine that a page loads has its first kernels only',
  },
  {
    to: 'engine/kernels/families/privacy/index.ts',
    from: ['engine/clip/', 'engine/kernels/all.ts', 'privacy/random/'],
    because: 'families by their own names, kept from the engine that a page loads',
  },
  {
    to: 'engine/kernels/load.ts',
    from: ['engine/memory/'],
    because: 'memory is sized before there are kernels to run',
  },
  {
    to: 'engine/kernels/launch.ts',
    from: ['engine/ops/', 'engine/optim/', 'engine/random/', 'engine/clip/', 'privacy/random/'],
    because: 'sits above tensors, which sit above kernels/index.ts: through the index it would be a circle',
  },
  {
    to: 'engine/kernels/family.ts',
    from: ['engine/ops/'],
    because: 'the type of a family, for helpers that take one',
  },
  {
    to: 'engine/kernels/activation.ts',
    from: ['engine/ops/'],
    because: "the kernels' numbers for activations, which callers of any op have no use for",
  },
  {
    to: 'engine/kernels/families/index.ts',
    from: ['engine/ops/', 'engine/optim/', 'engine/random/', 'engine/clip/'],
    because: 'families by their own names; kernels/index.ts has them as a list',
  },
  {
    to: 'engine/random/philox.ts',
    from: ['engine/kernels/families/'],
    because: 'the reference of the random kernels is the generator itself',
  },
  {
    to: 'engine/random/chacha20.ts',
    from: ['engine/kernels/families/privacy/', 'privacy/random/'],
    because: 'the same for private noise, which privacy/random/ keys',
  },
  {
    to: 'engine/ops/define-op.ts',
    from: ['engine/grad/', 'engine/tensor/', 'engine/clip/'],
    because: 'the tape node: grad walks it, a tensor holds it',
  },
  {
    to: 'privacy/maths/index.ts',
    from: ['attacks/'],
    because: 'special functions for intervals, without accounting and training',
  },
  {
    to: 'engine/ops/conv-geometry.ts',
    from: ['engine/clip/'],
    because: 'the per-sample rule of a convolution calls its kernel for one sample at a time',
  },
  {
    to: 'attacks/synthesis/index.ts',
    from: ['experiments/'],
    because: 'shadow data are made by experiments, which a page does not run',
  },
  {
    to: 'attacks/evasion/index.ts',
    from: ['bench/', 'cli/', 'defenses/', 'experiments/'],
    because: 'adversarial examples are a module of their own, which a page that audits membership does not load',
  },
  {
    to: 'attacks/metrics/index.ts',
    from: ['experiments/report/'],
    because: 'the report draws numbers and knows no attack',
  },
  ...['audit', 'audit-record', 'audit-target', 'dp-audit', 'dp-audit-record', 'recipe', 'version'].map((name) => ({
    to: `experiments/${name}.ts`,
    from: ['cli/'],
    because: 'experiments/index.ts brings the plots, which no command should wait for at its start',
  })),
  { to: 'cli/commands/', from: ['cli/'], because: 'one command, one file; the program lists them' },
  { to: 'experiments/training/index.ts', from: ['cli/'], because: 'for the same reason' },
  { to: 'experiments/runner/index.ts', from: ['cli/'], because: 'for the same reason' },
  {
    to: 'experiments/export/index.ts',
    from: ['cli/', 'bench/'],
    because: 'who exports no model waits for no protobuf',
  },
  { to: 'experiments/robustness/index.ts', from: ['cli/'], because: 'for the same reason' },
  { to: 'experiments/registry/index.ts', from: ['cli/'], because: 'for the same reason' },
  { to: 'experiments/report/index.ts', from: ['cli/', 'bench/'], because: 'not every program draws plots' },
  { to: 'engine/platform/', from: ['engine/'], because: 'reached as #platform only' },
];

/** Within engine/, from the ground up. A file may import at run time what stands on a lower line, or on its own. */
export const ENGINE_ORDER: readonly (readonly string[])[] = [
  ['engine/errors.ts', 'engine/dispose.ts', 'engine/platform/', 'engine/math/'],
  ['engine/random/chacha20.ts', 'engine/random/philox.ts', 'engine/random/rng.ts', 'engine/learn/'],
  ['engine/kernels/'],
  ['engine/memory/', 'engine/threads/'],
  ['engine/tensor/'],
  ['engine/kernels/launch.ts', 'engine/engine.ts'],
  ['engine/ops/', 'engine/random/'],
  ['engine/grad/'],
  ['engine/clip/'],
  ['engine/nn/', 'engine/optim/'],
  ['engine/train/', 'engine/browser.ts'],
  ['engine/index.ts'],
];

const topOf = (path: string) => path.slice(0, path.indexOf('/'));
const matches = (path: string, pattern: string) =>
  pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern;

/** The line of ENGINE_ORDER with the most precise match. */
export function engineLevel(path: string): number {
  let best = -1;
  let precision = 0;
  for (const [level, patterns] of ENGINE_ORDER.entries()) {
    for (const pattern of patterns) {
      if (!matches(path, pattern) || pattern.length <= precision) continue;
      best = level;
      precision = pattern.length;
    }
  }
  return best;
}

/** Whether `target` lies in a folder that `path` does not share, and is not that folder's index.ts. */
function climbsThroughTheWindow(path: string, target: string): boolean {
  const shared = posix.dirname(target);
  const inside = `${posix.dirname(path)}/`.startsWith(`${shared}/`);
  if (inside) return false;
  if (posix.basename(target) !== 'index.ts') return true;
  // An index.ts is the door of its own folder only: its parent must be open to the importer.
  const parent = posix.dirname(shared);
  return parent !== '.' && !`${posix.dirname(path)}/`.startsWith(`${parent}/`);
}

const mayUseDoor = (path: string, target: string) =>
  DOORS.some((door) => matches(target, door.to) && door.from.some((from) => matches(path, from)));

function faultOf(path: string, { target, specifier, typeOnly }: Import): string | null {
  if (target === null) return null;
  const [top, to] = [topOf(path), topOf(target)];
  if (top !== to && !MAY_IMPORT[top]!.includes(to))
    return `${top}/ may import ${MAY_IMPORT[top]!.join(', ') || 'nothing above it'}, not ${to}/ (${specifier})`;
  if (climbsThroughTheWindow(path, target) && !mayUseDoor(path, target))
    return `enter the folder through its index.ts, or list the exception in DOORS (${specifier})`;
  if (top !== 'engine' || to !== 'engine' || typeOnly) return null;
  const [here, there] = [engineLevel(path), engineLevel(target)];
  if (here < 0 || there < 0) return `ENGINE_ORDER has no line for ${here < 0 ? path : target}`;
  if (there > here) return `imports ${target} from a higher line of ENGINE_ORDER`;
  return null;
}

/** Imports that point upwards, or enter a folder elsewhere than through its index.ts. */
export function importFaults(sources: readonly Source[]): Violation[] {
  const faults: Violation[] = [];
  for (const source of sources) {
    const top = topOf(source.path);
    if (FREE.includes(top)) continue;
    if (top === ASSEMBLY) {
      for (const { target, line } of importsOf(source)) {
        if (target === null || topOf(target) !== ASSEMBLY)
          faults.push({ where: `${source.path}:${line}`, says: 'assembly/ imports nothing above it' });
      }
      continue;
    }
    if (!MAY_IMPORT[top]) {
      faults.push({ where: source.path, says: `MAY_IMPORT has no row for ${top || 'files of the top level'}` });
      continue;
    }
    for (const found of importsOf(source)) {
      const says = faultOf(source.path, found);
      if (says) faults.push({ where: `${source.path}:${found.line}`, says });
    }
  }
  return faults;
}

/** Here an op and the op that is its gradient name each other. They do so when called, not while they are loaded. */
export const CIRCLES_ALLOWED_IN = 'engine/ops/';

/** Circles of run-time imports: whichever file is loaded first, another sees it half made. */
export function importCircles(sources: readonly Source[]): Violation[] {
  const edges = new Map(
    sources.map((s) => {
      const targets = importsOf(s).flatMap((i) => (i.target === null || i.typeOnly ? [] : [i.target]));
      const both = (target: string) => [s.path, target].every((p) => p.startsWith(CIRCLES_ALLOWED_IN));
      return [s.path, targets.filter((target) => !both(target))];
    }),
  );
  const faults: Violation[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      faults.push({ where: path, says: `circle: ${[...trail.slice(at), path].join(' -> ')}` });
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return faults;
}
