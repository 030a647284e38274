/**
 * The audit of a model that somebody else trained: known by its answers only. It is asked about members and non-members once, every
 * attack whose needs are met works on those answers, and what could not be run is named. Runs in Node and in a browser.
 */
import {
  type AccessLevel,
  type AnswerStore,
  type AttackWarning,
  accessLevels,
  accessOf,
  allMembershipAttacks,
  answersDiffer,
  askAll,
  cannotRun,
  controlClassifier,
  functionOracle,
  type Lack,
  type MembershipAttack,
  type MembershipKnowledge,
  type MembershipResult,
  mixCandidates,
  type Oracle,
  type OutputKind,
  oracleTarget,
  type Predict,
  parseOptions,
  type QueryPlan,
  runMembershipAttack,
  type Views,
} from '../attacks/index.ts';
import { type Records, recordsDigest } from '../data/index.ts';
import { ConfigError, KeyholeError, Rng, type Rows, type Shape, sizeOf } from '../engine/index.ts';
import { attackRecord, chosenAttacks } from './audit.ts';
import { auditParts } from './audit-parts.ts';
import type { AuditRecord } from './audit-record.ts';
import {
  type AuditRows,
  accuracyOf,
  answeredSets,
  answersOf,
  checkSets,
  classesOf,
  mixedAnswers,
  partial,
  pick,
  readSets,
  rowsOf,
  together,
} from './audit-sets.ts';
import { checkRecipe, type ShadowRecipe, trainShadows } from './shadow-recipe.ts';
import type { TrainingProgress } from './training/index.ts';
import { VERSION } from './version.ts';

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
  /** shadow models trained on the population, and reference models on halves of the tested records, for attacks that need them */
  readonly shadows?: ShadowRecipe;
  /** views of a record that its training showed, for attacks that ask about them */
  readonly views?: Views;
  /**
   * how often each question of an attack is asked, and the answers averaged, for models that answer at random; see
   * `MembershipRun.repeats`. Default 1
   */
  readonly repeats?: number;
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

/**
 * @throws ConfigError for sets that cannot be compared; what the model threw when it answers nothing; the signal's reason. A model
 * that stops answering, and a budget that ends, are warnings: the audit is then of the rows that were answered
 */
export async function auditTarget(options: AuditTargetOptions): Promise<AuditRecord> {
  const started = performance.now();
  const { seed = 0, signal, confidence, meanTrainingLoss = null, repeats = 1 } = options;
  const attacks = options.attacks ? chosenAttacks(options.attacks) : allMembershipAttacks;
  const oracle = oracleOf(options);
  const sets = readSets(options, oracle.inputShape);
  const warnings: AuditRecord['warnings'] = checkSets(sets, options.force ?? false);
  if (!(Number.isSafeInteger(repeats) && repeats >= 1))
    throw new ConfigError(`repeats: expected a whole number >= 1, got ${repeats}.`, 'repeats');
  if (options.shadows) checkRecipe(options.shadows, sets, attacks);
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
  const labelled = kept.members.y !== null && kept.nonMembers.y !== null;
  // labels of one side only would tell it from the other
  const [inside, outside] = [kept.members, kept.nonMembers].map((set) =>
    rowsOf(labelled ? set : { ...set, y: null }),
  ) as [Rows, Rows];
  const candidates = mixCandidates(inside, outside, rng.split('candidates'));
  const control = await controlClassifier({
    members: inside,
    nonMembers: outside,
    inputShape: oracle.inputShape,
    classes,
    rng: rng.split('control'),
    ...(signal && { signal }),
  });
  if (control?.warning) warnings.push(control.warning);
  const population = kept.population?.y ? kept.population : undefined;
  const shadows = options.shadows
    ? await trainShadows({ ...kept, population: population ?? null }, classes, options.shadows, {
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
      ...(shadows && { model: shadows.model }),
    };
    const answered = candidates.order.length + (others?.y.length ?? 0);
    const plan = {
      inputShape: oracle.inputShape,
      candidates: candidates.order.length,
      population: others?.y.length ?? 0,
      views: options.views?.count ?? 1,
    };
    const runs: { attack: MembershipAttack; result: MembershipResult }[] = [];
    for (const [done, attack] of attacks.entries()) {
      report?.({ phase: 'attack', attack: attack.name, done, of: attacks.length });
      const skipped =
        beyondReach(attack, accessOf[asked.kind], labelled) ??
        cannotRun(attack, known, { ranking: true, remedy: remedyOf(options) }) ??
        (options.attacks ? null : tooDear(attack, oracle, plan, answered));
      if (skipped) {
        warnings.push(skipped);
        continue;
      }
      try {
        const run = { target, candidates, known, randomOutputs, repeats, rng: rng.split(`attack ${attack.name}`) };
        const result = await runMembershipAttack(attack, {
          ...run,
          ...(options.shadows && { engine: () => Promise.resolve(options.shadows!.engine) }),
          ...(confidence !== undefined && { confidence }),
          ...(signal && { signal }),
        });
        runs.push({ attack, result });
      } catch (error) {
        if (!isOfTheModel(error)) throw error;
        warnings.push({ code: 'partial', message: `${attack.name} was left out: ${error.message}` });
      }
    }
    const whole = kept.members.size === sets.members.size;
    const details = await auditParts({
      candidates,
      labels: labelled ? Int32Array.from([...inside.y, ...outside.y]) : null,
      classNames: Array.from({ length: classes }, (_, label) => `${label}`),
      // of the members' file, where none is missing
      rows: whole ? Int32Array.from(candidates.order, (_, i) => i) : null,
      groups: [],
      control,
      target,
      known,
      runs,
      rng: rng.split('parts'),
      ...(confidence !== undefined && { confidence }),
      ...(signal && { signal }),
    });
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
      attacks: runs.map(({ attack, result }, i) => attackRecord(attack, result, details.perClass[i])),
      ...details.record,
      shadows: shadows?.models.filter(({ trainedOn }) => !trainedOn).length ?? 0,
      references: shadows?.models.filter(({ trainedOn }) => trainedOn).length ?? 0,
      population: others?.y.length ?? 0,
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

/** What would give an attack that was left out what it lacks. */
function remedyOf({ shadows, population }: AuditTargetOptions): (lack: Lack, needed: number) => string {
  const recipe = shadows ? '' : ' with --shadow-recipe';
  const rows = population ? 'Give a larger --population' : 'Add --population';
  const remedies: Readonly<Record<Lack, (needed: number) => string>> = {
    shadowRows: () => `${rows}${recipe}.`,
    modelsIn: () => `Add --references 16${recipe}.`,
    modelsOut: (needed) => `Add --references 16, or --population and --shadows ${needed},${recipe}.`.replace(',.', '.'),
    populationRows: () => `${rows}.`,
  };
  return (lack, needed) => remedies[lack](needed);
}

/** questions beyond twice as many as before that a service is asked unnamed: for the random inputs of ML-Leaks */
const FEW_MORE = 1000;

/** The warning with which an attack is left out that nobody named and that asks for much more than was answered already. */
function tooDear(
  attack: MembershipAttack,
  { kind }: Oracle,
  plan: Omit<QueryPlan<never>, 'options'>,
  answered: number,
): AttackWarning | null {
  const options = parseOptions(attack.name, attack.options, {});
  const most = attack.queries?.({ ...plan, options }) ?? plan.candidates;
  if (!attack.costly && (kind !== 'http' || most <= 2 * answered + FEW_MORE)) return null;
  const why = attack.costly ? 'it takes long' : `it asks the service about up to ${most} rows`;
  return { code: 'skipped', message: `${attack.name} was left out: ${why}. Name it to run it (--attacks).` };
}

/** Faults of the model or its budget, after which other attacks may still run. */
function isOfTheModel(error: unknown): error is KeyholeError {
  if (error instanceof ConfigError) return error.path === 'queryBudget';
  return error instanceof KeyholeError && ['EndpointError', 'AnswerError'].includes(error.name);
}
