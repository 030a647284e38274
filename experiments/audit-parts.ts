/** What an audit reports beside each attack's totals: classes, slices, exposed records, a paired comparison, the control. */
import {
  type Candidates,
  type Control,
  fitRisk,
  type Groups,
  type LabelledScores,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipResult,
  medianSlices,
  mostExposed,
  type ProbabilityTarget,
  pairedSlices,
  perClass,
  quartileGroups,
  signalScores,
  sliceBySlices,
  type Target,
} from '../attacks/index.ts';
import { columnNamed, type Dataset, rowLength } from '../data/index.ts';
import { Pacer, type Rng } from '../engine/index.ts';
import type { AuditAttack, AuditRecord } from './audit-record.ts';
import { tprAtFprOf } from './rates.ts';

/** Arrays of records hold the members first, then the non-members. */
export interface PartsOptions {
  readonly candidates: Candidates;
  /** class of each record; null where the true labels are not known */
  readonly labels: Int32Array | null;
  readonly classNames: readonly string[];
  /** where a reader finds each record; null: nowhere, and none is named */
  readonly rows: Int32Array | null;
  /** to slice by, beside class and correctness */
  readonly groups: readonly Groups[];
  readonly control: Control | null;
  readonly target: Target;
  readonly known: MembershipKnowledge;
  readonly runs: readonly { readonly attack: MembershipAttack; readonly result: MembershipResult }[];
  readonly rng: Rng;
  readonly confidence?: number;
  readonly signal?: AbortSignal;
}

export interface AuditParts {
  readonly record: Pick<AuditRecord, 'slices' | 'exposed' | 'control' | 'paired'>;
  /** in the order of the runs; undefined for attacks that only rank, and without labels */
  readonly perClass: readonly AuditAttack['perClass'][];
}

/** The attack that others are held against. */
const BASELINE = 'loss';

export async function auditParts(o: PartsOptions): Promise<AuditParts> {
  const { candidates, labels, classNames, control, runs, rng } = o;
  const pacer = new Pacer(o.signal);
  const confidence = o.confidence === undefined ? {} : { confidence: o.confidence };
  const isMember = Uint8Array.from(candidates.order, (_, i) => (i < candidates.members ? 1 : 0));
  const classes: AuditAttack['perClass'][] = [];
  for (const { attack, result } of runs) {
    const { threshold } = result;
    if (threshold === null || !labels) {
      classes.push(undefined);
      continue;
    }
    const found = perClass({ scores: together(result), labels, isMember, threshold, ...confidence });
    const medians = medianSlices({ classes: found.classes, rng: rng.split(`medians ${attack.name}`), ...confidence });
    const { precision: medianPrecision, recall: medianRecall } = await paced(medians, pacer);
    const rows = found.classes.map(({ class: c, members, nonMembers, baseline, precision, recall }) => {
      return { name: classNames[c] ?? `${c}`, members, nonMembers, baseline, precision, recall };
    });
    classes.push({ classes: rows, medianPrecision, medianRecall });
  }
  const strongest = runs.reduce<(typeof runs)[number] | null>(
    (best, run) => (best && best.result.summary.auc.value! >= run.result.summary.auc.value! ? best : run),
    null,
  );
  const baseline = runs.find(({ attack }) => attack.name === BASELINE);
  const exposed = labels && (await exposedRecords(o, labels, isMember));
  const slices = strongest && (await slicesOf(o, strongest, isMember, pacer));
  return {
    perClass: classes,
    record: {
      ...(slices && slices.length > 0 && { slices }),
      ...(exposed && { exposed }),
      ...(control && {
        control: {
          classifiers: [...control.classifiers],
          folds: control.folds,
          features: control.features,
          broken: control.broken,
        },
      }),
      ...(strongest && baseline && strongest !== baseline && { paired: [await pairOf(strongest, baseline, o, pacer)] }),
    },
  };
}

/** Lets others have the thread between the slices of a computation. */
async function paced<T>(slices: Generator<void, T, void>, pacer: Pacer): Promise<T> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await pacer.breathe();
  }
}

function together({ members, nonMembers }: MembershipResult): Float64Array {
  const scores = new Float64Array(members.length + nonMembers.length);
  scores.set(members);
  scores.set(nonMembers, members.length);
  return scores;
}

/** The attack with the highest AUC by class, by whether the target is right, and by the groups of the caller. */
async function slicesOf(
  { candidates, target, labels, classNames, groups, rng, confidence }: PartsOptions,
  { attack, result }: PartsOptions['runs'][number],
  isMember: Uint8Array,
  pacer: Pacer,
): Promise<NonNullable<AuditRecord['slices']>> {
  const all = [...groups];
  if (labels && 'labels' in target) {
    const guesses = await target.labels(candidates.rows.x);
    const right = new Int32Array(labels.length);
    for (const [at, original] of candidates.order.entries()) right[original] = guesses[at] === labels[original] ? 0 : 1;
    all.unshift({ by: 'prediction', names: ['right', 'wrong'], of: right });
  }
  if (labels) all.unshift({ by: 'class', names: classNames, of: labels });
  const tables: NonNullable<AuditRecord['slices']> = [];
  for (const group of all) {
    const steps = sliceBySlices({
      scores: together(result),
      isMember,
      groups: group,
      threshold: result.threshold,
      rng: rng.split(`slices by ${group.by}`),
      ...(confidence !== undefined && { confidence }),
    });
    const { by, looks, slices } = await paced(steps, pacer);
    const rows = slices.map((s) => ({ ...s, tprAtFpr: tprAtFprOf(s.tprAtFpr) }));
    tables.push({ attack: attack.name, by, looks, slices: rows });
  }
  return tables;
}

/**
 * Rows of a table grouped by a column: each category, or the quartiles of a number over these rows.
 * @throws ConfigError for images, and for a column that is not there
 */
export function columnGroups(data: Dataset, rows: Int32Array, name: string): Groups {
  const column = columnNamed(data.schema, name);
  const width = rowLength(data);
  const cell = (row: number, feature: number) => data.x[row * width + feature]!;
  if (column.kind === 'numeric') {
    const values = Float64Array.from(rows, (row) => cell(row, column.feature));
    return quartileGroups(name, values, (x) => String(+x.toPrecision(4)));
  }
  if (column.kind === 'binary') {
    return { by: name, names: ['0', '1'], of: rows.map((row) => (cell(row, column.feature) > 0 ? 1 : 0)) };
  }
  const category = (row: number) => {
    let at = 0;
    while (at < column.width && cell(row, column.feature + at) !== 1) at++;
    return at === column.width ? -1 : at;
  };
  return { by: name, names: column.categories, of: rows.map(category) };
}

/** As Song and Mittal do it: the modified entropy. */
const SIGNAL = 'modified-entropy';
const PRIOR = 0.5;
const BINS = 20;

/** Risks from models of the attacker's own data, whose members do not overlap with the target's. */
async function exposedRecords(
  { rows: places, classNames, candidates, target, known }: PartsOptions,
  labels: Int32Array,
  isMember: Uint8Array,
): Promise<AuditRecord['exposed']> {
  if (!places || !('probabilities' in target)) return undefined;
  const shadow = { scores: [] as number[], labels: [] as number[], isMember: [] as number[] };
  for (const { target: own, members, nonMembers, trainedOn } of known.shadows) {
    if (trainedOn) continue;
    for (const [rows, member] of [
      [members, 1],
      [nonMembers, 0],
    ] as const) {
      for (const s of await signalScores(own as ProbabilityTarget, rows, SIGNAL)) shadow.scores.push(s);
      for (const label of rows.y) {
        shadow.labels.push(label);
        shadow.isMember.push(member);
      }
    }
  }
  if (!isTwoSided(shadow)) return undefined;
  const { risk } = fitRisk({ ...shadow, prior: PRIOR });
  const seen = await signalScores(target, candidates.rows, SIGNAL);
  const scores = new Float64Array(seen.length);
  for (const [at, original] of candidates.order.entries()) scores[original] = seen[at]!;
  const risks = scores.map((s, i) => risk(s, labels[i]!));
  const edges = Array.from({ length: BINS + 1 }, (_, i) => i / BINS);
  const histogram = { edges, members: new Array<number>(BINS).fill(0), nonMembers: new Array<number>(BINS).fill(0) };
  for (const [i, r] of risks.entries()) {
    const bin = Math.min(BINS - 1, Math.floor(r * BINS));
    (isMember[i] ? histogram.members : histogram.nonMembers)[bin]!++;
  }
  const records = mostExposed({ risks, scores, isMember }).map((i) => ({
    row: places[i]!,
    class: classNames[labels[i]!] ?? `${labels[i]}`,
    score: scores[i]!,
    risk: risks[i]!,
  }));
  return { signal: SIGNAL, prior: PRIOR, records, histogram };
}

function isTwoSided({ isMember }: Pick<LabelledScores, 'isMember'>): boolean {
  const marks = new Set(Array.from(isMember));
  return marks.size === 2;
}

async function pairOf(
  a: PartsOptions['runs'][number],
  b: PartsOptions['runs'][number],
  { rng, confidence }: PartsOptions,
  pacer: Pacer,
): Promise<NonNullable<AuditRecord['paired']>[number]> {
  const steps = pairedSlices({
    a: a.result,
    b: b.result,
    rng: rng.split('paired'),
    ...(confidence !== undefined && { confidence }),
  });
  const { auc, deLong, tprAtFpr } = await paced(steps, pacer);
  return {
    a: a.attack.name,
    b: b.attack.name,
    auc,
    aucDeLong: deLong.difference,
    pValue: deLong.pValue,
    tprAtFpr: tprAtFprOf(tprAtFpr),
  };
}
