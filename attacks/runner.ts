/**
 * Runs attacks and does not trust them: the attack sees a target cut down to its threat model and candidates in random
 * order; its scores are checked, and every metric is computed here.
 */
import { ConfigError, createEngine, type Engine, KeyholeError, Pacer, type Rng, type Rows } from '../engine/index.ts';
import type { AttackWarning, MembershipAttack, MembershipKnowledge, OptionDef, OptionsOf } from './define-attack.ts';
import { type MembershipSummary, summariseSlices } from './metrics/index.ts';
import { type ShadowData, shadowDataOf, suited } from './needs.ts';
import { averaged, type LabelTarget, type ProbabilityTarget, restrict, type Target } from './target/index.ts';

/** The records that an attack is asked about. */
export interface Candidates {
  readonly rows: Rows;
  /** place of each candidate among the members, followed by the non-members; the attack does not see it */
  readonly order: Int32Array;
  /** how many of them are members */
  readonly members: number;
}

export interface MembershipRun {
  readonly target: Target<'white-box'> | Target<'probabilities'> | Target<'label-only'>;
  readonly candidates: Candidates;
  readonly known: MembershipKnowledge;
  /** values for some of the attack's options; the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
  readonly rng: Rng;
  /**
   * how often each question is asked of the target and of the shadow models, whose logits are averaged (labels, where there
   * is no more, are voted on); for models that answer at random. Default 1
   */
  readonly repeats?: number;
  /** for attack models that are networks; default: one of one thread, made when it is asked for and disposed at the end */
  readonly engine?: () => Promise<Engine>;
  /** whether the target answers the same rows differently; default: it is asked */
  readonly randomOutputs?: boolean;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
}

export interface MembershipResult {
  readonly summary: MembershipSummary;
  /** scores of members and of non-members, in the order in which they were mixed */
  readonly members: Float64Array;
  readonly nonMembers: Float64Array;
  /** the attack's own: "score >= threshold: member"; null where it only ranks */
  readonly threshold: number | null;
  readonly queries: number;
  /** how the data of the models that the attack used lie to the target's: 'overlapping' is the stronger attacker; 'none' without models */
  readonly shadowData: ShadowData;
  readonly seconds: number;
  readonly warnings: readonly AttackWarning[];
}

/** Fills in defaults. @throws ConfigError for an unknown option or a value out of range */
export function parseOptions<O extends Record<string, OptionDef>>(
  attack: string,
  defs: O,
  given: Readonly<Record<string, number>>,
): OptionsOf<O> {
  for (const [name, value] of Object.entries(given)) {
    const def = Object.hasOwn(defs, name) ? defs[name] : undefined;
    const known = Object.keys(defs);
    if (!def)
      throw new ConfigError(
        `${attack}: expected an option among ${known.join(', ') || '(none)'}, got '${name}'.`,
        `${attack}.${name}`,
        known,
      );
    if (!(value >= def.min && value <= def.max && (!def.kind || Number.isInteger(value)))) {
      const expected =
        def.kind === 'switch'
          ? '1 (yes) or 0 (no)'
          : `a ${def.kind ? 'whole number' : 'number'} from ${def.min} to ${def.max}`;
      throw new ConfigError(`${attack}.${name}: expected ${expected}, got ${value}.`, `${attack}.${name}`);
    }
  }
  return Object.fromEntries(
    Object.entries(defs).map(([name, def]) => [name, given[name] ?? def.default]),
  ) as OptionsOf<O>;
}

export async function runMembershipAttack(attack: MembershipAttack, run: MembershipRun): Promise<MembershipResult> {
  const { rng, known, repeats = 1 } = run;
  const { rows: candidates, order, members } = run.candidates;
  const started = performance.now();
  const pacer = new Pacer(run.signal);
  const options = parseOptions(attack.name, attack.options, run.options ?? {});
  const access = attack.threat.access as 'white-box';
  const once = run.target as Target<'white-box'>;
  const full = repeatedly(once, repeats);
  const target = restrict(full, access);
  const shadows = suited(attack.needs, known.shadows).map((s) => ({
    ...s,
    ...(s.trainedOn && { trainedOn: inOrder(s.trainedOn, order) }),
    target: restrict(repeatedly(s.target as Target<'white-box'>, repeats), access),
  }));
  const before = full.queries();
  let own: Promise<Engine> | null = null;
  const engine = run.engine ?? (() => (own ??= createEngine()));
  const answer = await attack
    .run({
      target,
      candidates,
      known: { ...known, shadows },
      options,
      engine,
      rng: rng.split('attack'),
      signal: run.signal,
    })
    .finally(async () => (await own)?.dispose());
  const { scores, threshold } = answer;
  const queries = full.queries() - before;
  await pacer.breathe();
  checkScores(attack.name, scores, threshold, order.length);
  const sorted = new Float64Array(scores.length);
  for (const [at, original] of order.entries()) sorted[original] = scores[at]!;
  const inside = sorted.subarray(0, members);
  const outside = sorted.subarray(members);
  const warnings: AttackWarning[] = [...(answer.warnings ?? [])];
  if (
    attack.threat.access !== 'none' &&
    (run.randomOutputs ?? (await answersVary(restrict(once, access), candidates)))
  ) {
    const message =
      'The target answered the same rows differently twice: ' +
      (repeats > 1
        ? `${repeats} answers to each question were averaged, by the target and the shadow models alike.`
        : 'one query per record says little about it. Ask several times and average (repeats).');
    warnings.push({ code: 'random-outputs', message });
  }
  const slices = summariseSlices({
    members: inside,
    nonMembers: outside,
    threshold,
    rng: rng.split('intervals'),
    ...(run.confidence !== undefined && { confidence: run.confidence }),
  });
  let summary: MembershipSummary | undefined;
  while (!summary) {
    await pacer.breathe();
    summary = slices.next().value ?? undefined;
  }
  return {
    summary,
    members: inside,
    nonMembers: outside,
    threshold,
    queries,
    shadowData: shadowDataOf(attack.needs, shadows),
    seconds: (performance.now() - started) / 1000,
    warnings: [...warnings, ...summary.warnings],
  };
}

/** Mixes members and non-members, so that an attack learns nothing from their order. */
export function mixCandidates(members: Rows, nonMembers: Rows, rng: Rng): Candidates {
  const n = members.y.length;
  const order = rng.permutation(n + nonMembers.y.length);
  const width = (members.x.length + nonMembers.x.length) / Math.max(1, order.length);
  const x = new Float32Array(order.length * width);
  const y = new Int32Array(order.length);
  for (const [at, original] of order.entries()) {
    const [from, row] = original < n ? [members, original] : [nonMembers, original - n];
    x.set(from.x.subarray(row * width, (row + 1) * width), at * width);
    y[at] = from.y[row]!;
  }
  return { rows: { x, y }, order, members: n };
}

/** Marks of members followed by non-members, in the order of the candidates. */
function inOrder(marks: Uint8Array, order: Int32Array): Uint8Array {
  if (marks.length !== order.length)
    throw new ConfigError(
      `shadows: expected trainedOn to mark ${order.length} candidates, got ${marks.length}.`,
      'shadows',
    );
  return Uint8Array.from(order, (original) => marks[original]!);
}

function checkScores(name: string, scores: Float64Array, threshold: number | null, n: number): void {
  if (scores.length !== n) throw new KeyholeError(`${name}: expected ${n} scores, got ${scores.length}.`);
  const bad = scores.findIndex(Number.isNaN);
  if (bad >= 0)
    throw new KeyholeError(
      `${name}: expected a score for each record, got NaN for candidate ${bad}. Does the model output NaN?`,
    );
  if (threshold !== null && Number.isNaN(threshold)) throw new KeyholeError(`${name}: expected a threshold, got NaN.`);
}

const averages = new WeakMap<object, Map<number, Target<'white-box'>>>();

/** The target asked several times, the same wrapper each time, so that attacks share its answers. */
function repeatedly(target: Target<'white-box'>, queries: number): Target<'white-box'> {
  if (queries === 1) return target;
  const known = averages.get(target) ?? new Map<number, Target<'white-box'>>();
  averages.set(target, known);
  const wrapped = known.get(queries) ?? averaged(target, { queries });
  known.set(queries, wrapped);
  return wrapped;
}

const PROBES = 16;

async function answersVary(target: LabelTarget | ProbabilityTarget, { x, y }: Rows): Promise<boolean> {
  const ask = async () => {
    // another object each time: a target that remembers what it was asked must ask anew
    const few = x.subarray(0, (x.length / Math.max(1, y.length)) * Math.min(PROBES, y.length));
    return 'probabilities' in target ? await target.probabilities(few) : await target.labels(few);
  };
  try {
    const [a, b] = [await ask(), await ask()];
    return a.some((v, i) => v !== b[i]);
  } catch (error) {
    // the attack has used up the budget: its result stands, unprobed
    if (error instanceof ConfigError && error.path === 'queryBudget') return false;
    throw error;
  }
}
