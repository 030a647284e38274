/**
 * Shadow data for an attacker who has no rows of the target's distribution: made once, and drawn from by all shadow models of a design
 * whose `shadowRows` are made. File: shadow-data.npz, x in the data set's stored units and type, y.
 * Shokri et al. 2017, section V-C; 'other': Salem et al. 2019 (ML-Leaks), adversary 2, data of another distribution.
 */
import * as v from 'valibot';
import { localTarget, type Target } from '../../attacks/index.ts';
import {
  checkClimb,
  fieldsOf,
  type SynthesisName,
  type SyntheticRows,
  syntheses,
  synthesise,
} from '../../attacks/synthesis/index.ts';
import { type Dataset, rowLength, type Schema, stratifiedSplit, take, writeNpz } from '../../data/index.ts';
import { Classifier, ConfigError, type Engine, Rng } from '../../engine/index.ts';
import { count, seedField, whole } from '../fields.ts';
import { type DataFacts, defineKind, MODEL_FILE } from '../runner/index.ts';
import { type ApartDesign, apartOnly, checkDesign, designSchema, MADE_FILE, targetOf } from './design.ts';

type OptionsSchema<N extends SynthesisName> = {
  [K in keyof (typeof syntheses)[N]['options']]: v.OptionalSchema<v.NumberSchema<undefined>, number>;
};
const optionsOf = <N extends SynthesisName>(name: N) =>
  Object.fromEntries(
    Object.entries(syntheses[name].options).map(([option, def]) => {
      const range = `expected a number from ${def.min} to ${def.max}`;
      const value = v.pipe(v.number(), v.minValue(def.min, range), v.maxValue(def.max, range));
      return [option, v.optional(value, def.default)];
    }),
  ) as unknown as OptionsSchema<N>;

/** Default: four times a model's members, or what is left over if that is less; hill climbing: what a shadow model needs. */
const rows = v.exactOptional(count);

/** Ways to make rows, with their options. */
export const syntheticKnowledge = [
  v.strictObject({ kind: v.literal('noisy'), rows, ...optionsOf('noisy') }),
  v.strictObject({ kind: v.literal('marginals'), rows, ...optionsOf('marginals') }),
  v.strictObject({ kind: v.literal('hill-climbing'), rows, ...optionsOf('hill-climbing') }),
] as const;

/** Rows of a data set with as many classes and rows of the same shape. */
export const otherKnowledge = v.strictObject({ kind: v.literal('other'), rows });

/** The other data set is the job's second. */
const knowledgeSchema = v.variant('kind', [...syntheticKnowledge, otherKnowledge]);
export type Knowledge = v.InferOutput<typeof knowledgeSchema>;

/** Whether making the rows takes the target's answers: the job then needs the one that trained it. */
export const asksTarget = ({ kind }: Pick<Knowledge, 'kind'>): boolean =>
  kind !== 'other' && (syntheses[kind].needs as readonly string[]).includes('target');

/** Seconds on one core: of a number of a row that is drawn, and of a question. */
const [DRAW, ASK] = [2e-7, 3e-5];
/** Questions for a row that hill climbing finds. */
const SEARCH = 200;

export const shadowData = defineKind({
  name: 'shadow-data',
  about:
    'makes shadow data for an attacker with partial knowledge, with the help of the target of the job that it needs',
  version: 2,
  settings: v.strictObject({ design: designSchema, knowledge: knowledgeSchema, seed: seedField }),
  result: v.strictObject({
    rows: count,
    /** of each class */
    perClass: v.array(whole(0)),
    /** rows that the target was asked about */
    queries: whole(0),
    /** searches that found nothing */
    failed: whole(0),
    stopped: v.nullable(v.literal('budget')),
  }),
  cost: ({ design, knowledge }, [data, other]) => {
    const n = rowsWanted(knowledge, apartOnly(design), data!, other);
    const values = n * data!.inputShape.reduce((a, b) => a * b, 1) * DRAW;
    return 0.5 + values + (knowledge.kind === 'hill-climbing' ? n * SEARCH * ASK : 0);
  },
  check({ design, knowledge }, [data, other]) {
    const apart = apartOnly(design);
    checkDesign(apart, data);
    checkKnowledge(knowledge, apart, data!, other);
  },
  async run({ settings, needs: [trained], dataset, engine, signal, write, progress }) {
    const { knowledge, seed } = settings;
    const design = apartOnly(settings.design);
    const own = await dataset();
    const { data, others } = targetOf(own, design);
    const rng = Rng.from(seed).split(`shadow data ${knowledge.kind}`);
    let made: SyntheticRows;
    if (knowledge.kind === 'other') {
      const other = await dataset(1);
      made = rowsOf(own, other, rowsWanted(knowledge, design, own, other), rng);
    } else {
      const { kind, rows: _, ...options } = knowledge;
      const n = rowsWanted(knowledge, design, own);
      const needs: readonly string[] = syntheses[kind].needs;
      // noise is on n rows, and the attacker has no others; marginals are of all that there are
      const known = kind === 'noisy' ? others.subarray(0, n) : others;
      const reference = needs.includes('reference') ? storedRows(own, known) : null;
      const target = asksTarget(knowledge) ? await targetOnStored(await engine(), trained, data) : null;
      const { classes } = data;
      const task = { fields: fieldsOf(data), classes, rows: n, options, rng, signal, onProgress: progress };
      made = await synthesise(kind, { ...task, ...(reference && { reference }), ...(target && { target }) });
    }
    const { x, y, queries, failed, stopped } = made;
    if (y.length < 2 * design.train)
      throw new ConfigError(
        `knowledge: expected at least ${2 * design.train} rows, members and non-members of a shadow model, ${knowledge.kind} gave ${y.length}` +
          `${stopped ? ' before its query budget ended' : ` and ${failed} searches found none`}. ` +
          'Lower confMin, raise iterMax or queryBudget, or ask for smaller models.',
        'knowledge',
      );
    const stored = own.x instanceof Uint8Array ? Uint8Array.from(x) : x;
    await write(
      MADE_FILE,
      writeNpz({ x: { shape: [y.length, rowLength(own)], data: stored }, y: { shape: [y.length], data: y } }),
    );
    const perClass = new Array<number>(data.classes).fill(0);
    for (const label of y) perClass[label]!++;
    return { rows: y.length, perClass, queries, failed, stopped };
  },
});

type Size = Pick<DataFacts, 'size'>;

function rowsWanted(
  knowledge: Knowledge,
  { train }: ApartDesign,
  data: Size,
  other: Size | undefined = undefined,
): number {
  if (knowledge.rows !== undefined) return knowledge.rows;
  if (knowledge.kind === 'hill-climbing') return 2 * train;
  return Math.min(4 * train, knowledge.kind === 'other' ? (other?.size ?? 0) : data.size - 2 * train);
}

function checkKnowledge(
  knowledge: Knowledge,
  design: ApartDesign,
  data: DataFacts,
  other: DataFacts | undefined,
): void {
  const need = 2 * design.train;
  if (knowledge.kind === 'hill-climbing') checkClimb(knowledge);
  if (knowledge.kind === 'other') {
    if (!other) throw new ConfigError("knowledge: expected the other data set as the job's second, got none.", 'data');
    checkOther(data, other);
  }
  const wanted = rowsWanted(knowledge, design, data, other);
  const most =
    knowledge.kind === 'noisy' ? data.size - need : knowledge.kind === 'other' ? other!.size : Number.POSITIVE_INFINITY;
  if (wanted >= need && wanted <= most) return;
  throw new ConfigError(
    `knowledge: expected ${need} rows or more${most < Number.POSITIVE_INFINITY ? `, of ${most} that there are` : ''}, since a shadow model has ` +
      `${design.train} members and as many non-members; got ${wanted}. ${most < need ? 'Ask for smaller models' : 'Change rows'}.`,
    'knowledge.rows',
  );
}

function checkOther(data: DataFacts, other: DataFacts): void {
  const refuse = (expected: string, got: string): never => {
    throw new ConfigError(
      `knowledge: ${other.name}: expected ${expected}, got ${got}. Choose another data set.`,
      'knowledge.data',
    );
  };
  if (other.sha256 === data.sha256) refuse(`data other than the target's, ${data.name}`, 'the same');
  if (`${other.inputShape}` !== `${data.inputShape}`)
    refuse(`rows of [${data.inputShape}], as those of ${data.name}`, `[${other.inputShape}]`);
  if (other.classes !== data.classes) refuse(`the ${data.classes} classes of ${data.name}`, `${other.classes}`);
}

/** Rows of another set, each class as often as there, in the stored units of the target's. */
function rowsOf(own: Dataset, other: Dataset, n: number, rng: Rng): SyntheticRows {
  checkSchemas(own, other);
  const chosen = stratifiedSplit(other.y, other.classes, { chosen: n }, rng).chosen;
  const { x, y } = storedRows(other, chosen);
  if (own.schema.kind === 'image' && other.schema.kind === 'image') {
    const [[low, high], [from, to]] = [own.schema.range, other.schema.range];
    const bytes = own.x instanceof Uint8Array;
    for (const [i, value] of x.entries()) {
      const scaled = low + ((value - from) / (to - from)) * (high - low);
      x[i] = bytes ? Math.round(scaled) : scaled;
    }
  }
  return { x, y, queries: 0, failed: 0, stopped: null };
}

/** @throws ConfigError where the columns of two tables do not mean the same */
function checkSchemas(own: Dataset, other: Dataset): void {
  const meaning = (schema: Schema) =>
    schema.kind === 'image'
      ? ['image']
      : schema.columns.map(
          (c) => `${c.kind} ${c.name}${c.kind === 'categorical' ? ` (${c.categories.join(', ')})` : ''}`,
        );
  const [expected, got] = [meaning(own.schema), meaning(other.schema)];
  const at = expected.findIndex((one, i) => one !== got[i]);
  if (at < 0 && expected.length === got.length) return;
  throw new ConfigError(
    `knowledge: ${other.name}: expected the columns of ${own.name}, '${expected[at] ?? 'no more'}' at ${at + 1}, got '${got[at] ?? 'none'}'. ` +
      'Give both tables the same columns and categories.',
    'knowledge.data',
  );
}

/** Stored values of rows, as numbers. */
function storedRows({ x, y, inputShape }: Dataset, rows: Int32Array) {
  const width = rowLength({ inputShape });
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(x.subarray(row * width, (row + 1) * width), i * width);
  return { x: out, y: rows.map((row) => y[row]!) };
}

/** The trained target, asked about rows in stored units: its own scaling is part of it. */
async function targetOnStored(
  engine: Engine,
  trained: { file(name: string): Promise<Uint8Array<ArrayBuffer>> } | undefined,
  data: Dataset,
): Promise<Target<'probabilities'>> {
  if (!trained) throw new ConfigError('shadow-data: expected the job that trained the target, got none.', 'needs');
  const target = localTarget(Classifier.load(engine, await trained.file(MODEL_FILE)));
  const width = rowLength(data);
  const seen = (x: Float32Array | Float64Array) => {
    const size = x.length / width;
    const stored = { ...data, x: Float32Array.from(x), y: new Int32Array(size), size };
    return take(
      stored,
      Int32Array.from({ length: size }, (_, i) => i),
    ).x;
  };
  return {
    inputShape: target.inputShape,
    classes: target.classes,
    queries: target.queries,
    labels: (x) => target.labels(seen(x)),
    probabilities: (x) => target.probabilities(seen(x)),
  };
}
