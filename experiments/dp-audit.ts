/**
 * An audit of private training from end to end: train privately with canaries, guess which of them were in, and hold the
 * lower bound that follows against the upper bound that was proved. Runs in Node and in a browser.
 */
import { rank, rocCurve, summarise, thinRoc } from '../attacks/index.ts';
import { type Dataset, examples, stratifiedSplit } from '../data/index.ts';
import {
  ConfigError,
  countParameters,
  type Engine,
  type Examples,
  type Model,
  namedModel,
  optim,
  Rng,
} from '../engine/index.ts';
import { exp } from '../engine/math/index.ts';
import {
  type Accountant,
  accountants,
  auditByClipBkd,
  auditOneRun,
  type Bounds,
  type CanaryKindName,
  canaryKinds,
  type DpEvent,
  fitPrivate,
  Ledger,
  type ManyRunAudit,
  type Neighbouring,
  type OneRunAudit,
  type PrivateFitOptions,
  type PrivateFitResult,
  requireCanaries,
  SecureRandom,
  tprCeilingUnderDp,
  tradeOff,
  trainingRows,
} from '../privacy/index.ts';
import type { DpAuditRecord } from './dp-audit-record.ts';
import { tprAtFprOf } from './rates.ts';
import { VERSION } from './version.ts';

/** How the audited training is set; as `fitPrivate`, which decides about defaults. */
export type AuditedTraining = Pick<
  PrivateFitOptions,
  | 'epochs'
  | 'batchSize'
  | 'clip'
  | 'delta'
  | 'epsilon'
  | 'noise'
  | 'sampler'
  | 'optimizer'
  | 'chunk'
  | 'exact'
  | 'reproducible'
  | 'ledger'
>;

export interface DpAuditOptions {
  readonly training: AuditedTraining;
  /** default mlp */
  readonly model?: string;
  /** default gradient */
  readonly kind?: CanaryKindName;
  /** default 1,000 */
  readonly canaries?: number;
  /** instead of canaries in one run: so many runs with a poisoned record, and as many without (ClipBKD) */
  readonly runs?: number;
  /** of the poisoned record, accounted by group privacy; default 1 */
  readonly copies?: number;
  /** rows beside the canaries; default all, at most 5,000 */
  readonly trainSize?: number;
  /** of the lower bound; default 0.95 */
  readonly confidence?: number;
  /** picks rows, first parameters and canaries; not the coins, the sample or the noise, unless `reproducible` says so */
  readonly seed?: number;
  readonly backend?: 'wasm' | 'reference';
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DpAuditProgress) => void;
}

export interface DpAuditProgress {
  readonly phase: 'train' | 'runs';
  readonly done: number;
  readonly of: number;
  /** spent so far */
  readonly epsilon?: number;
}

/** What either way of auditing finds out. */
interface Findings {
  readonly audit: OneRunAudit | ManyRunAudit;
  readonly fitted: PrivateFitResult;
  readonly model: Model;
  readonly parameters: number;
  readonly records: number;
  readonly members: Float64Array;
  readonly nonMembers: Float64Array;
  readonly copies: number;
  readonly oneRun: DpAuditRecord['oneRun'];
  readonly manyRun: DpAuditRecord['manyRun'];
}

/** @throws PrivacyError for settings that promise nothing or audits that could show nothing, ConfigError for others */
export async function dpAudit(engine: Engine, dataset: Dataset, options: DpAuditOptions): Promise<DpAuditRecord> {
  const started = performance.now();
  const { training, seed = 0, backend = 'wasm', confidence = 0.95 } = options;
  if (options.runs === undefined) requireCanaries(options.canaries ?? 1000);
  const rng = Rng.from(seed).split('dp-audit');
  const model = namedModel(options.model ?? 'mlp', dataset.inputShape, dataset.classes);
  const rows = examples(dataset, dpAuditRows(dataset, options));
  const context: Context = { engine, model, rows, rng, dtype: backend === 'reference' ? 'f64' : 'f32', options };
  const found = await (options.runs === undefined ? byOneRun(context, confidence) : byManyRuns(context, confidence));

  const { audit, fitted, members, nonMembers } = found;
  const { auc, tprAtFpr } = summarise({
    members,
    nonMembers,
    threshold: null,
    rng: rng.split('intervals'),
    confidence,
  });
  const roc = thinRoc(rocCurve(rank({ members, nonMembers })), {
    members: members.length,
    nonMembers: nonMembers.length,
  });
  const { ledger, epsilon } = fitted;
  const upper = epsilon.upper ?? Infinity;
  return {
    schema: 'keyhole.dp-audit/1',
    dataset: { name: dataset.name, sha256: dataset.sha256, rows: rows.size, classes: dataset.classes },
    model: { name: model.name, parameters: found.parameters },
    training: {
      epochs: training.epochs,
      steps: fitted.steps,
      batchSize: training.batchSize,
      records: found.records,
      sampleRate: fitted.rate,
      sampler: training.sampler ?? 'poisson',
      noise: fitted.noise,
      clipping: training.clip.kind,
      clip: training.clip.norm,
      exact: Boolean(training.exact),
      optimizer: training.optimizer?.name ?? 'adam',
    },
    proved: {
      epsilon: { upper: finite(epsilon.upper), lower: finite(epsilon.lower) },
      delta: fitted.delta,
      accountant: fitted.accountant,
      neighbouring: ledger.neighbouring,
    },
    measured: {
      method: audit.method,
      epsilonLower: audit.epsilonLower,
      confidence: audit.confidence,
      largest: audit.largest,
      muLower: audit.muLower,
    },
    oneRun: found.oneRun,
    manyRun: found.manyRun,
    attack: {
      members: members.length,
      nonMembers: nonMembers.length,
      auc,
      tprAtFpr: tprAtFprOf(tprAtFpr),
      roc: { fpr: [...roc.fpr], tpr: [...roc.tpr] },
      ceiling: ceiling(fitted, ledger.event(), ledger.neighbouring, found.copies),
    },
    verdict: audit.epsilonLower > upper ? 'broken' : 'consistent',
    marks: [...ledger.marks],
    seed,
    build: backend === 'reference' ? 'reference' : engine.build,
    seconds: (performance.now() - started) / 1000,
    version: VERSION,
  };
}

const finite = (x: Bounds['upper']) => (x === Infinity ? ('Infinity' as const) : x);

interface Context {
  readonly engine: Engine;
  readonly model: Model;
  /** without any canary */
  readonly rows: Examples;
  readonly rng: Rng;
  readonly dtype: 'f32' | 'f64';
  readonly options: DpAuditOptions;
}

/** The rows of the data set that an audit trains on beside its canaries. @throws ConfigError */
export function dpAuditRows(
  { y, classes, size: all, split, name }: Dataset,
  { trainSize, seed = 0 }: Pick<DpAuditOptions, 'trainSize' | 'seed'>,
): Int32Array {
  const pool = split?.train ?? all;
  const size = trainSize ?? Math.min(pool, 5000);
  if (!(Number.isSafeInteger(size) && size >= 1 && size <= pool)) {
    throw new ConfigError(
      `--train-size ${size}: expected 1 to ${pool} of the training rows of ${name}. Use a smaller one.`,
      'trainSize',
    );
  }
  if (size === pool) return Int32Array.from({ length: pool }, (_, i) => i);
  const rng = Rng.from(seed).split('dp-audit').split('rows');
  return stratifiedSplit(y.subarray(0, pool), classes, { train: size }, rng).train;
}

/** Trains fresh parameters privately and hands both to `use`, before they are freed. */
async function trained<T>(
  { engine, dtype, rng, options }: Context,
  model: Model,
  data: Examples,
  fit: Partial<PrivateFitOptions>,
  use: (before: unknown, after: unknown, fitted: PrivateFitResult) => T,
): Promise<T> {
  const init = () =>
    engine.keep(engine.run('parameters', () => model.init({ engine, rng: rng.split('initial'), dtype })));
  const [before, after] = [init(), init()];
  try {
    const { signal } = options;
    const fitted = await fitPrivate(engine, model, after, data, {
      ...options.training,
      // each training spends by itself what was spent before all of them
      ledger: (options.training.ledger ?? new Ledger()).copy(),
      ...(signal && { signal }),
      ...fit,
    });
    return use(before, after, fitted);
  } finally {
    engine.free(before);
    engine.free(after);
  }
}

async function byOneRun(context: Context, confidence: number): Promise<Findings> {
  const { engine, rows, rng, options } = context;
  const { training, canaries = 1000 } = options;
  const kind = canaryKinds[options.kind ?? 'gradient'];
  const clippingNorm = training.clip.norm;
  const subject = kind.prepare(context.model, rows, { canaries, clippingNorm, rng: rng.split('canaries') });
  const { reproducible } = training;
  const random = reproducible === undefined ? SecureRandom.secure() : SecureRandom.reproducible(reproducible);
  const flips = random.split('audit coins');
  const coins = Uint8Array.from({ length: canaries }, () => Number(flips.bernoulli(0.5)));
  // a public number: how many are in is as secret as the coins. A shuffled epoch has a place for each of them
  const records = subject.ordinary.size + (training.sampler === 'shuffled' ? canaries : Math.round(canaries / 2));
  const progress = (p: { step: number; steps: number; epsilon: number }) =>
    options.onProgress?.({ phase: 'train', done: p.step, of: p.steps, epsilon: p.epsilon });
  const watched = subject.observe(engine, training.optimizer ?? optim.adam());
  const fit = { records, loss: subject.loss, optimizer: watched.optimizer, onProgress: progress };
  return trained(context, subject.model, trainingRows(subject, coins), fit, (before, after, fitted) => {
    const scores = watched.score(before, after);
    const audit = auditOneRun(scores, coins, { delta: training.delta, confidence });
    const { included, guesses, correct, abstentions, tried } = audit;
    const { name, title, paper, sees } = kind;
    return {
      audit,
      fitted,
      model: subject.model,
      parameters: countParameters(after),
      records,
      members: scores.filter((_, i) => coins[i] !== 0),
      nonMembers: scores.filter((_, i) => coins[i] === 0),
      copies: 1,
      oneRun: {
        kind: name,
        title,
        paper,
        sees,
        canaries,
        included,
        guesses,
        correct,
        abstentions,
        tried: [...tried],
      },
      manyRun: null,
    };
  });
}

async function byManyRuns(context: Context, confidence: number): Promise<Findings> {
  const { engine, model, rows, rng, options } = context;
  const { training, runs = 100, copies = 1, onProgress } = options;
  const records = rows.size + (training.sampler === 'shuffled' ? copies : 0);
  let last: { fitted: PrivateFitResult; parameters: number } | undefined;
  const audit = await auditByClipBkd(engine, model, rows, {
    runs,
    copies,
    confidence,
    delta: training.delta,
    train: (data, run, use) => {
      const { reproducible } = training;
      const own = reproducible === undefined ? {} : { reproducible: rng.split(`${reproducible} ${run}`).uint32() };
      return trained(context, model, data, { ...own, records }, (before, after, fitted) => {
        last = { fitted, parameters: countParameters(after) };
        return use(before, after);
      });
    },
    onProgress: (done, of) => onProgress?.({ phase: 'runs', done, of }),
  });
  const { positives, truePositives, negatives, falsePositives, tprLow, fprHigh, threshold, selection } = audit;
  return {
    audit,
    ...last!,
    model,
    records,
    members: audit.withScores,
    nonMembers: audit.withoutScores,
    copies,
    oneRun: null,
    manyRun: {
      title: 'ClipBKD: a record along the direction of least variance, in or not',
      paper: 'Jagielski, Ullman, Oprea 2020, algorithm 2',
      sees: 'the loss of the trained model on the poisoned record (black-box)',
      runs,
      copies,
      selection,
      threshold,
      positives,
      truePositives,
      negatives,
      falsePositives,
      tprLow,
      fprHigh,
      poisonLabel: audit.poison.label,
    },
  };
}

const CEILING_DELTAS = [1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3] as const;
const CEILING_POINTS = 60;

/** The largest TPR at each FPR that the proved budget leaves to any attack, in the relation of the ledger. */
function ceiling(fitted: PrivateFitResult, event: DpEvent, neighbouring: Neighbouring, copies: number) {
  const fpr = Array.from({ length: CEILING_POINTS + 1 }, (_, i) => exp(Math.LN10 * ((4 * i) / CEILING_POINTS - 4)));
  if (fitted.accountant === 'pld' && copies === 1) {
    return { fpr, tpr: tradeOff(event, fpr, { neighbouring }).map(({ tpr }) => tpr) };
  }
  return { fpr, tpr: ceilingOfPairs(fpr, fitted, event, neighbouring, copies) };
}

/** Where there is no curve: the least over pairs (epsilon, delta), each of which is proved. For a group, by group privacy. */
function ceilingOfPairs(
  fprs: readonly number[],
  fitted: PrivateFitResult,
  event: DpEvent,
  neighbouring: Neighbouring,
  copies: number,
): number[] {
  const all: readonly Accountant[] = Object.values(accountants);
  const accountant = all.find(({ name }) => name === fitted.accountant)!;
  const pairs = [...new Set([fitted.delta, ...CEILING_DELTAS])].flatMap((delta) => {
    const { upper } = accountant.epsilon(event, delta, { neighbouring });
    if (upper === null || upper === Infinity) return [];
    const group = Array.from({ length: copies }, (_, i) => delta * exp(i * upper)).reduce((a, b) => a + b, 0);
    return group < 1 ? [{ epsilon: copies * upper, delta: group }] : [];
  });
  return fprs.map((fpr) => Math.min(1, ...pairs.map(({ epsilon, delta }) => tprCeilingUnderDp(epsilon, delta, fpr))));
}
