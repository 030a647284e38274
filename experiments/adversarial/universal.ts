/**
 * Crafts one change for all inputs from training rows of the model of the job that it needs, and measures it on test rows, beside
 * random signs of the same size. File: perturbation.npy, f32 [...inputShape], in the units that the model sees.
 */
import * as v from 'valibot';
import {
  allUniversalAttacks,
  type InputSpace,
  type Norm,
  perturbed,
  runUniversalAttack,
  spaceOf,
  universalAttackNamed,
} from '../../attacks/evasion/index.ts';
import { clopperPearson, type LabelTarget, localTarget, parseOptions } from '../../attacks/index.ts';
import { take, writeNpy } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { count, positive, seedField } from '../fields.ts';
import { isPicture, perturbationPicture } from '../robustness/index.ts';
import { defineKind, shareSchema } from '../runner/index.ts';
import { trainedModel } from './evaluation.ts';
import { checkRows, rowsSchema } from './rows.ts';

export const PERTURBATION_FILE = 'perturbation.npy';

export const universalAttackSchema = v.strictObject({
  name: v.picklist(allUniversalAttacks.map(({ name }) => name)),
  options: v.record(v.string(), v.number()),
});
export type UniversalAttackSettings = v.InferOutput<typeof universalAttackSchema>;

/** What a perturbation does to rows that it was not crafted from. */
export const effectSchema = v.strictObject({
  /** rows whose class is another than the model's own without it, right or wrong */
  fooling: shareSchema,
  /** rows that are right with it */
  right: shareSchema,
});

export const universalPerturbation = defineKind({
  name: 'universal-perturbation',
  about: 'crafts one change for all inputs from training rows of a model, and measures it on test rows',
  version: 1,
  settings: v.strictObject({
    /** those of the model's job */
    rows: rowsSchema,
    attack: universalAttackSchema,
    /** training rows of the model that it is crafted from, drawn at random */
    crafting: count,
    /** test rows that it is measured on, from the first; null: all */
    measured: v.nullable(count),
    norm: v.picklist(['linf', 'l2']),
    epsilon: positive,
    /** perturbations of random signs, of which the one that changes most of the crafting rows is the control */
    draws: count,
    seed: seedField,
  }),
  result: v.strictObject({
    /** right without a perturbation */
    clean: shareSchema,
    ...effectSchema.entries,
    /** the same as `fooling` of the rows that it was crafted from: how well it fits */
    foolingOnCrafting: shareSchema,
    /** of the measured rows that change, the share that goes to each class [classes]; zeros where none changes */
    goesTo: v.array(v.number()),
    /** the class that most of them go to, found on these rows themselves; null: none changes */
    dominant: v.nullable(v.strictObject({ label: v.string(), share: shareSchema })),
    random: effectSchema,
    /** the perturbation as a PNG, grey where it changes nothing; null: rows are no pictures */
    picture: v.nullable(v.string()),
    /** rows that the attack asked about */
    queries: v.number(),
    warnings: v.array(v.string()),
  }),
  cost: ({ attack, crafting }) => 1 + crafting * PASSES[attack.name]! * ROUND,
  check({ rows, attack, crafting }, [data]) {
    checkRows(rows, data);
    parseOptions(attack.name, universalAttackNamed(attack.name).options, attack.options);
    if (crafting > (rows.train ?? data!.size)) throw tooMany(crafting, rows.train ?? data!.size);
  },
  async run({ settings, needs, engine, dataset, write, signal, progress }) {
    const { attack, norm, epsilon, measured } = settings;
    const { data, train, test, classifier } = await trainedModel(await dataset(), settings.rows, needs, engine);
    const rng = Rng.from(settings.seed).split('universal perturbation');
    if (settings.crafting > train.length) throw tooMany(settings.crafting, train.length);
    const chosen = rng.split('crafting rows').permutation(train.length).subarray(0, settings.crafting).sort();
    const crafting = take(
      data,
      chosen.map((i) => train[i]!),
    );
    const heldOut = take(data, measuredRows(test, measured, data.name));
    const target = localTarget(classifier, { signal });
    const space = spaceOf(data);
    const { warnings, ...found } = await runUniversalAttack(universalAttackNamed(attack.name), {
      target,
      crafting: crafting.x,
      heldOut: heldOut.x,
      space,
      norm,
      epsilon,
      options: attack.options,
      rng: rng.split('attack'),
      signal,
      onProgress: progress,
    });
    const { perturbation, before, after, goesTo, queries } = found;
    const signs = { space, norm, epsilon, draws: settings.draws, rng: rng.split('random signs') };
    const random = perturbed(space, heldOut.x, await randomSigns(target, crafting.x, signs));
    await write(PERTURBATION_FILE, writeNpy({ shape: data.inputShape, data: perturbation }));
    const label = goesTo.indexOf(Math.max(...goesTo));
    const changed = after.filter((one, i) => one !== before[i]);
    return {
      clean: shareWhere(before, (one, i) => one === heldOut.y[i]),
      ...effectOf(before, after, heldOut.y),
      foolingOnCrafting: found.foolingOnCrafting,
      goesTo: [...goesTo],
      dominant:
        changed.length === 0
          ? null
          : { label: data.classNames[label] ?? String(label), share: shareWhere(changed, (one) => one === label) },
      random: effectOf(before, await target.labels(random), heldOut.y),
      picture: isPicture(data.inputShape)
        ? perturbationPicture({ values: perturbation, shape: data.inputShape, space }, new Float32Array(space.width))
            .picture
        : null,
      queries,
      warnings: warnings.map(({ message }) => message),
    };
  },
});

/** Rough seconds of asking a small convolutional network for a row's gradient; and how often attacks ask by default. */
const ROUND = 3e-4;
const PASSES: Readonly<Record<string, number>> = { 'universal-sgd': 25, 'universal-deepfool': 500 };

const tooMany = (asked: number, rows: number) =>
  new ConfigError(
    `crafting: expected at most the ${rows} training rows of the model, got ${asked}. Ask for fewer.`,
    'crafting',
  );

/** The first test rows. @throws ConfigError for more than there are */
export function measuredRows(test: Int32Array, measured: number | null, data: string): Int32Array {
  if (measured === null || measured <= test.length) return test.subarray(0, measured ?? test.length);
  throw new ConfigError(
    `measured: expected at most the ${test.length} test rows of ${data}, got ${measured}. Ask for fewer.`,
    'measured',
  );
}

function shareWhere(labels: Int32Array, test: (label: number, i: number) => boolean) {
  return clopperPearson({ hits: labels.filter(test).length, n: labels.length });
}

/** @param y true labels; all [n] */
export function effectOf(before: Int32Array, after: Int32Array, y: Int32Array) {
  return {
    fooling: shareWhere(after, (label, i) => label !== before[i]),
    right: shareWhere(after, (label, i) => label === y[i]),
  };
}

interface Signs {
  readonly space: InputSpace;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly draws: number;
  readonly rng: Rng;
}

/** The draw that changes the class of most rows: what an attack that learns nothing finds. */
async function randomSigns(target: LabelTarget, x: Float32Array, { space, norm, epsilon, draws, rng }: Signs) {
  const clean = await target.labels(x);
  const free = space.fixed.filter((locked) => !locked).length;
  const size = norm === 'linf' ? epsilon : epsilon / Math.sqrt(free);
  let best = { changed: -1, signs: new Float32Array(space.width) };
  for (let draw = 0; draw < draws; draw++) {
    const stream = rng.split(`draw ${draw}`);
    const signs = Float32Array.from(space.fixed, (locked) => (locked ? 0 : stream.uniform() < 0.5 ? -size : size));
    const after = await target.labels(perturbed(space, x, signs));
    const changed = after.filter((label, i) => label !== clean[i]).length;
    if (changed > best.changed) best = { changed, signs };
  }
  return best.signs;
}
