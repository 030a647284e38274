/**
 * The evaluation of robustness: several attacks at several epsilons on the same rows, the worst case over them row by row, controls,
 * and the checklist that says whether to believe the figure.
 *
 * Sources: Carlini, Athalye, Papernot et al. 2019, On Evaluating Adversarial Robustness; Croce & Hein 2020 (ICML).
 */
import {
  type AttackEvidence,
  checkEvasionRun,
  type EvasionKnowledge,
  type EvasionResult,
  type EvasionTarget,
  type InputSpace,
  judgeRobustness,
  largestDistance,
  type Norm,
  type RobustnessEvidence,
  runEvasionAttack,
  spaceOf,
  storedInside,
  withBudget,
} from '../../attacks/evasion/index.ts';
import { clopperPearson, type LabelTarget, localTarget, parseOptions } from '../../attacks/index.ts';
import { type Dataset, take } from '../../data/index.ts';
import { type Classifier, ConfigError, type Engine, Rng } from '../../engine/index.ts';
import { VERSION } from '../version.ts';
import { type AttackChoice, accessOfTarget, type ChosenAttack, chosenAttacks } from './choice.ts';
import { noControls, runControls } from './controls.ts';
import { exampleKeeper } from './examples.ts';
import { controlsRecord, flagsRecord } from './parts.ts';
import type { RobustnessAttack, RobustnessPoint, RobustnessRecord } from './record.ts';

export interface RobustnessProgress {
  /** name of the attack, or `controls` */
  readonly phase: string;
  /** of all the work */
  readonly done: number;
}

export interface RobustnessOptions {
  /** the model, with whatever access it grants; or `classifier` */
  readonly target?: EvasionTarget;
  readonly classifier?: Classifier;
  /** what attacks are run on in place of the target, which only judges: of who does not know what stands before it */
  readonly craftedOn?: EvasionTarget;
  /** what stands before the model, for the record */
  readonly defence?: RobustnessRecord['defence'];
  /** as records name it; default the classifier's model */
  readonly name?: string;
  /** rows are taken through its transform: the one that the model was trained with */
  readonly dataset: Dataset;
  /** which rows of it; default all */
  readonly rows?: Int32Array;
  /** columns of a table that the attacker cannot change, beside those that the data set says nobody can */
  readonly immutable?: readonly string[];
  readonly norm: Norm;
  /** in the units that the model sees; several give a curve */
  readonly epsilons: readonly number[];
  /** default: fgsm, pgd with restarts, autoattack and square, as far as the target's access allows */
  readonly attacks?: readonly AttackChoice[];
  /** a class to reach, or the one after each row's own; default any wrong one */
  readonly wanted?: number | 'next';
  /** what attackers have besides */
  readonly known?: EvasionKnowledge;
  /** false: attacks only, so that most checks cannot be asked */
  readonly controls?: boolean;
  /** rows that attacks and controls may ask for in all; whether a row is right is asked beside it. Default unlimited */
  readonly queryBudget?: number;
  /** for attacks that train models */
  readonly engine?: () => Promise<Engine>;
  /** default 0 */
  readonly seed?: number;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RobustnessProgress) => void;
  /** what was finished when a signal, the target or an attack ended the evaluation; called before its error is thrown */
  readonly onStopped?: (record: RobustnessRecord) => void;
  /** each run as it ends, with its rows: records have only some of them. Epsilon is Infinity where the nearest was sought */
  readonly onResult?: (result: EvasionResult, rows: { readonly rows: Int32Array; readonly y: Int32Array }) => void;
}

/** @throws ConfigError for settings that make no sense, before anything is asked; the signal's reason */
export async function evaluateRobustness(options: RobustnessOptions): Promise<RobustnessRecord> {
  const started = performance.now();
  const { norm, seed = 0, signal, known = {}, wanted = null, dataset } = options;
  const target = targetOf(options);
  const asks = options.craftedOn ?? target;
  const access = accessOfTarget(asks);
  const space = spaceOf(dataset, options.immutable ? { immutable: options.immutable } : {});
  const epsilons = checkedEpsilons(options, space);
  const all = take(dataset, options.rows ?? Int32Array.from({ length: dataset.size }, (_, i) => i));
  const { x, y, targets, rows } = wantedRows(all, options, target.classes);
  const chosen = chosenAttacks(options.attacks, {
    access,
    norm,
    targeted: wanted !== null,
    known,
    handedOver: options.craftedOn !== undefined,
  });
  const rng = Rng.from(seed).split('robustness');
  for (const { attack, options: given } of chosen) {
    parseOptions(attack.name, attack.options, given);
    const [epsilon] = epsilons as [number];
    const { confidence = 0.95 } = options;
    checkEvasionRun(attack, {
      target,
      x,
      y,
      ...(targets && { targets }),
      space,
      norm,
      epsilon,
      known,
      rng,
      confidence,
    });
  }

  const judge = target as LabelTarget;
  const before = await judge.labels(x);
  const attacked = Uint8Array.from(before, (label, i) => Number(targets ? label !== targets[i] : label === y[i]));
  const right = before.filter((label, i) => label === y[i]).length;
  const already = targets ? before.filter((label, i) => label === targets[i]).length : 0;
  const estimate = (hits: number, n: number) =>
    clopperPearson({ hits, n, ...(options.confidence !== undefined && { confidence: options.confidence }) });
  const standing = (fooled: Uint8Array) => (targets ? y.length - already : right) - countOf(fooled);
  const point = (epsilon: number, fooled: Uint8Array, rounded: Uint8Array | null): RobustnessPoint => ({
    epsilon,
    robust: estimate(standing(fooled), y.length),
    success: estimate(countOf(fooled), countOf(attacked)),
    rounded: rounded && estimate(standing(rounded), y.length),
  });

  const run = {
    target,
    ...(options.craftedOn && { craftedOn: options.craftedOn }),
    space,
    norm,
    known,
    ...(options.engine && { engine: options.engine }),
    ...(options.confidence !== undefined && { confidence: options.confidence }),
    ...(signal && { signal }),
  };
  const parts = chosen.reduce((sum, { attack }) => sum + (attack.seeks === 'nearest' ? 1 : epsilons.length), 0);
  const withControls = options.controls ?? true;
  const report = (phase: string, share: number) =>
    options.onProgress?.({ phase, done: share / (parts + (withControls ? 2 : 0)) });
  let finished = 0;
  let asked = 0;
  /** of the budget; an attack with nothing left is told so at its first question */
  const left = () => Math.max(1, (options.queryBudget ?? Infinity) - asked);
  const limited = options.queryBudget !== undefined;
  const runs: AttackEvidence[] = [];
  const examples = exampleKeeper({ dataset, rows, x, y, space, norm, epsilons });
  const unfinished: RobustnessAttack[] = [];
  const attack = async ({ attack, options: given }: ChosenAttack, place: number): Promise<RobustnessAttack> => {
    const before = chosen.slice(0, place).filter((one) => one.attack === attack).length;
    const nearest = attack.seeks === 'nearest';
    const results: EvasionResult[] = [];
    const curve: RobustnessPoint[] = [];
    const { name, title, paper, threat, family, seeks } = attack;
    const made = (): RobustnessAttack => ({
      name,
      title,
      paper,
      access: threat.access,
      family,
      seeks,
      options: { ...parseOptions(name, attack.options, given) },
      curve,
      medianDistance: nearest ? medianOf(results[0]!.distances[norm]) : null,
      queries: results.reduce((sum, { queries }) => sum + queries, 0),
      seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
      stopped: results.some(({ stopped }) => stopped !== null),
      warnings: once(results.flatMap((result) => result.warnings)),
    });
    try {
      for (const epsilon of nearest ? [Infinity] : epsilons) {
        const result = await runEvasionAttack(attack, {
          ...run,
          x,
          y,
          ...(targets && { targets }),
          epsilon,
          options: given,
          ...(limited && { queryBudget: left() }),
          rng: rng.split(`attack ${attack.name}${before > 0 ? ` ${before}` : ''}`),
          onProgress: (done) => report(attack.name, finished + Math.min(1, done)),
        });
        finished++;
        asked += result.queries;
        results.push(result);
        options.onResult?.(result, { rows, y });
        report(attack.name, finished);
        // one perturbation as small as can be answers for every ball that it lies in
        for (const ball of nearest ? epsilons : [epsilon]) {
          const inside = (marks: Uint8Array) =>
            marks.map((mark, i) => Number(mark && attacked[i] && result.distances[norm][i]! <= ball));
          const fooled = inside(result.fooled);
          const { rounded: stored } = result;
          const rounded =
            stored === null
              ? null
              : stored.fooled.map((mark, i) => Number(mark && attacked[i] && storedInside(stored.distances[i]!, ball)));
          const { family, threat } = attack;
          runs.push({ attack: attack.name, place, family, access: threat.access, epsilon: ball, fooled, rounded });
          curve.push(point(ball, fooled, rounded));
          examples.note(attack.name, ball, fooled, result);
        }
      }
    } catch (error) {
      if (curve.length > 0) unfinished.push(made());
      throw error;
    }
    return made();
  };
  const attacks: RobustnessAttack[] = [];
  let controls = noControls;
  const warnings: RobustnessRecord['warnings'] = leftOut(all.y.length - y.length, wanted);
  try {
    for (const [place, one] of chosen.entries()) attacks.push(await attack(one, place));
    if (withControls) {
      const worst = worstCase(runs, epsilons, y.length);
      const reached = worst.map(({ fooled }) => ({ standing: standing(fooled), fooled }));
      const spending = limited ? { ...run, target: withBudget(target, left()) } : run;
      const task = { run: spending, x, y, targets, access, attacked, epsilons, chosen, worst: reached };
      const onProgress = (done: number) => report('controls', parts + 2 * done);
      const ran = await runControls({ ...task, rng: rng.split('controls'), onProgress });
      controls = ran.controls;
      if (ran.stopped) warnings.push(controlsUnasked);
    }
  } catch (error) {
    const kept = attacks.length > 0 ? attacks : unfinished;
    const reached = attacks.length > 0 ? epsilons : epsilons.slice(0, unfinished[0]?.curve.length ?? 0);
    if (kept.length > 0) options.onStopped?.(recordOf(kept, reached, [...warnings, stoppedBy(error, kept, chosen)]));
    throw error;
  }
  return recordOf(attacks, epsilons, warnings);

  function recordOf(
    attacks: readonly RobustnessAttack[],
    epsilons: readonly number[],
    warnings: RobustnessRecord['warnings'],
  ): RobustnessRecord {
    const own = runs.filter(({ place, epsilon }) => place < attacks.length && epsilons.includes(epsilon));
    const worst = worstCase(own, epsilons, y.length);
    const evidence: RobustnessEvidence = { norm, attacked, epsilons, runs: complete(own, attacks), ...controls };
    const judgement = judgeRobustness(evidence);
    return {
      schema: 'keyhole.robustness/1',
      dataset: { name: dataset.name, sha256: dataset.sha256, rows: y.length, classes: target.classes },
      model: {
        name: options.name ?? options.classifier?.model.name ?? 'model',
        parameters: options.classifier?.parameters ?? null,
        access,
      },
      ...(options.defence && { defence: options.defence }),
      norm,
      epsilons: [...epsilons],
      wanted,
      clean: estimate(right, y.length),
      attacks: [...attacks],
      worst: worst.map(({ epsilon, fooled, rounded }) => point(epsilon, fooled, rounded)),
      controls: controlsRecord(controls, (fooled) => estimate(standing(fooled), y.length), estimate),
      flags: flagsRecord(judgement),
      masking: judgement.masking,
      because: [...judgement.because],
      examples: examples.shown(worst.map(({ fooled }) => countOf(fooled) / Math.max(1, countOf(attacked)))),
      seed,
      seconds: (performance.now() - started) / 1000,
      warnings,
      version: VERSION,
    };
  }
}

const controlsUnasked = {
  code: 'budget-exhausted',
  message:
    'The query budget ended before the controls did: some checks could not be asked. Raise the budget, or attack fewer rows.',
};

function stoppedBy(error: unknown, kept: readonly RobustnessAttack[], chosen: readonly ChosenAttack[]) {
  const missing = chosen.slice(kept.length).map(({ attack }) => attack.name);
  const what = missing.length > 0 ? `; not run: ${missing.join(', ')}` : '';
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'stopped-early', message: `Stopped before the end${what}, and the checks were not asked: ${reason}` };
}

/** @throws ConfigError unless there is one of the two */
function targetOf({ target, classifier, signal }: RobustnessOptions): EvasionTarget {
  if (target) return target;
  if (!classifier)
    throw new ConfigError('evaluateRobustness: expected a classifier or a target, got none. Give one.', 'target');
  return localTarget(classifier, signal ? { signal } : {});
}

/** Ascending, without repeats. @throws ConfigError for those that make no sense */
function checkedEpsilons({ epsilons, norm }: RobustnessOptions, space: InputSpace): readonly number[] {
  const most = largestDistance(space, norm);
  const wrong = epsilons.find((epsilon) => !(epsilon > 0 && epsilon <= most));
  if (epsilons.length === 0 || wrong !== undefined) {
    throw new ConfigError(
      `epsilons: expected numbers above 0 and at most ${+most.toPrecision(6)}, the largest ${norm} perturbation that the bounds leave room for, got ${wrong ?? 'none'}. ` +
        'They are in the units that the model sees: 8/255 of images from 0 to 1.',
      'epsilons',
    );
  }
  return [...new Set(epsilons)].sort((a, b) => a - b);
}

interface Chosen {
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly targets: Int32Array | null;
  /** of the data set */
  readonly rows: Int32Array;
}

/** Rows of the wanted class itself cannot be turned into it: they are left out. @throws ConfigError */
function wantedRows(
  all: { readonly x: Float32Array; readonly y: Int32Array },
  { wanted, rows, dataset }: RobustnessOptions,
  classes: number,
): Chosen {
  const own = rows ?? Int32Array.from({ length: dataset.size }, (_, i) => i);
  if (own.length === 0) throw new ConfigError('rows: expected at least one row to attack, got none.', 'rows');
  if (wanted === undefined) return { ...all, targets: null, rows: own };
  if (wanted === 'next') return { ...all, targets: all.y.map((label) => (label + 1) % classes), rows: own };
  if (!(Number.isInteger(wanted) && wanted >= 0 && wanted < classes))
    throw new ConfigError(`wanted: expected a class from 0 to ${classes - 1}, or 'next', got ${wanted}.`, 'wanted');
  const kept = Int32Array.from(all.y.keys()).filter((i) => all.y[i] !== wanted);
  if (kept.length === 0)
    throw new ConfigError(
      `wanted: expected rows of other classes, all ${own.length} are of class ${wanted}.`,
      'wanted',
    );
  const width = all.x.length / all.y.length;
  const x = new Float32Array(kept.length * width);
  for (const [k, i] of kept.entries()) x.set(all.x.subarray(i * width, (i + 1) * width), k * width);
  const y = kept.map((i) => all.y[i]!);
  return { x, y, targets: new Int32Array(y.length).fill(wanted), rows: kept.map((i) => own[i]!) };
}

const leftOut = (rows: number, wanted: RobustnessOptions['wanted'] | null): RobustnessRecord['warnings'] =>
  rows === 0
    ? []
    : [
        {
          code: 'skipped',
          message: `${rows} of the rows are of class ${wanted}, which is wanted: they were left out.`,
        },
      ];

interface WorstCase {
  readonly epsilon: number;
  readonly fooled: Uint8Array;
  readonly rounded: Uint8Array | null;
}

/** Row by row over attacks; what fools in a small ball lies in the larger ones too. */
function worstCase(runs: readonly AttackEvidence[], epsilons: readonly number[], n: number): WorstCase[] {
  const fooled = new Uint8Array(n);
  const rounded = new Uint8Array(n);
  return epsilons.map((epsilon) => {
    const here = runs.filter((run) => run.epsilon === epsilon);
    for (const run of here)
      for (let i = 0; i < n; i++) {
        if (run.fooled[i]) fooled[i] = 1;
        if (run.rounded?.[i]) rounded[i] = 1;
      }
    return { epsilon, fooled: fooled.slice(), rounded: here.some((run) => run.rounded) ? rounded.slice() : null };
  });
}

/** Attacks whose budget ended say nothing about strength. */
const complete = (runs: readonly AttackEvidence[], attacks: readonly RobustnessAttack[]) =>
  runs.filter(({ place }) => !attacks[place]!.stopped);

const countOf = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);

function medianOf(distances: Float64Array): number | null {
  const found = distances.filter(Number.isFinite).sort();
  if (found.length === 0) return null;
  const middle = found.length >> 1;
  return found.length % 2 === 1 ? found[middle]! : (found[middle - 1]! + found[middle]!) / 2;
}

const once = (warnings: readonly { readonly code: string; readonly message: string }[]) => [
  ...new Map(warnings.map(({ code, message }) => [message, { code, message }])).values(),
];
