/**
 * What a model answers about the rows of a design, asked once and kept: every attack reads the same answers. File:
 * logits.npy, f32 [views, rows, classes].
 */
import * as v from 'valibot';
import { type Dataset, readNpy, take, writeNpy } from '../../data/index.ts';
import { Classifier, ConfigError, type Rows } from '../../engine/index.ts';
import { defineKind, MODEL_FILE, type Needed } from '../runner/index.ts';
import {
  checkDesign,
  type Design,
  designSchema,
  type MadeRows,
  madeRows,
  poolOf,
  populationOf,
  rowsOfModel,
  whichSchema,
} from './design.ts';
import { viewsFor, viewsSchema } from './views.ts';

export const LOGITS_FILE = 'logits.npy';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Rows that are asked about together. */
const AT_ONCE = 2048;

/** A row through a small network on one core, seconds. */
const ROW = 3e-4;

export const modelOutputs = defineKind({
  name: 'model-outputs',
  about: 'asks the model of the job that it needs about the rows of a design, and keeps its logits',
  version: 1,
  settings: v.strictObject({
    design: designSchema,
    /** whose members and non-members, where the design keeps data apart; halves: of all models the pool, then the population */
    which: whichSchema,
    views: viewsSchema,
    /** rows that no model of a design of halves is trained on */
    population: count,
  }),
  result: v.strictObject({ rows: count, views: count, classes: count }),
  cost: ({ design, views, population }) =>
    (design.kind === 'apart' ? 2 * design.train : design.pool + population) * views.count * ROW,
  check({ design, population }, [data]) {
    checkDesign(design, data);
    if (design.kind === 'halves' && design.pool + population > data!.size) {
      throw new ConfigError(
        `population: expected at most the ${data!.size - design.pool} rows of ${data!.name} that are not in the pool, got ` +
          `${population}. Ask for fewer of either.`,
        'population',
      );
    }
  },
  async run({ settings, signal, engine, dataset, needs, write, progress }) {
    const [trained] = needs;
    if (!trained) throw new ConfigError('model-outputs: expected a job that trained the model, got none.', 'needs');
    const rows = rowsAsked(await dataset(), settings, await madeRows(settings.design, needs));
    const classifier = Classifier.load(await engine(), await trained.file(MODEL_FILE));
    const { classes, inputShape } = classifier.model;
    const { count: asked, view } = viewsFor(settings.views, inputShape);
    const n = rows.y.length;
    const logits = new Float32Array(asked * n * classes);
    const width = rows.x.length / n;
    // some rows at a time, whose views are dropped when they have been asked about
    for (let from = 0; from < n; from += AT_ONCE) {
      const x = rows.x.subarray(from * width, (from + AT_ONCE) * width);
      for (let k = 0; k < asked; k++)
        logits.set(await classifier.logits(view(x, k), { signal }), (k * n + from) * classes);
      progress(Math.min(1, (from + AT_ONCE) / n));
    }
    await write(LOGITS_FILE, writeNpy({ shape: [asked, n, classes], data: logits }));
    return { rows: n, views: asked, classes };
  },
});

/** The rows that the outputs are of: members, then non-members; halves: the pool, then the population. */
export function rowsAsked(
  dataset: Dataset,
  { design, which, population }: { design: Design; which: 'target' | number; population: number },
  made: MadeRows | null = null,
): Rows {
  const { data, members, nonMembers } = rowsOfModel(dataset, design, which, made);
  if (design.kind === 'apart') return take(data, joined(members, nonMembers));
  return take(data, joined(poolOf(dataset, design), populationOf(dataset, design, population)));
}

export function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The kept logits of a finished job, for each view [rows, classes]. @throws FormatError when the file is damaged */
export async function logitsOf(needed: Needed): Promise<Float64Array[]> {
  const { shape, data } = readNpy(await needed.file(LOGITS_FILE), LOGITS_FILE);
  const [views, rows, classes] = shape as [number, number, number];
  const size = rows * classes;
  return Array.from({ length: views }, (_, k) => Float64Array.from(data.subarray(k * size, (k + 1) * size)));
}
