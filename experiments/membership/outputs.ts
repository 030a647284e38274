/**
 * What a model answers about the rows of a design, asked once and kept: every attack reads the same answers. File:
 * logits.npy, f32 [views, rows, classes]. Behind an output defence: the logarithms of the probabilities that it answers, which
 * need not sum to 1 (the largest three, rounded ones).
 */
import * as v from 'valibot';
import { spaceOf } from '../../attacks/evasion/index.ts';
import { clopperPearson, localTarget, score, softmaxRows } from '../../attacks/index.ts';
import { type Dataset, examples, readNpy, take, writeNpy } from '../../data/index.ts';
import { type DefenseName, outputDefence } from '../../defenses/index.ts';
import { Classifier, ConfigError, type Rows } from '../../engine/index.ts';
import { exp, log } from '../../engine/math/index.ts';
import { defineKind, MODEL_FILE, type Needed, shareSchema } from '../runner/index.ts';
import { checkOutputDefence, checkReserve, defenceSchema, reserveOf, reserveSize, seedsOf } from './defence.ts';
import {
  checkDesign,
  type Design,
  designSchema,
  type MadeRows,
  madeRows,
  poolOf,
  populationOf,
  rowsOfModel,
  type Which,
  whichSchema,
} from './design.ts';
import { checkFurther, type Further, furtherRows, furtherSchema } from './further.ts';
import { viewsFor, viewsSchema } from './views.ts';

export const LOGITS_FILE = 'logits.npy';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Rows that are asked about together. */
const AT_ONCE = 2048;

/** A row through a small network on one core, seconds; and what MemGuard adds to it. */
const [ROW, GUARDED] = [3e-4, 1e-3];

/** What stands before the model, and the seed of the model's own job, which names what the defence draws. */
const outputDefenceSchema = v.strictObject({ ...defenceSchema.entries, seed: count });

const settingsSchema = v.strictObject({
  design: designSchema,
  /** whose members and non-members, where the design keeps data apart; halves: of all models the pool, then the population */
  which: whichSchema,
  views: viewsSchema,
  /** rows that no model of a design of halves is trained on */
  population: count,
  /** non-members of the target beside its own, where the design keeps data apart; absent: none */
  further: v.exactOptional(furtherSchema),
  /** absent: the model answers itself */
  defence: v.exactOptional(outputDefenceSchema),
});

export const modelOutputs = defineKind({
  name: 'model-outputs',
  about: 'asks the model of the job that it needs about the rows of a design, and keeps its logits',
  version: 1,
  settings: settingsSchema,
  result: v.strictObject({
    rows: count,
    views: count,
    classes: count,
    /** absent: logits */
    answers: v.exactOptional(v.literal('log-probabilities')),
    /** how often the labels that an output defence answers are right, where the design keeps data apart */
    accuracy: v.exactOptional(v.strictObject({ train: shareSchema, out: shareSchema })),
  }),
  cost: ({ design, views, population, further, defence }) =>
    (design.kind === 'apart' ? 2 * design.train + (further?.rows ?? 0) : design.pool + population) *
    views.count *
    (defence?.name === 'memguard' ? ROW + GUARDED : ROW),
  check({ design, population, which, further, defence }, [data]) {
    checkDesign(design, data);
    if (further) checkFurther(further, design, which, data!);
    if (defence) {
      checkOutputDefence(defence);
      checkReserve(design, which, data!, reserveSize(defence, design));
    }
    if (design.kind === 'halves' && design.pool + population > data!.size) {
      throw new ConfigError(
        `population: expected at most the ${data!.size - design.pool} rows of ${data!.name} that are not in the pool, got ` +
          `${population}. Ask for fewer of either.`,
        'population',
      );
    }
  },
  async run({ settings, signal, engine, dataset, needs, write, progress }) {
    const { design } = settings;
    const [trained] = needs;
    if (!trained) throw new ConfigError('model-outputs: expected a job that trained the model, got none.', 'needs');
    const made = await madeRows(design, needs);
    const rows = rowsAsked(await dataset(), settings, made);
    const classifier = Classifier.load(await engine(), await trained.file(MODEL_FILE));
    const { classes, inputShape } = classifier.model;
    const { count: asked, view } = viewsFor(settings.views, inputShape);
    const guarded = await behindDefence(classifier, await dataset(), settings, made, signal);
    const ask = async (x: Rows['x']) =>
      guarded
        ? (await guarded.probabilities(x)).map((p) => log(p + score.PROBABILITY_FLOOR))
        : classifier.logits(x, { signal });
    const n = rows.y.length;
    const logits = new Float32Array(asked * n * classes);
    const labels = new Int32Array(n);
    const width = rows.x.length / n;
    // some rows at a time, whose views are dropped when they have been asked about
    for (let from = 0; from < n; from += AT_ONCE) {
      const x = rows.x.subarray(from * width, (from + AT_ONCE) * width);
      for (let k = 0; k < asked; k++) logits.set(await ask(view(x, k)), (k * n + from) * classes);
      if (guarded) labels.set(await guarded.labels(x), from);
      progress(Math.min(1, (from + AT_ONCE) / n));
    }
    await write(LOGITS_FILE, writeNpy({ shape: [asked, n, classes], data: logits }));
    const result = { rows: n, views: asked, classes };
    if (!guarded) return result;
    const accuracy = (from: number, to: number) =>
      clopperPearson({ hits: labels.subarray(from, to).filter((l, i) => l === rows.y[from + i]).length, n: to - from });
    return {
      ...result,
      answers: 'log-probabilities' as const,
      ...(design.kind === 'apart' && {
        accuracy: { train: accuracy(0, design.train), out: accuracy(design.train, 2 * design.train) },
      }),
    };
  },
});

/** The model behind its output defence; null where it answers itself. */
async function behindDefence(
  classifier: Classifier,
  dataset: Dataset,
  { design, which, defence }: v.InferOutput<typeof settingsSchema>,
  made: MadeRows | null,
  signal: AbortSignal,
) {
  if (!defence) return null;
  const { data, members } = rowsOfModel(dataset, design, which, made);
  const reserve = reserveOf(dataset, design, which, reserveSize(defence, design));
  const wrap = await outputDefence(classifier.engine, classifier, examples(data, members), {
    defence: defence.name as DefenseName,
    options: defence.options,
    seed: seedsOf(defence.seed, which).seed,
    inputBounds: spaceOf(data),
    signal,
    ...(reserve.length > 0 && { reserve: examples(data, reserve) }),
  });
  return wrap(localTarget(classifier, { signal }));
}

/** The rows that the outputs are of: members, non-members, then further ones; halves: the pool, then the population. */
export function rowsAsked(
  dataset: Dataset,
  { design, which, population, further }: { design: Design; which: Which; population: number; further?: Further },
  made: MadeRows | null = null,
): Rows {
  const { data, members, nonMembers } = rowsOfModel(dataset, design, which, made);
  if (design.kind === 'halves') {
    return take(data, joined(poolOf(dataset, design), populationOf(dataset, design, population)));
  }
  const own = joined(members, nonMembers);
  return take(data, further ? joined(own, furtherRows(dataset, design, further)) : own);
}

/** Labels of members and non-members, of a design that keeps data apart. */
export function labelsAsked(dataset: Dataset, design: Design, which: Which, made: MadeRows | null = null): Int32Array {
  const { data, members, nonMembers } = rowsOfModel(dataset, design, which, made);
  return joined(members, nonMembers).map((row) => data.y[row]!);
}

/** Labels of the target's further non-members. */
export const furtherLabels = (dataset: Dataset, design: Design, further: Further | undefined): Int32Array =>
  further ? furtherRows(dataset, design, further).map((row) => dataset.y[row]!) : new Int32Array(0);

export function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The kept logits of a finished job, for each view [rows, classes]. @throws FormatError when the file is damaged */
export async function logitsOf(needed: Needed): Promise<Float64Array[]> {
  if (needed.result(modelOutputs).answers === undefined) return keptOf(needed);
  throw new ConfigError(
    'outputs: expected logits, got the answers of an output defence. Attack those by class.',
    'needs',
  );
}

/** What a finished job was answered about the rows themselves [rows, classes]: logits where the model gives them. @throws FormatError */
export async function answersOf(needed: Needed) {
  const { classes, answers } = needed.result(modelOutputs);
  const [kept] = await keptOf(needed);
  return answers
    ? ({ kind: 'probabilities', rows: kept!.map((z) => exp(z)), classes } as const)
    : ({ kind: 'logits', rows: kept!, classes } as const);
}

/** The same as probabilities. @throws FormatError */
export async function probabilitiesOf(needed: Needed): Promise<Float64Array> {
  const { kind, rows, classes } = await answersOf(needed);
  return kind === 'probabilities' ? rows : softmaxRows(rows, classes);
}

async function keptOf(needed: Needed): Promise<Float64Array[]> {
  const { shape, data } = readNpy(await needed.file(LOGITS_FILE), LOGITS_FILE);
  const [views, rows, classes] = shape as [number, number, number];
  const size = rows * classes;
  return Array.from({ length: views }, (_, k) => Float64Array.from(data.subarray(k * size, (k + 1) * size)));
}
