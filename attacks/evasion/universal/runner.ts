/**
 * Runs universal attacks and does not trust them: the perturbation is moved back into the ball, added to rows that it was not crafted
 * from, and the fooling rate is the share of those whose class is another than the target's own without it, right or wrong.
 */
import { ConfigError, type Rng } from '../../../engine/index.ts';
import { checkSplit } from '../../check-split.ts';
import type { AttackWarning } from '../../define-attack.ts';
import { clopperPearson, type Estimate } from '../../metrics/index.ts';
import { parseOptions } from '../../runner.ts';
import type { LabelTarget } from '../../target/index.ts';
import { checkBall } from '../check-run.ts';
import { distance, type Norm } from '../norms.ts';
import { type EvasionTarget, granted, isOverBudget, judged } from '../runner.ts';
import { checkInside, type InputSpace, settle } from '../space.ts';
import { withBudget } from '../targets/index.ts';
import type { UniversalAttack } from './define-universal.ts';
import { perturbed, projectPerturbation, worksOn } from './perturbation.ts';

export interface UniversalRun {
  readonly target: EvasionTarget;
  /** rows that the attacker has [n, width], in the units that the model sees; no labels are needed */
  readonly crafting: Float32Array;
  /** rows that the perturbation is judged on [m, width]: none of the attacker's */
  readonly heldOut: Float32Array;
  /** the class that every row is to get; default: any other than its own */
  readonly wanted?: number;
  readonly space: InputSpace;
  readonly norm: Norm;
  readonly epsilon: number;
  /** values for some of the attack's options; the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
  readonly rng: Rng;
  /** rows that the attack may ask for in all; what its perturbation does is asked beside it. Default unlimited */
  readonly queryBudget?: number;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

export interface UniversalResult {
  readonly attack: string;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly wanted: number | null;
  /** inside the ball [width] */
  readonly perturbation: Float32Array;
  /** of the held-out rows, those whose class changes */
  readonly fooling: Estimate;
  /** the same of the rows that it was crafted from: how well it fits, not how well it works */
  readonly foolingOnCrafting: Estimate;
  /** of the held-out rows that are not of the wanted class, those that get it; null without one */
  readonly reached: Estimate | null;
  /** the target's labels of the held-out rows without and with it [m] */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** of the held-out rows that change, the share that goes to each class [classes]; zeros where none changes */
  readonly goesTo: Float64Array;
  /** rows that the attack asked about */
  readonly queries: number;
  readonly seconds: number;
  /** the query budget ended: this is what was found by then */
  readonly stopped: 'budget' | null;
  readonly warnings: readonly AttackWarning[];
}

/** Held-out rows that may equal one of the attacker's: data sets contain some twice. */
const COMMON = 0.01;

/**
 * @throws ConfigError for an epsilon, bounds or a class that make no sense, for held-out rows that the attacker has too, and for a
 * target with less access than the attack needs; the signal's reason
 */
export async function runUniversalAttack(attack: UniversalAttack, run: UniversalRun): Promise<UniversalResult> {
  checkUniversal(attack, run);
  const started = performance.now();
  const { crafting, heldOut, wanted = null, space, norm, epsilon, signal } = run;
  const options = parseOptions(attack.name, attack.options, run.options ?? {});
  const allowed = granted(attack, run.target);
  const target = run.queryBudget === undefined ? allowed : withBudget(allowed, run.queryBudget);
  const judge = run.target as LabelTarget;
  const before = await judge.labels(heldOut);
  const asked = judge.queries();
  const clean = await judge.labels(crafting);
  const best = new Float32Array(space.width);
  const warnings: AttackWarning[] = [];
  let stopped: 'budget' | null = null;
  try {
    await attack.craft({
      target: target as never,
      x: crafting,
      clean,
      wanted,
      space,
      norm,
      epsilon,
      best,
      options,
      rng: run.rng.split(`universal ${attack.name}`),
      signal,
      ...(run.onProgress && { onProgress: run.onProgress }),
    });
  } catch (error) {
    if (!isOverBudget(error)) throw error;
    stopped = 'budget';
    warnings.push({
      code: 'budget-exhausted',
      message: `${(error as Error).message} What was found by then is reported.`,
    });
  }
  const queries = judge.queries() - asked;
  if (best.some((value) => !Number.isFinite(value))) best.fill(0);
  const given = best.slice();
  projectPerturbation(space, norm, epsilon, best);
  const moved = distance(norm, { values: given, at: 0 }, { values: best, at: 0 }, space.width);
  if (moved > 1e-6 * Math.max(1, epsilon))
    warnings.push({
      code: 'norm-violated-and-clipped',
      message: `${attack.name} left its perturbation outside the ball; it was moved back before it was judged.`,
    });
  const labelled = (x: Float32Array) => judged(judge, inputsWith(space, norm, epsilon, x, best));
  const [after, onCrafting] = [await labelled(heldOut), await labelled(crafting)];
  const estimate = (marks: Uint8Array) =>
    clopperPearson({
      hits: marks.reduce((sum, mark) => sum + mark, 0),
      n: marks.length,
      ...(run.confidence !== undefined && { confidence: run.confidence }),
    });
  const changed = worksOn(before, after, null);
  const elsewhere = Int32Array.from(before.keys()).filter((i) => before[i] !== wanted);
  return {
    attack: attack.name,
    norm,
    epsilon,
    wanted,
    perturbation: best,
    fooling: estimate(changed),
    foolingOnCrafting: estimate(worksOn(clean, onCrafting, null)),
    reached:
      wanted === null || elsewhere.length === 0
        ? null
        : estimate(Uint8Array.from(elsewhere, (i) => Number(after[i] === wanted))),
    before,
    after,
    goesTo: sharesByClass(after, changed, judge.classes),
    queries,
    seconds: (performance.now() - started) / 1000,
    stopped,
    warnings,
  };
}

/** Rows with the perturbation, inside ball and bounds, categories decided. */
function inputsWith(space: InputSpace, norm: Norm, epsilon: number, x: Float32Array, v: Float32Array): Float32Array {
  const out = perturbed(space, x, v);
  for (let at = 0; at < out.length; at += space.width)
    settle(space, norm, epsilon, { values: out, at }, { values: x, at });
  return out;
}

function sharesByClass(after: Int32Array, changed: Uint8Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const [i, label] of after.entries()) if (changed[i]) counts[label]!++;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (all > 0 ? count / all : 0));
}

function checkUniversal(attack: UniversalAttack, run: UniversalRun): void {
  const { crafting, heldOut, wanted, space, target } = run;
  checkBall({ ...attack, seeks: 'within' }, run);
  for (const [path, x] of Object.entries({ crafting, heldOut })) {
    if (x.length === 0 || x.length % space.width !== 0)
      throw new ConfigError(`${path}: expected rows of ${space.width} numbers, got ${x.length} numbers.`, path);
    checkInside(space, x);
  }
  if (wanted !== undefined) {
    if (!attack.targeted)
      throw new ConfigError(
        `${attack.name}: expected no wanted class, since it cannot aim at one. Leave it out.`,
        'wanted',
      );
    if (!(Number.isInteger(wanted) && wanted >= 0 && wanted < target.classes))
      throw new ConfigError(`wanted: expected a class from 0 to ${target.classes - 1}, got ${wanted}.`, 'wanted');
  }
  const rows = (x: Float32Array) => ({ x, y: new Int32Array(x.length / space.width) });
  const { overlap } = checkSplit(rows(crafting), rows(heldOut), { force: true });
  const n = heldOut.length / space.width;
  if (overlap > COMMON * n)
    throw new ConfigError(
      `heldOut: expected rows that the perturbation is not crafted from, got ${overlap} of ${n} that are. ` +
        'The fooling rate on rows that the attacker had says how well it fits them. Split the rows first.',
      'heldOut',
    );
}
