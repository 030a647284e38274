/**
 * Keyhole's side of the comparison: exports a trained model and the rows, attacks it as plan.json says, writes what was left.
 *
 *   node … bench/compare/ours.ts --model FOLDER --data mnist --path FOLDER --out FOLDER [--rows 1000] [--only REGEX] [--plan FILE]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allEvasionAttacks, type EvasionAttack, runEvasionAttack, spaceOf } from '../../attacks/evasion/index.ts';
import { localTarget } from '../../attacks/index.ts';
import { type Bytes, type Dataset, type FileSource, loadSet, sha256, take, writeNpz } from '../../data/index.ts';
import { Classifier, ConfigError, createEngine, Rng, sizeOf } from '../../engine/index.ts';
import { exportOnnx } from '../../experiments/export/index.ts';
import { VERSION } from '../../experiments/index.ts';
import { nameOf, type Plan, type PlannedAttack, type Result, type Results, readPlan } from './results.ts';

export interface CompareOptions {
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly plan: Plan;
  /** of the official test part, or of all; default 1000 */
  readonly rows?: number;
  readonly only?: RegExp;
  readonly onResult?: (result: Result) => void;
  readonly onLeft?: (line: string) => void;
}

export interface Compared {
  readonly results: Results;
  /** the same model and rows, for the other side */
  readonly onnx: Uint8Array;
  readonly rows: Uint8Array;
}

export async function compareOurs(o: CompareOptions): Promise<Compared> {
  const { classifier, dataset, plan } = o;
  const { split, size, inputShape } = dataset;
  const from = split?.train ?? 0;
  const n = Math.min(o.rows ?? 1000, size - from);
  const { x, y } = take(
    dataset,
    Int32Array.from({ length: n }, (_, i) => from + i),
  );
  const logits = await classifier.logits(x);
  const onnx = exportOnnx(classifier);
  const target = localTarget(classifier);
  const labels = await target.labels(x);
  const results: Result[] = [];
  const left: Results['left'] = [];
  for (const planned of plan.attacks) {
    if (o.only && !o.only.test(nameOf(planned))) continue;
    const attack = allEvasionAttacks.find(({ name }) => name === planned.attack);
    if (!attack) {
      left.push({ attack: planned.attack, norm: planned.norm, because: 'Keyhole has no attack of that name' });
      o.onLeft?.(`${nameOf(planned)}: Keyhole has no attack of that name`);
      continue;
    }
    const rows = Math.min(planned.rows ?? n, n);
    const given = {
      target,
      x: x.subarray(0, rows * sizeOf(inputShape)),
      y: y.subarray(0, rows),
      space: spaceOf(dataset),
    };
    for (const result of await attacked(attack, planned, plan.epsilons[planned.norm] ?? [], given)) {
      results.push(result);
      o.onResult?.(result);
    }
  }
  return {
    results: {
      schema: 'keyhole.compare/1',
      by: `keyhole ${VERSION}`,
      model: await sha256(onnx as Bytes),
      rows: n,
      clean: labels.filter((label, i) => label === y[i]).length / n,
      results,
      left,
    },
    onnx,
    rows: writeNpz({
      x: { shape: [n, ...inputShape], data: x },
      y: { shape: [n], data: y },
      logits: { shape: [n, classifier.model.classes], data: Float32Array.from(logits) },
    }),
  };
}

type Given = Pick<Parameters<typeof runEvasionAttack>[1], 'target' | 'x' | 'y' | 'space'>;

/** At each epsilon; an attack that looks for the nearest example runs once, and its distances say the rest. */
async function attacked(
  attack: EvasionAttack,
  { norm, ours }: PlannedAttack,
  epsilons: readonly number[],
  given: Given,
): Promise<Result[]> {
  const run = (epsilon: number) =>
    runEvasionAttack(attack, { ...given, norm, epsilon, options: ours, rng: Rng.from(1) });
  const n = given.y.length;
  const common = { attack: attack.name, norm, rows: n };
  if (attack.seeks === 'nearest') {
    const { before, distances, attacked, seconds } = await run(Infinity);
    const right = before.filter((label, i) => label === given.y[i]).length;
    const within = (epsilon: number) => distances[norm].filter((d, i) => attacked[i] && d <= epsilon).length;
    return epsilons.map((epsilon) => ({ ...common, epsilon, robust: (right - within(epsilon)) / n, seconds }));
  }
  const found: Result[] = [];
  for (const epsilon of epsilons) {
    const { robust, seconds } = await run(epsilon);
    found.push({ ...common, epsilon, robust: robust.value!, seconds });
  }
  return found;
}

/** The files of a folder. */
const folderOf = (path: string): FileSource => ({
  describe: (name) => join(path, name),
  list: () => readdir(path),
  read: async (name) => {
    const bytes = await readFile(join(path, name)).catch(() => null);
    return bytes && new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  },
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      data: { type: 'string', default: 'mnist' },
      path: { type: 'string' },
      out: { type: 'string' },
      rows: { type: 'string', default: '1000' },
      only: { type: 'string' },
      plan: { type: 'string' },
    },
  });
  const { model, out, path, only } = values;
  if (model === undefined || out === undefined)
    throw new ConfigError('compare: expected --model FOLDER and --out FOLDER. See bench/compare/README.md.', 'model');
  const engine = await createEngine();
  const file = join(model, 'model.safetensors');
  const classifier = Classifier.load(engine, readFileSync(file), { file: basename(file) });
  const dataset = await loadSet(values.data, path === undefined ? {} : { source: folderOf(path) });
  const { results, onnx, rows } = await compareOurs({
    classifier,
    dataset,
    plan: readPlan(values.plan),
    rows: Number(values.rows),
    ...(only !== undefined && { only: new RegExp(only) }),
    onResult: (r) =>
      console.log(
        `${nameOf(r)} at ${r.epsilon}: ${(100 * r.robust).toFixed(1)} % of ${r.rows} rows, ${r.seconds.toFixed(1)} s`,
      ),
    onLeft: (line) => console.log(`left out: ${line}`),
  });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'model.onnx'), onnx);
  writeFileSync(join(out, 'rows.npz'), rows);
  writeFileSync(join(out, 'ours.json'), `${JSON.stringify(results, null, 2)}\n`);
  engine.dispose();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
