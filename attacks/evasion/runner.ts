/**
 * Runs evasion attacks and does not trust them: what they return is moved back into the ball and the bounds, the target is asked
 * about it again, and success is what it says then. Rows that are wrong without any attack count as not robust and are not attacked.
 */
import { ConfigError, createEngine, type Engine, type Rng } from '../../engine/index.ts';
import type { AttackWarning, OptionDef, OptionsOf } from '../define-attack.ts';
import { clopperPearson, type Estimate } from '../metrics/index.ts';
import { parseOptions } from '../runner.ts';
import { type AccessLevel, accessLevels, type LabelTarget, restrict, type Target } from '../target/index.ts';
import { checkRun } from './check-run.ts';
import type { EvasionAttack, EvasionKnowledge, StepTrace } from './define-evasion.ts';
import { distance, type Norm, norms } from './norms.ts';
import { gather } from './rows.ts';
import { type InputSpace, settle } from './space.ts';
import { asStored, storedInside } from './stored.ts';
import { withBudget } from './targets/index.ts';

export type EvasionTarget = Target<'white-box'> | Target<'probabilities'> | Target<'label-only'>;

/** A target that grants at least what the attack asks for. */
export type TargetGranting<A extends AccessLevel> = AccessLevel extends A ? EvasionTarget : Target<A> & LabelTarget;

/** Some of the options, by their names where these are known. */
export type OptionsGiven<O> = string extends keyof O ? Readonly<Record<string, number>> : Partial<OptionsOf<O>>;

/** A run of an attack with this access and these options; as it stands, of one whose types are erased. */
export interface EvasionRun<
  A extends AccessLevel = AccessLevel,
  O extends Record<string, OptionDef> = Record<string, OptionDef>,
> {
  readonly target: TargetGranting<A>;
  /** what the attack is run on in place of the target, which only judges: of who does not know what stands before a model, or has another */
  readonly craftedOn?: TargetGranting<A>;
  /** [n, width], in the units that the model sees */
  readonly x: Float32Array;
  /** true classes [n] */
  readonly y: Int32Array;
  /** classes to reach [n]; default: any wrong one */
  readonly targets?: Int32Array;
  readonly space: InputSpace;
  readonly norm: Norm;
  /** perturbations that count; Infinity only for attacks that look for the nearest adversarial example */
  readonly epsilon: number;
  /** values for some of the attack's options; the rest take their defaults */
  readonly options?: OptionsGiven<O>;
  readonly known?: EvasionKnowledge;
  readonly rng: Rng;
  /** for models that the attack trains; default: one of one thread, made when it is asked for and disposed at the end */
  readonly engine?: () => Promise<Engine>;
  /** rows that the attack may ask for in all; whether it was right is asked beside it. Default unlimited */
  readonly queryBudget?: number;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: StepTrace) => void;
  readonly onProgress?: (done: number) => void;
}

/** The target only judges, and may grant less than the one that the attack is run on. */
export interface CraftedRun<A extends AccessLevel, O extends Record<string, OptionDef>>
  extends Omit<EvasionRun<A, O>, 'target'> {
  readonly target: EvasionTarget;
  readonly craftedOn: TargetGranting<A>;
}

export interface EvasionResult {
  readonly attack: string;
  readonly norm: Norm;
  readonly epsilon: number;
  /** rows that are right before the attack */
  readonly clean: Estimate;
  /** rows that are right before it and after it (with targets: not of the wanted class) */
  readonly robust: Estimate;
  /** of the attacked rows, those that fool the target */
  readonly success: Estimate;
  /** the target's labels before and after [n] */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** 1: attacked, and fools the target inside the ball [n] */
  readonly fooled: Uint8Array;
  /** 1: was right before, or not of the wanted class yet [n] */
  readonly attacked: Uint8Array;
  /** the rows as the attack left them, inside the bounds, and inside the ball but for attacks that seek the nearest [n, width] */
  readonly x: Float32Array;
  /** sizes of the perturbations [n]; Infinity where the target was not fooled at any distance */
  readonly distances: Readonly<Record<Norm, Float64Array>>;
  /**
   * the same count when rows are stored in whole steps of the data (8 bits of an image), inside the ball (`asStored`), and the sizes
   * in its norm; null where they are not
   */
  readonly rounded: {
    readonly fooled: Uint8Array;
    readonly robust: Estimate;
    readonly distances: Float64Array;
  } | null;
  /** rows that the attack asked for */
  readonly queries: number;
  readonly seconds: number;
  /** 'budget': the query budget ended, and this is what was found by then */
  readonly stopped: 'budget' | null;
  readonly warnings: readonly AttackWarning[];
}

/**
 * @throws ConfigError for an epsilon, bounds, labels or targets that make no sense, and for a target with less access than the
 * attack needs; the signal's reason
 */
export async function runEvasionAttack<A extends AccessLevel, O extends Record<string, OptionDef>>(
  attack: EvasionAttack<A, O>,
  run: CraftedRun<A, O>,
): Promise<EvasionResult>;
export async function runEvasionAttack<A extends AccessLevel, O extends Record<string, OptionDef>>(
  attack: EvasionAttack<A, O>,
  run: EvasionRun<A, O>,
): Promise<EvasionResult>;
export async function runEvasionAttack(attack: EvasionAttack, run: EvasionRun): Promise<EvasionResult> {
  checkRun(attack, run);
  const started = performance.now();
  const { x, y, targets = null, space, norm, epsilon, rng, known = {}, signal } = run;
  const { width } = space;
  const n = y.length;
  const options = parseOptions(attack.name, attack.options, run.options ?? {});
  const asks = run.craftedOn ?? run.target;
  const allowed = granted(attack, asks);
  const target = run.queryBudget === undefined ? allowed : withBudget(allowed, run.queryBudget);
  const judge = run.target as LabelTarget;
  const before = await judge.labels(x);
  const asked = asks.queries();
  const attacked = Uint8Array.from(before, (label, i) =>
    targets ? Number(label !== targets[i]) : Number(label === y[i]),
  );
  const rows = Int32Array.from({ length: n }, (_, i) => i).filter((i) => attacked[i]);
  const own = gather(x, rows, width);
  const best = own.slice();
  const warnings: AttackWarning[] = [];
  const made: { engine?: Promise<Engine> } = {};
  let stopped: 'budget' | null = null;
  if (rows.length > 0) {
    try {
      await attack.run({
        target: target as never,
        x: own,
        y: rows.map((i) => y[i]!),
        targets: targets && rows.map((i) => targets[i]!),
        space,
        norm,
        epsilon,
        best,
        known,
        options,
        engine: run.engine ?? (() => (made.engine ??= createEngine())),
        rng: rng.split(`evasion ${attack.name}`),
        signal,
        ...(run.onStep && { onStep: run.onStep }),
        ...(run.onProgress && { onProgress: run.onProgress }),
      });
    } catch (error) {
      if (!isOverBudget(error)) throw error;
      stopped = 'budget';
      warnings.push({
        code: 'budget-exhausted',
        message: `${(error as Error).message} What was found by then is reported.`,
      });
    } finally {
      (await made.engine)?.dispose();
    }
  }
  const queries = asks.queries() - asked;
  const left = x.slice();
  let moved = 0;
  for (const [k, i] of rows.entries()) {
    const slice = { values: best, at: k * width };
    const ball = attack.seeks === 'nearest' ? Infinity : epsilon;
    if (!finite(best, k * width, width)) best.set(x.subarray(i * width, (i + 1) * width), k * width);
    const given = best.slice(k * width, (k + 1) * width);
    settle(space, norm, ball, slice, { values: x, at: i * width });
    if (distance(norm, { values: given, at: 0 }, slice, width) > 1e-6 * Math.max(1, Math.min(epsilon, 1e6))) moved++;
    left.set(best.subarray(k * width, (k + 1) * width), i * width);
  }
  if (moved > 0)
    warnings.push({
      code: 'norm-violated-and-clipped',
      message: `${attack.name} left ${moved} of ${rows.length} rows outside the ball or the bounds; they were moved back before they were judged.`,
    });
  // the budget is the attacker's: the judge asks beside it
  const after = await judged(judge, left);
  const wins = (labels: Int32Array) =>
    Uint8Array.from(labels, (label, i) => (attacked[i] && (targets ? label === targets[i] : label !== y[i]) ? 1 : 0));
  const reached = wins(after);
  const distances = sizesOf(norms, left, x, width, reached);
  const inside = (fooled: Uint8Array) => fooled.map((one, i) => (one && distances[norm][i]! <= epsilon ? 1 : 0));
  const fooled = inside(reached);
  const estimate = (hits: number, of: number) =>
    clopperPearson({ hits, n: of, ...(run.confidence !== undefined && { confidence: run.confidence }) });
  const right = before.filter((label, i) => label === y[i]).length;
  const robustOf = (won: Uint8Array) => {
    const stays = targets
      ? n - countOf(won) - before.filter((label, i) => label === targets[i]).length
      : right - countOf(won);
    return estimate(stays, n);
  };
  const stored = async () => {
    const rows = asStored(left, x, space, { norm, epsilon });
    const reached = wins(await judged(judge, rows));
    const sizes = sizesOf([norm], rows, x, width, reached)[norm];
    const fooled = reached.map((one, i) => (one && storedInside(sizes[i]!, epsilon) ? 1 : 0));
    return { fooled, robust: robustOf(fooled), distances: sizes };
  };
  return {
    attack: attack.name,
    norm,
    epsilon,
    clean: estimate(right, n),
    robust: robustOf(fooled),
    success: estimate(countOf(fooled), rows.length),
    before,
    after,
    fooled,
    attacked,
    x: left,
    distances,
    rounded: space.levels === null ? null : await stored(),
    queries,
    seconds: (performance.now() - started) / 1000,
    stopped,
    warnings,
  };
}

/** @throws ConfigError naming the access that is missing */
export function granted(attack: Pick<EvasionAttack, 'name' | 'threat'>, target: EvasionTarget): Target<AccessLevel> {
  const { access } = attack.threat;
  try {
    return restrict(target as Target<'white-box'>, access as 'white-box');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const has = accessLevels.filter((level) => {
      try {
        return restrict(target as Target<'white-box'>, level as 'white-box');
      } catch {
        return false;
      }
    });
    const { noGradients } = target;
    if (noGradients && (access === 'gradients' || access === 'white-box'))
      throw new ConfigError(
        `${attack.name}: expected a target with gradients, got one without: ${noGradients}.`,
        'target',
      );
    throw new ConfigError(
      `${attack.name}: expected a target with access '${access}', got one with '${has.at(-1) ?? 'none'}'. Use an attack that needs no more, such as ` +
        `${has.includes('logits') ? 'square' : has.includes('probabilities') ? 'square-probabilities' : 'hopskipjump'}, or attack a substitute (transfer).`,
      'target',
    );
  }
}

export const isOverBudget = (error: unknown): boolean => error instanceof ConfigError && error.path === 'queryBudget';

/** @throws ConfigError where the target's own budget leaves nobody to say what the rows that were found do */
export async function judged(target: LabelTarget, x: Float32Array): Promise<Int32Array> {
  try {
    return await target.labels(x);
  } catch (error) {
    if (!isOverBudget(error)) throw error;
    throw new ConfigError(
      `${(error as Error).message} Whether the model is fooled has to be asked as well: give the attack a budget ({ queryBudget } of its run), not the target.`,
      'queryBudget',
    );
  }
}

const finite = (x: Float32Array, at: number, width: number) => {
  for (let j = at; j < at + width; j++) if (!Number.isFinite(x[j])) return false;
  return true;
};

const countOf = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);

function sizesOf<N extends Norm>(
  norms: readonly N[],
  a: Float32Array,
  b: Float32Array,
  width: number,
  reached: Uint8Array,
): Record<N, Float64Array> {
  const of = (norm: Norm) =>
    Float64Array.from(reached, (one, i) =>
      one ? distance(norm, { values: a, at: i * width }, { values: b, at: i * width }, width) : Infinity,
    );
  return Object.fromEntries(norms.map((norm) => [norm, of(norm)])) as Record<N, Float64Array>;
}
