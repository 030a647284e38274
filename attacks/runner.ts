/**
 * Runs attacks and does not trust them: the attack sees a target cut down to its threat model and candidates in random
 * order; its scores are checked, and every metric is computed here.
 */
import { ConfigError, KeyholeError, Pacer, type Rng, type Rows } from '../engine/index.ts';
import type { MembershipAttack, MembershipKnowledge, OptionDef, OptionsOf } from './define-attack.ts';
import { type MembershipSummary, summariseSlices } from './metrics/index.ts';
import { type LabelTarget, type ProbabilityTarget, restrict, type Target } from './target/index.ts';

export type WarningCode = 'few-samples' | 'random-outputs' | 'skipped';
export interface AttackWarning {
  readonly code: WarningCode;
  readonly message: string;
}

/** The records that an attack is asked about. */
export interface Candidates {
  readonly rows: Rows;
  /** place of each candidate among the members, followed by the non-members; the attack does not see it */
  readonly order: Int32Array;
  /** how many of them are members */
  readonly members: number;
}

export interface MembershipRun {
  readonly target: Target<'white-box'> | Target<'probabilities'>;
  readonly candidates: Candidates;
  readonly known: MembershipKnowledge;
  /** values for some of the attack's options; the rest take their defaults */
  readonly options?: Readonly<Record<string, number>>;
  readonly rng: Rng;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
}

export interface MembershipResult {
  readonly summary: MembershipSummary;
  /** scores of members and of non-members, in the order in which they were mixed */
  readonly members: Float64Array;
  readonly nonMembers: Float64Array;
  readonly queries: number;
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
    if (!(value >= def.min && value <= def.max)) {
      throw new ConfigError(
        `${attack}.${name}: expected a number from ${def.min} to ${def.max}, got ${value}.`,
        `${attack}.${name}`,
      );
    }
  }
  return Object.fromEntries(
    Object.entries(defs).map(([name, def]) => [name, given[name] ?? def.default]),
  ) as OptionsOf<O>;
}

/** The warning with which an attack is left out, or null when there are rows enough. */
export function cannotRun(attack: MembershipAttack, known: MembershipKnowledge): AttackWarning | null {
  const rows = known.shadows.map((s) => Math.min(s.members.y.length, s.nonMembers.y.length));
  const most = Math.max(0, ...rows);
  if (most >= attack.shadowRows) return null;
  const message =
    `${attack.name} was left out: it needs a shadow model with at least ${attack.shadowRows} members and as many non-members, ` +
    `got ${most}. Give more data, or a smaller --train-size.`;
  return { code: 'skipped', message };
}

export async function runMembershipAttack(attack: MembershipAttack, run: MembershipRun): Promise<MembershipResult> {
  const { rng, known } = run;
  const { rows: candidates, order, members } = run.candidates;
  const started = performance.now();
  const pacer = new Pacer(run.signal);
  const options = parseOptions(attack.name, attack.options, run.options ?? {});
  const full = run.target as Target<'white-box'>;
  const target = restrict(full, attack.threat.access as 'white-box');
  const shadows = known.shadows.map((s) => ({
    ...s,
    target: restrict(s.target as Target<'white-box'>, attack.threat.access as 'white-box'),
  }));
  const before = full.queries();
  const { scores, threshold } = await attack.run({
    target,
    candidates,
    known: { ...known, shadows },
    options,
    rng: rng.split('attack'),
    signal: run.signal,
  });
  const queries = full.queries() - before;
  await pacer.breathe();
  checkScores(attack.name, scores, threshold, order.length);
  const sorted = new Float64Array(scores.length);
  for (const [at, original] of order.entries()) sorted[original] = scores[at]!;
  const inside = sorted.subarray(0, members);
  const outside = sorted.subarray(members);
  const warnings: AttackWarning[] = [];
  if (attack.threat.access !== 'none' && (await answersVary(target, candidates))) {
    const message = 'The target answered the same rows differently twice: one query per record says little about it.';
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
    queries,
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

function checkScores(name: string, scores: Float64Array, threshold: number | null, n: number): void {
  if (scores.length !== n) throw new KeyholeError(`${name}: expected ${n} scores, got ${scores.length}.`);
  const bad = scores.findIndex(Number.isNaN);
  if (bad >= 0)
    throw new KeyholeError(
      `${name}: expected a score for each record, got NaN for candidate ${bad}. Does the model output NaN?`,
    );
  if (threshold !== null && Number.isNaN(threshold)) throw new KeyholeError(`${name}: expected a threshold, got NaN.`);
}

const PROBES = 16;

async function answersVary(target: LabelTarget | ProbabilityTarget, { x, y }: Rows): Promise<boolean> {
  const few = x.subarray(0, (x.length / Math.max(1, y.length)) * Math.min(PROBES, y.length));
  const ask = async () => ('probabilities' in target ? await target.probabilities(few) : await target.labels(few));
  try {
    const [a, b] = [await ask(), await ask()];
    return a.some((v, i) => v !== b[i]);
  } catch (error) {
    // the attack has used up the budget: its result stands, unprobed
    if (error instanceof ConfigError && error.path === 'queryBudget') return false;
    throw error;
  }
}
