/**
 * The audit of a model that somebody else trained: known by its answers only. It is asked about members and non-members once, every
 * attack whose needs are met works on those answers, and what could not be run is named. Runs in Node and in a browser.
 */
import {
  type AccessLevel,
  type AnswerStore,
  type Asked,
  type AttackWarning,
  accessLevels,
  accessOf,
  answersDiffer,
  argmaxRows,
  askAll,
  type Candidates,
  cannotRun,
  functionOracle,
  type MembershipAttack,
  type MembershipKnowledge,
  mixCandidates,
  type Oracle,
  type OutputKind,
  oracleTarget,
  type Predict,
  runMembershipAttack,
  type Views,
} from '../attacks/index.ts';
import { compareRecords, makeRecords, type Records, recordsDigest } from '../data/index.ts';
import { ConfigError, KeyholeError, Rng, type Rows, type Shape, sizeOf } from '../engine/index.ts';
import { attackRecord, chosenAttacks } from './audit.ts';
import type { AuditAttack, AuditRecord } from './audit-record.ts';
import { type ShadowRecipe, trainShadows } from './shadow-recipe.ts';
import type { TrainingProgress } from './training/index.ts';
import { VERSION } from './version.ts';

/** Rows as the model sees them. */
export interface AuditRows {
  /** row-major [n, ...inputShape] */
  readonly x: ArrayLike<number>;
  /** labels [n], without which few attacks run */
  readonly y?: ArrayLike<number> | null;
  /** for messages */
  readonly name?: string;
}

export type AuditTargetProgress =
  | { readonly phase: 'ask'; readonly done: number; readonly of: number }
  | ({ readonly phase: 'train' } & TrainingProgress)
  | { readonly phase: 'attack'; readonly attack: string; readonly done: number; readonly of: number };

export interface AuditTargetOptions {
  /** the model as a function; or `oracle` */
  readonly predict?: Predict;
  /** the model as `onnxOracle` or `httpOracle` make it; the caller disposes it */
  readonly oracle?: Oracle;
  /** of one row; default the oracle's, or one axis of as many numbers as the rows have */
  readonly inputShape?: Shape;
  /** rows that it was trained on, and others of the same source */
  readonly members: AuditRows;
  readonly nonMembers: AuditRows;
  /** rows of the same source that it was not trained on either, for attacks that need some */
  readonly population?: AuditRows;
  /** what it answers with; default: what it says, or probabilities where they look like it */
  readonly outputs?: OutputKind;
  /** default: as many as there are numbers in an answer; of labels, as many as there are labels */
  readonly classes?: number;
  /** of the target on its training data, in nats, where it is known: the threshold of the loss attack */
  readonly meanTrainingLoss?: number;
  /** shadow models trained on the population, for attacks that need them */
  readonly shadows?: ShadowRecipe;
  /** views of a record that its training showed, for attacks that ask about them */
  readonly views?: Views;
  /** default: all of them */
  readonly attacks?: readonly string[];
  /** of a `predict` function: rows that may be asked for in all; oracles have their own */
  readonly queryBudget?: number;
  /** audits sets that overlap, or are scaled differently, with a warning */
  readonly force?: boolean;
  /** where answers are kept as they come; see `askAll` */
  readonly store?: AnswerStore;
  /** SHA-256 of the model's file */
  readonly sha256?: string;
  /** default 0 */
  readonly seed?: number;
  /** of the intervals; default 0.95 */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AuditTargetProgress) => void;
}

/** below this, rates have no meaning */
const FEWEST_ROWS = 10;

/**
 * @throws ConfigError for sets that cannot be compared; what the model threw when it answers nothing; the signal's reason. A model
 * that stops answering, and a budget that ends, are warnings: the audit is then of the rows that were answered
 */
export async function auditTarget(options: AuditTargetOptions): Promise<AuditRecord> {
  const started = performance.now();
  const { seed = 0, signal, confidence, meanTrainingLoss = null } = options;
  const attacks = chosenAttacks(options.attacks);
  const oracle = oracleOf(options);
  const sets = readSets(options, oracle.inputShape);
  const warnings: AttackWarning[] = checkSets(sets, options.force ?? false);
  const rng = Rng.from(seed).split('audit target');
  const report = options.onProgress;

  const all = together(sets);
  const candidateCount = sets.members.size + sets.nonMembers.size;
  const asked = await askAll(oracle, all, {
    outputs: options.outputs,
    classes: options.classes,
    // members and non-members mixed: what a budget pays for is then a fair part of both
    order: Int32Array.from([
      ...rng.split('order').permutation(candidateCount),
      ...Array.from({ length: sets.population?.size ?? 0 }, (_, i) => candidateCount + i),
    ]),
    store: options.store,
    signal,
    onProgress: (done) => report?.({ phase: 'ask', done, of: all.length / sizeOf(oracle.inputShape) }),
  });
  const kept = answeredSets(sets, asked);
  if (asked.stopped) warnings.push(partial(sets, kept, asked.stopped.message));
  const classes = classesOf(asked, kept, options.classes);
  const randomOutputs = await answersDiffer(oracle, all, asked);
  const candidates = mixCandidates(rowsOf(kept.members), rowsOf(kept.nonMembers), rng.split('candidates'));
  const population = kept.population?.y ? kept.population : undefined;
  const shadows = options.shadows
    ? await trainShadows(population, classes, options.shadows, {
        rng,
        reserve: attacks.some((attack) => attack.needs.populationRows),
        ...(signal && { signal }),
        onProgress: (p) => report?.({ phase: 'train', ...p }),
      })
    : null;
  try {
    const others = population && rowsOf(shadows ? pick(population, shadows.population) : population);
    const target = oracleTarget(oracle, asked.kind, {
      classes,
      outputs: options.outputs,
      known: [
        [candidates.rows.x, mixedAnswers(kept, candidates)],
        ...(others && population ? [[others.x, answersOf(population, shadows?.population ?? null)] as const] : []),
      ],
      signal,
    });
    const known: MembershipKnowledge = {
      meanTrainingLoss,
      shadows: shadows?.models ?? [],
      ...(others && others.y.length > 0 && { population: others }),
      ...(options.views && { views: options.views }),
    };
    const results: AuditAttack[] = [];
    const labelled = kept.members.y !== null && kept.nonMembers.y !== null;
    for (const [done, attack] of attacks.entries()) {
      report?.({ phase: 'attack', attack: attack.name, done, of: attacks.length });
      const skipped = beyondReach(attack, accessOf[asked.kind], labelled) ?? cannotRun(attack, known);
      if (skipped) {
        warnings.push(skipped);
        continue;
      }
      try {
        const run = { target, candidates, known, randomOutputs, rng: rng.split(`attack ${attack.name}`) };
        const result = await runMembershipAttack(attack, {
          ...run,
          ...(confidence !== undefined && { confidence }),
          ...(signal && { signal }),
        });
        results.push(attackRecord(attack, result));
      } catch (error) {
        if (!isOfTheModel(error)) throw error;
        warnings.push({ code: 'partial', message: `${attack.name} was left out: ${error.message}` });
      }
    }
    report?.({ phase: 'attack', attack: '', done: attacks.length, of: attacks.length });
    return {
      schema: 'keyhole.audit/1',
      dataset: {
        name: sets.members.name,
        sha256: await recordsDigest([sets.members, sets.nonMembers]),
        members: kept.members.size,
        nonMembers: kept.nonMembers.size,
        classes,
      },
      model: { name: oracle.name, parameters: null },
      train: {
        accuracy: accuracyOf(kept.members, asked, classes),
        testAccuracy: accuracyOf(kept.nonMembers, asked, classes),
        epochs: null,
        seconds: null,
      },
      target: {
        kind: oracle.kind,
        outputs: asked.kind,
        ...(options.sha256 !== undefined && { sha256: options.sha256 }),
        given: {
          members: sets.members.size,
          nonMembers: sets.nonMembers.size,
          population: sets.population?.size ?? 0,
        },
        ledger: oracle.ledger.read(),
      },
      attacks: results,
      shadows: shadows?.models.length ?? 0,
      seed,
      build: options.shadows?.engine.build ?? 'base',
      seconds: (performance.now() - started) / 1000,
      warnings,
      version: VERSION,
    };
  } finally {
    shadows?.dispose();
  }
}

interface Sets<R extends Records = Records> {
  readonly members: R;
  readonly nonMembers: R;
  readonly population: R | null;
}

/** Records with what the model said about them: row-major [size, classes], or labels [size]. */
interface Answered extends Records {
  readonly answers: Float64Array;
}

function oracleOf({ oracle, predict, inputShape, members, queryBudget }: AuditTargetOptions): Oracle {
  if (oracle && predict) throw new ConfigError('auditTarget: expected predict or oracle, got both.', 'predict');
  if (oracle) return oracle;
  if (!predict)
    throw new ConfigError(
      'auditTarget: expected a model, as a function (predict) or an oracle (onnxOracle, httpOracle), got none.',
      'predict',
    );
  const rows = members.y?.length;
  const shape =
    inputShape ?? ('shape' in members ? (members as Records).shape : rows ? [members.x.length / rows] : null);
  if (!shape)
    throw new ConfigError('auditTarget: expected the shape of a row, got none. Give inputShape.', 'inputShape');
  return functionOracle({ predict, inputShape: shape, ...(queryBudget !== undefined && { queryBudget }) });
}

function readSets({ members, nonMembers, population }: AuditTargetOptions, shape: Shape): Sets {
  const read = (rows: AuditRows, name: string) =>
    makeRecords({ name: rows.name ?? name, shape, x: rows.x, y: rows.y ?? null });
  return {
    members: read(members, 'members'),
    nonMembers: read(nonMembers, 'non-members'),
    population: population ? read(population, 'population') : null,
  };
}

/** @returns what is wrong and was forced @throws ConfigError for what is wrong otherwise */
function checkSets({ members, nonMembers, population }: Sets, force: boolean): AttackWarning[] {
  for (const { name, size } of [members, nonMembers]) {
    if (size < FEWEST_ROWS)
      throw new ConfigError(
        `${name}: expected at least ${FEWEST_ROWS} rows, got ${size}. Rates over so few rows mean nothing: give more.`,
        'members',
      );
  }
  const faults = [...compareRecords(members, nonMembers), ...(population ? compareRecords(members, population) : [])];
  const [first] = faults;
  if (first && !force)
    throw new ConfigError(
      `${faults.map(({ message }) => message).join('. ')}. Repair the sets, or go on all the same: force.`,
      first.code,
    );
  return faults.map(({ code, message }) => ({ code, message: `${message}; forced` }));
}

function together({ members, nonMembers, population }: Sets): Float32Array {
  const parts = [members, nonMembers, ...(population ? [population] : [])];
  const x = new Float32Array(parts.reduce((sum, part) => sum + part.x.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part.x, at);
    at += part.x.length;
  }
  return x;
}

/** Of each set the rows that were answered. @throws KeyholeError when they are too few to say anything */
function answeredSets(sets: Sets, asked: Asked): Sets<Answered> {
  const width = asked.kind === 'labels' ? 1 : asked.classes;
  let first = 0;
  const read = (set: Records): Answered => {
    const rows = Int32Array.from({ length: set.size }, (_, i) => i).filter((i) => asked.answered[first + i]);
    const answers = new Float64Array(rows.length * width);
    for (const [at, row] of rows.entries())
      answers.set(asked.values.subarray((first + row) * width, (first + row + 1) * width), at * width);
    first += set.size;
    return { ...pick(set, rows), answers };
  };
  const [members, nonMembers] = [read(sets.members), read(sets.nonMembers)];
  const population = sets.population ? read(sets.population) : null;
  if (Math.min(members.size, nonMembers.size) < FEWEST_ROWS)
    throw new KeyholeError(
      `target: expected answers about at least ${FEWEST_ROWS} members and as many non-members, got ${members.size} and ` +
        `${nonMembers.size}: ${asked.stopped?.message ?? 'the model stopped'}. What was answered is kept where answers are kept (--out).`,
    );
  return { members, nonMembers, population: population && population.size > 0 ? population : null };
}

function pick<R extends Records>(set: R, rows: Int32Array): R {
  const width = sizeOf(set.shape);
  const x = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) x.set(set.x.subarray(row * width, (row + 1) * width), at * width);
  return { ...set, x, y: set.y && rows.map((row) => set.y![row]!), size: rows.length };
}

function partial(sets: Sets, kept: Sets, because: string): AttackWarning {
  const part = (name: string, of: Records, got: Records | null) => `${got?.size ?? 0} of ${of.size} ${name}`;
  const list = [
    part('members', sets.members, kept.members),
    part('non-members', sets.nonMembers, kept.nonMembers),
    ...(sets.population ? [part('rows of the population', sets.population, kept.population)] : []),
  ];
  return {
    code: 'partial',
    message: `Only ${list.join(', ')} were answered: ${because}. Everything here is about those.`,
  };
}

/** @throws ConfigError for true labels that the model does not know */
function classesOf({ kind, classes, values }: Asked, sets: Sets, declared: number | undefined): number {
  let most = 0;
  for (const set of [sets.members, sets.nonMembers, sets.population])
    for (const label of set?.y ?? []) most = Math.max(most, label);
  if (kind === 'labels') {
    for (const label of values) if (label > most) most = label;
    return declared ?? Math.max(2, most + 1);
  }
  if (most >= classes)
    throw new ConfigError(
      `labels: expected 0 .. ${classes - 1}, since the model answers with ${classes} numbers a row, got ${most}. Are they labels of this model?`,
      'y',
    );
  return classes;
}

/** Without true labels, zeros: attacks that look at them are left out. */
function rowsOf({ x, y, size }: Records): Rows {
  return { x, y: y ?? new Int32Array(size) };
}

function mixedAnswers({ members, nonMembers }: Sets<Answered>, { order }: Candidates): Float64Array {
  const width = members.answers.length / members.size;
  const out = new Float64Array(order.length * width);
  for (const [at, original] of order.entries()) {
    const [from, row] = original < members.size ? [members, original] : [nonMembers, original - members.size];
    out.set(from.answers.subarray(row * width, (row + 1) * width), at * width);
  }
  return out;
}

/** @param rows default: all of them */
function answersOf({ answers, size }: Answered, rows: Int32Array | null): Float64Array {
  if (!rows) return answers;
  const width = answers.length / size;
  const out = new Float64Array(rows.length * width);
  for (const [at, row] of rows.entries()) out.set(answers.subarray(row * width, (row + 1) * width), at * width);
  return out;
}

function accuracyOf({ y, answers, size }: Answered, { kind }: Asked, classes: number): number | null {
  if (!y) return null;
  const guesses = kind === 'labels' ? answers : argmaxRows(answers, classes);
  return y.reduce((sum, label, i) => sum + (guesses[i] === label ? 1 : 0), 0) / size;
}

/** The warning with which an attack is left out whose access or labels are not there. */
function beyondReach(attack: MembershipAttack, access: AccessLevel, labelled: boolean): AttackWarning | null {
  const needs = (what: string): AttackWarning => ({
    code: 'skipped',
    message: `${attack.name} was left out: it needs ${what}`,
  });
  if (accessLevels.indexOf(attack.threat.access) > accessLevels.indexOf(access))
    return needs(
      `a model that gives ${attack.threat.access}, this one gives ${access === 'label-only' ? 'labels only' : access}.`,
    );
  if (!labelled && attack.threat.knowledge.includes('labels'))
    return needs('the true labels of members and non-members, which were not given.');
  return null;
}

/** Faults of the model or its budget, after which other attacks may still run. */
function isOfTheModel(error: unknown): error is KeyholeError {
  if (error instanceof ConfigError) return error.path === 'queryBudget';
  return error instanceof KeyholeError && ['EndpointError', 'AnswerError'].includes(error.name);
}
