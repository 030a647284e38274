/** Fits the attack model of one class on what shadow models answered: a job a class, so that a killed run loses one fit. */
import * as v from 'valibot';
import {
  type AttackModelData,
  type AttackModelKind,
  attackModelKinds,
  attackModelOptions,
  classesWithFewRows,
  fitAttackModel,
  type ShadowOutputs,
} from '../../attacks/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { defineKind, type Needed } from '../runner/index.ts';
import { apartOnly, checkDesign, designSchema, madeRows } from './design.ts';
import { labelsAsked, probabilitiesOf } from './outputs.ts';

export const ATTACK_MODEL_FILE = 'attack-model.json';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const attackKinds = Object.keys(attackModelKinds) as AttackModelKind[];

/** Seconds of a row, and of a pair of rows (support vector machines), on one core. */
const [ROW, PAIR] = [2e-4, 2e-8];
/** Rows of a class that a fit of all classes sees, at most. */
const POOLED = 4000;

export const attackModel = defineKind({
  name: 'attack-model',
  about:
    'fits an attack model to the kept answers of the shadow models that it needs: of one class, or of all together',
  version: 1,
  settings: v.strictObject({
    attack: v.picklist(attackKinds),
    /** of the attack model; the rest take their defaults */
    options: v.record(v.string(), v.number()),
    /** null: of all classes together, for those with too few rows of their own */
    label: v.nullable(count),
    classes: count,
    design: designSchema,
    /** rows that a class needs on either side for a model of its own */
    minRows: count,
    seed: count,
    /** a model of all classes is not fitted where each has the rows for its own; absent: it is */
    ifNeeded: v.exactOptional(v.literal(true)),
  }),
  result: v.strictObject({
    members: count,
    nonMembers: count,
    /** false: too few rows, the model of all classes judges them; or no class is in need of it */
    fitted: v.boolean(),
    /** what cross-validation chose, where the kind chooses: numbers by name */
    chosen: v.record(v.string(), v.number()),
  }),
  cost: ({ attack, design, classes, label }) => {
    const all = 20 * apartOnly(design, { made: true }).train;
    const rows = label === null ? Math.min(all, POOLED) : all / classes;
    return 0.2 + rows * ROW + (String(attack) === 'svm' ? rows * rows * PAIR : 0);
  },
  check({ attack, options, design, classes }, [data]) {
    checkDesign(apartOnly(design, { made: true }), data);
    checkClasses(classes, data!);
    if (Object.hasOwn(options, 'minRows')) {
      throw new ConfigError(
        `attack-model: expected options of ${attack} other than minRows, which is a setting beside them. Set minRows itself.`,
        'options.minRows',
      );
    }
    attackModelOptions(attack, options);
  },
  async run({ settings, needs, dataset, engine, signal, write }) {
    const { attack, options, label, design, minRows, ifNeeded } = settings;
    const made = await madeRows(design, needs);
    const data = await dataset();
    const outputs = await shadowOutputs(made ? needs.slice(0, -1) : needs, (which) =>
      labelsAsked(data, design, which, made),
    );
    const few = classesWithFewRows(outputs, minRows);
    const left = label === null ? ifNeeded === true && few.length === 0 : few.includes(label);
    const rng = Rng.from(settings.seed).split(`attack model ${attack}`);
    const fitted: AttackModelData | null = left
      ? null
      : await fitAttackModel(attack, outputs, label, { options, rng, engine, signal });
    await write(ATTACK_MODEL_FILE, JSON.stringify(fitted));
    const chosen = fitted ? chosenOf(fitted.fitted) : {};
    return { members: fitted?.members ?? 0, nonMembers: fitted?.nonMembers ?? 0, fitted: fitted !== null, chosen };
  },
});

/** @throws ConfigError, with the right number */
export function checkClasses(classes: number, data: { readonly name: string; readonly classes: number }): void {
  if (classes === data.classes) return;
  throw new ConfigError(
    `classes: expected the ${data.classes} classes of ${data.name}, got ${classes}. Set classes=${data.classes}.`,
    'classes',
  );
}

/** What the shadow models answered to their members, then their non-members: half of the rows each. */
async function shadowOutputs(
  needs: readonly Needed[],
  labelsOf: (which: number) => Int32Array,
): Promise<ShadowOutputs> {
  const parts = [];
  let classes = 0;
  for (const [which, needed] of needs.entries()) {
    const y = labelsOf(which);
    const probabilities = await probabilitiesOf(needed);
    classes = probabilities.length / y.length;
    parts.push({ y, probabilities });
  }
  const n = parts.reduce((sum, { y }) => sum + y.length, 0);
  const out = {
    classes,
    probabilities: new Float64Array(n * classes),
    y: new Int32Array(n),
    member: new Uint8Array(n),
    shadow: new Int32Array(n),
  };
  let at = 0;
  for (const [which, { y, probabilities }] of parts.entries()) {
    out.probabilities.set(probabilities, at * classes);
    out.y.set(y, at);
    out.member.fill(1, at, at + y.length / 2);
    out.shadow.fill(which, at, at + y.length);
    at += y.length;
  }
  return out;
}

/** C and gamma of a support vector machine, where they were chosen. */
function chosenOf(fitted: unknown): Record<string, number> {
  const { chosen } = fitted as { readonly chosen?: Record<string, number> };
  return chosen ?? {};
}
