/** The record of one evaluation of robustness, `keyhole.robustness/1`: what a run writes and what the report reads. */
import * as v from 'valibot';
import { maskingLevels, norms } from '../../attacks/evasion/index.ts';
import { accessLevels } from '../../attacks/index.ts';
import { estimateSchema } from '../audit-record.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const size = v.pipe(v.number(), v.minValue(0));
const access = v.picklist(accessLevels);
const warnings = v.array(v.object({ code: v.string(), message: v.string() }));
const picture = v.pipe(v.string(), v.regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/));

const pointSchema = v.object({
  epsilon: size,
  /** rows that are right without the attack and with it */
  robust: estimateSchema,
  /** of the attacked rows, those that fool */
  success: estimateSchema,
  /** robust when rows are stored in whole steps; null where the data are not */
  rounded: v.nullable(estimateSchema),
});

const attackSchema = v.object({
  name: v.string(),
  title: v.string(),
  paper: v.string(),
  access,
  family: v.string(),
  seeks: v.picklist(['within', 'nearest']),
  options: v.record(v.string(), v.number()),
  curve: v.array(pointSchema),
  /** size of the smallest perturbations that fool, where the attack looks for them; null otherwise, or where nothing was fooled */
  medianDistance: v.nullable(size),
  queries: count,
  seconds: size,
  /** the query budget ended before the attack did */
  stopped: v.boolean(),
  warnings,
});

const exampleSchema = v.object({
  row: count,
  label: v.string(),
  before: v.string(),
  after: v.string(),
  attack: v.string(),
  epsilon: size,
  /** in the norm of the evaluation */
  distance: size,
  clean: picture,
  adversarial: picture,
  /** grey is no change */
  perturbation: picture,
  /** by how much the picture of the perturbation exaggerates */
  magnified: size,
});

/** adaptive: knows the defence; unaware: attacks the model without it; answers: has what the defended model grants */
export const attackers = ['adaptive', 'unaware', 'answers'] as const;
export type Attacker = (typeof attackers)[number];

export const robustnessSchema = v.object({
  schema: v.literal('keyhole.robustness/1'),
  dataset: v.object({ name: v.string(), sha256: v.string(), rows: count, classes: count }),
  /** parameters are null for somebody else's model */
  model: v.object({ name: v.string(), parameters: v.nullable(count), access }),
  /** what stands before the model, and what the attacker knows of it; left out where nothing does */
  defence: v.optional(
    v.object({
      name: v.string(),
      title: v.string(),
      options: v.record(v.string(), v.number()),
      attacker: v.picklist(attackers),
    }),
  ),
  norm: v.picklist(norms),
  epsilons: v.array(size),
  /** the class that was wanted, `next`, or null for any wrong one */
  wanted: v.nullable(v.union([count, v.literal('next')])),
  clean: estimateSchema,
  attacks: v.array(attackSchema),
  /** a row is robust when no attack fools it at this epsilon or a smaller one */
  worst: v.array(pointSchema),
  controls: v.object({
    /** null without controls, or where the budget ended */
    noise: v.nullable(v.object({ tries: count, curve: v.array(v.object({ epsilon: size, robust: estimateSchema })) })),
    unbounded: v.nullable(v.object({ attack: v.string(), epsilon: size, right: estimateSchema })),
    convergence: v.nullable(
      v.object({
        attack: v.string(),
        epsilon: size,
        rows: count,
        steps: count,
        restarts: count,
        fooled: count,
        bySteps: count,
        byStarts: count,
        /** mean loss before each step, and after the last; null where it is not finite */
        losses: v.array(v.nullable(v.number())),
      }),
    ),
    /** of gradients at clean rows, by the decimal logarithm of their norms: rows from 10^edges[i] to 10^edges[i + 1] */
    gradients: v.nullable(
      v.object({ rows: count, zero: count, broken: count, edges: v.array(v.number()), counts: v.array(count) }),
    ),
    answers: v.nullable(
      v.object({ of: v.string(), asked: count, differ: count, likeProbabilities: v.nullable(count) }),
    ),
  }),
  flags: v.array(
    v.object({
      name: v.string(),
      question: v.string(),
      source: v.string(),
      remedy: v.string(),
      /** null: it could not be asked */
      flag: v.nullable(v.boolean()),
      grave: v.boolean(),
      /** false: a fault of the adversarial rows, which says nothing about gradients; older records do not have it */
      ofMasking: v.optional(v.boolean()),
      evidence: v.nullable(v.string()),
    }),
  ),
  /** null: no check could be asked */
  masking: v.nullable(v.picklist(maskingLevels)),
  /** flags that led to it */
  because: v.array(v.string()),
  /** of images: rows that are fooled, with what was changed */
  examples: v.array(exampleSchema),
  seed: count,
  seconds: size,
  warnings,
  version: v.string(),
  command: v.optional(v.string()),
  date: v.optional(v.string()),
});

export type RobustnessRecord = v.InferOutput<typeof robustnessSchema>;
export type RobustnessAttack = RobustnessRecord['attacks'][number];
export type RobustnessPoint = RobustnessRecord['worst'][number];
export type RobustnessFlag = RobustnessRecord['flags'][number];
