/** The report of the mitigation stage: one table, a figure of accuracy against attack, and which defences hold. */
import { isUnderFitted } from '../../../defenses/index.ts';
import type { membershipModel, thresholdAttack } from '../../membership/index.ts';
import type { Cell, Curve, ReportSection, Results, Table } from '../../runner/index.ts';
import { percent, withInterval } from '../shares.ts';
import { mitigationJobs, type Treatment, treatmentsOf } from './mitigation.ts';
import type { Mitigation } from './mitigation-settings.ts';
import type { Settings } from './settings.ts';

type Verdict = ReturnType<typeof thresholdAttack.parseResult>;
type Trained = ReturnType<typeof membershipModel.parseResult>;
type Estimate = Verdict['auc'];
type Measure = 'auc' | 'balancedAccuracy';

interface Attacked {
  readonly name: string;
  readonly verdict: Verdict;
}

/** A treatment whose model has been trained and attacked. */
interface Row {
  readonly treatment: Treatment;
  readonly model: Trained;
  /** of the labels that are answered, with the defence */
  readonly accuracy: { readonly train: Estimate; readonly out: Estimate };
  readonly naive: readonly Attacked[];
  readonly adaptive: readonly Attacked[];
}

function rowsOf(results: Results, s: Settings, m: Mitigation): Row[] {
  return treatmentsOf(s, m).flatMap((treatment) => {
    const jobs = mitigationJobs(s, m, treatment);
    const [model, outputs] = [results.of(jobs.model), results.of(jobs.outputs)];
    const judged = (list: typeof jobs.naive) =>
      list.flatMap(({ name, job }) => {
        const verdict = results.of(job);
        return verdict ? [{ name, verdict }] : [];
      });
    const [naive, adaptive] = [judged(jobs.naive), judged(jobs.adaptive)];
    const all = m.attacks.length + m.signals.length;
    if (!model || !outputs || naive.length < all || adaptive.length < all) return [];
    const accuracy = outputs.accuracy ?? { train: model.train.accuracy, out: model.out.accuracy };
    return [{ treatment, model, accuracy, naive, adaptive }];
  });
}

/** How well the model fits what it was taught. */
const fitOf = ({ defended, train }: Trained) => ({
  trainAccuracy: defended?.trainAccuracy ?? train.accuracy.value ?? 0,
});

function marksOf({ model, treatment }: Row, plain: Row): string {
  const marks = [
    ...(model.defended?.stoppedEarly !== undefined ? [`stopped at epoch ${model.defended.stoppedEarly}`] : []),
    ...(treatment.shorter ? [`stopped at epoch ${treatment.trained.epochs}`] : []),
    ...(isUnderFitted(fitOf(model), fitOf(plain.model)) ? ['under-fitted'] : []),
  ];
  return marks.join(', ');
}

/** The attack that does best by a measure, an interval and all. */
const strongest = (attacked: readonly Attacked[], by: Measure) =>
  attacked.map(({ verdict }) => verdict[by]).reduce((best, one) => (one.value! > best.value! ? one : best));

const isBelow = (a: readonly Attacked[], b: readonly Attacked[], by: Measure) =>
  strongest(a, by).high < strongest(b, by).low;

export function mitigationSections(results: Results, s: Settings): ReportSection[] {
  const { mitigation: m } = s;
  if (m === null) return [];
  const rows = rowsOf(results, s, m);
  const plain = rows[0]?.treatment.name === 'undefended' ? rows[0] : null;
  if (!plain) {
    const text = ['The undefended models have not been attacked: `keyhole run` goes on where it stopped.'];
    return [{ title: 'Defences', text }];
  }
  return [
    { title: 'Defences: accuracy against attack', text: [howItWasMeasured(s, m)], figure: figureOf(rows, m) },
    { title: 'Defences: what holds', text: findings(rows, plain, s.classes) },
    ...[...m.attacks, ...m.signals].map((attack) => ({
      title: `Defences: the ${attack} attack`,
      text: [HOW_TO_READ],
      table: tableOf(rows, plain, attack),
    })),
  ];
}

const howItWasMeasured = (s: Settings, m: Mitigation) =>
  `Every ${s.model} model has ${m.size} members of ${s.data}, the same for every defence, and is attacked twice with ${m.shadows} shadow models: ` +
  'by who does not know the defence (naive: undefended shadow models) and by who does (adaptive: shadow models with the same defence). A defence that ' +
  'changes answers stands before the undefended models. Rows that a defence needs beside the members come from outside: its model is not ' +
  `asked about them.${moreNonMembers(m)} Undefended models of fewer epochs show what stopping earlier gives by itself.`;

const moreNonMembers = ({ size, nonMembers }: Mitigation) =>
  nonMembers !== null && nonMembers > size
    ? ` AUC and TPR are over ${nonMembers} non-members of the target, precision, recall and balanced accuracy over ${size} of them, as many as ` +
      'there are members; the shadow models, the models of the attacker, and their defences had other rows.'
    : '';

const HOW_TO_READ =
  'Train, test: accuracy of the answers, with the defence. Under-fitted: right on what it was taught more than 5 points less often than the ' +
  'undefended model, a defence by learning less. Epsilon: proved for the run, whose noise was reproducible, so that it protects nobody.';

function figureOf(rows: readonly Row[], m: Mitigation) {
  const [attack] = m.attacks;
  const points = (of: readonly Row[], who: 'naive' | 'adaptive') =>
    of.flatMap(({ treatment, accuracy, [who]: attacked }) => {
      const auc = attacked.find(({ name }) => name === attack)?.verdict.auc;
      if (!auc || auc.value === null) return [];
      return [{ x: accuracy.out.value ?? 0, y: auc.value, low: auc.low, high: auc.high, name: treatment.name }];
    });
  const stopped = rows.filter(({ treatment }) => treatment.shorter || treatment.name === 'undefended');
  const others = rows.filter(({ treatment }) => !stopped.some((row) => row.treatment === treatment));
  const byAccuracy = points(stopped, 'adaptive').sort((a, b) => a.x - b.x);
  const curves: Curve[] = [
    { name: 'defended, attacker who knows it', points: points(others, 'adaptive'), joined: false },
    { name: 'defended, attacker who does not', points: points(others, 'naive'), joined: false },
    { name: 'undefended, stopped earlier or not', points: byAccuracy },
  ];
  return {
    title: `AUC of the ${attack} attack against test accuracy`,
    x: { label: 'Test accuracy', percent: true },
    y: { label: 'AUC of the attack' },
    curves,
    levels: [{ y: 0.5, label: 'guessing' }],
  };
}

/** Measures of a verdict as columns; the lowest false-positive rates where the non-members resolve them. */
function measures(plain: Row) {
  const resolved = (['0.1', '0.01', '0.001'] as const).filter((fpr) => plain.naive[0]!.verdict.tprAtFpr[fpr] !== null);
  const low = resolved.length > 1 ? resolved.slice(1) : resolved;
  return {
    names: [
      'precision',
      'recall',
      'balanced accuracy',
      'AUC',
      ...low.map((fpr) => `TPR at ${100 * Number(fpr)} % FPR`),
    ],
    of: ({ precision, recall, balancedAccuracy, auc, tprAtFpr }: Verdict): Cell[] => [
      precision.value === null ? 'accuses nobody' : withInterval(precision),
      ...[recall, balancedAccuracy, auc, ...low.map((fpr) => tprAtFpr[fpr])].map(withInterval),
    ],
  };
}

/** A row for each defence, of one attack. */
function tableOf(rows: readonly Row[], plain: Row, attack: string): Table {
  const { names, of } = measures(plain);
  const verdictOf = (attacked: readonly Attacked[]) => attacked.find(({ name }) => name === attack)!.verdict;
  return {
    caption: 'With 95 % intervals.',
    columns: [
      'Defence',
      'Mark',
      'Train',
      'Test',
      ...names.map((name) => `Naive: ${name}`),
      ...names.map((name) => `Adaptive: ${name}`),
      'Epsilon',
    ],
    rows: rows.map((row) => [
      row.treatment.name,
      marksOf(row, plain),
      percent(row.accuracy.train.value),
      withInterval(row.accuracy.out),
      ...of(verdictOf(row.naive)),
      ...of(verdictOf(row.adaptive)),
      row.model.defended?.epsilon?.toFixed(2) ?? '',
    ]),
  };
}

/**
 * The least AUC that undefended models of at least this accuracy come with, by how many epochs they had: straight lines between
 * those that were trained and one that was not, which guesses. Infinity: none is as accurate.
 */
function byStopping(undefended: readonly Row[], classes: number, accuracy: number): number {
  const trained = undefended.map((row) => ({
    x: row.accuracy.out.value!,
    y: strongest(row.adaptive, 'auc').value!,
  }));
  const points = [{ x: 1 / classes, y: 0.5 }, ...trained].sort((a, b) => a.x - b.x);
  const between = points.flatMap(({ x, y }, i) => {
    const before = points[i - 1];
    if (!before || before.x > accuracy || x <= accuracy) return [];
    return [before.y + ((accuracy - before.x) / (x - before.x)) * (y - before.y)];
  });
  return Math.min(...points.filter(({ x }) => x >= accuracy).map(({ y }) => y), ...between);
}

/** What the numbers say: each sentence lists defences, or says that there are none. */
function findings(rows: readonly Row[], plain: Row, classes: number): string[] {
  const undefended = rows.filter((row) => row === plain || row.treatment.shorter);
  const defended = rows.filter((row) => !undefended.includes(row));
  const lowers = defended.filter((row) => isBelow(row.adaptive, plain.adaptive, 'auc'));
  // by the ends of both intervals that are worse for the defence
  const holds = (row: Row) =>
    strongest(row.adaptive, 'auc').high < byStopping(undefended, classes, row.accuracy.out.low);
  const onlyLooks = defended.filter(
    (row) =>
      isBelow(row.naive, plain.naive, 'balancedAccuracy') && !isBelow(row.adaptive, plain.adaptive, 'balancedAccuracy'),
  );
  const named = (list: readonly Row[]) =>
    list.length === 0 ? 'none' : list.map((row) => `${row.treatment.name} (${sizes(row)})`).join('; ');
  const sizes = (row: Row) => {
    const mark = marksOf(row, plain);
    const { adaptive, accuracy } = row;
    return `AUC ${percent(strongest(adaptive, 'auc').value)}, right on ${percent(accuracy.out.value)}${mark && `, ${mark}`}`;
  };
  const looks = onlyLooks.map(
    (row) =>
      `${row.treatment.name} (${percent(strongest(row.naive, 'balancedAccuracy').value)} against ` +
      `${percent(strongest(row.adaptive, 'balancedAccuracy').value)})`,
  );
  return [
    `Undefended, the strongest attack has an AUC of ${percent(strongest(plain.adaptive, 'auc').value)} and the model is right on ` +
      `${percent(plain.accuracy.out.value)} of the rows that it never saw.`,
    'Lower the strongest attack of who knows them, and further than undefended models that stop earlier and are as accurate: ' +
      `${named(lowers.filter(holds))}.`,
    'Lower it too, but not surely further than stopping earlier does at the same accuracy: ' +
      `${named(lowers.filter((row) => !holds(row)))}.`,
    'Look good only against who does not know them (balanced accuracy apart from the undefended one for the naive attacker, and not for the ' +
      `adaptive one; naive against adaptive): ${looks.length === 0 ? 'none' : looks.join('; ')}.`,
    `"Lower": AUC with 95 % intervals apart. ${defended.length} defences are compared, so one or another may be here by chance. Every attacker asks ` +
      'once about each record; who asks often averages noise on the answers away.',
  ];
}
