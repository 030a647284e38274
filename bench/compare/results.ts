/** What both sides of a comparison write: robust accuracies on the same rows of the same model. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { FormatError } from '../../engine/index.ts';

const norm = v.picklist(['linf', 'l2']);
const options = v.record(v.string(), v.union([v.number(), v.boolean(), v.string()]));

const planSchema = v.object({
  epsilons: v.record(norm, v.array(v.number())),
  attacks: v.array(
    v.object({
      attack: v.string(),
      norm,
      /** the first of the rows; default all */
      rows: v.optional(v.number()),
      /** options of Keyhole's attack */
      ours: v.record(v.string(), v.number()),
      theirs: v.union([
        v.object({
          package: v.literal('foolbox'),
          attack: v.string(),
          options,
          /** rows at a time; default all */
          batch: v.optional(v.number()),
        }),
        v.object({
          package: v.literal('autoattack'),
          run: v.union([v.literal('standard'), v.array(v.string())]),
          set: v.optional(options),
        }),
      ]),
      /** why the two do not count the same */
      loosely: v.optional(v.string()),
      /** why ours may be any number of points lower */
      lower: v.optional(v.string()),
    }),
  ),
});
export type Plan = v.InferOutput<typeof planSchema>;
export type PlannedAttack = Plan['attacks'][number];

const resultsSchema = v.object({
  schema: v.literal('keyhole.compare/1'),
  /** versions, in words */
  by: v.string(),
  /** of the ONNX file */
  model: v.string(),
  rows: v.number(),
  /** share of the rows that are right without an attack */
  clean: v.number(),
  results: v.array(
    v.object({
      attack: v.string(),
      norm,
      epsilon: v.number(),
      rows: v.number(),
      /** share of the rows that are right after it */
      robust: v.number(),
      seconds: v.number(),
      /** versions, where they are others than the file's */
      by: v.optional(v.string()),
    }),
  ),
  /** planned and not run, with the reason */
  left: v.array(v.object({ attack: v.string(), norm, because: v.string() })),
});
export type Results = v.InferOutput<typeof resultsSchema>;
export type Result = Results['results'][number];

function parsed<S extends v.GenericSchema>(schema: S, path: string): v.InferOutput<S> {
  const found = v.safeParse(schema, JSON.parse(readFileSync(path, 'utf8')));
  if (found.success) return found.output;
  const [issue] = found.issues;
  throw new FormatError(`${path}: ${v.getDotPath(issue) ?? ''}: ${issue.message}`, path);
}

export const readPlan = (path = fileURLToPath(new URL('plan.json', import.meta.url))): Plan => parsed(planSchema, path);
export const readResults = (path: string): Results => parsed(resultsSchema, path);

export const nameOf = ({ attack, norm }: Pick<PlannedAttack, 'attack' | 'norm'>) => `${attack} ${norm}`;
