/** The report of the experiment on universal perturbations: fooling rates by size, beside random signs, on other models, and where rows go. */
import type { Cell, Curve, CurvePoint, Curves, Report, ReportSection, Table } from '../runner/index.ts';
import { inWords, median, overSeeds, percent, type Share, sizeText } from './shares.ts';
import { type Attack, type Found, type Point, type Run, type Settings, seedsOf, titleOf } from './universal-jobs.ts';

const fooling = ({ crafted }: Run): Share => crafted.fooling;
const control = ({ crafted }: Run): Share => crafted.random.fooling;
const elsewhere = ({ transferred }: Run): Share[] => transferred?.models.map((model) => model.fooling) ?? [];
const middle = (shares: readonly Share[]): number => median(shares.map(({ value }) => value ?? 0));

const pointsOf = ({ points }: Found, attack: Attack) => points.filter((point) => point.attack === attack);
const nameOf = ({ name, options }: Attack) =>
  [name, ...Object.entries(options).map(([option, value]) => `${option} ${value}`)].join(', ');
const nameAt = ({ attack, epsilon }: Point) => `${nameOf(attack)}, ${sizeText(epsilon)}`;

/** One share: in words with its interval; several: their median. */
const briefly = (shares: readonly Share[]) => (shares.length === 1 ? inWords(shares[0]!) : percent(middle(shares)));

/** Each of so many does not fit into a cell: their median, and where they lie. */
function overPairs(shares: readonly Share[]): Cell {
  if (shares.length < 2) return overSeeds(shares);
  const values = shares.map(({ value }) => value ?? 0);
  return {
    value: percent(median(values)),
    interval: `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`,
  };
}

function headline(all: readonly Found[], s: Settings): string {
  const [first] = s.attacks;
  const each = all.flatMap((one) => {
    const done = pointsOf(one, first!).filter(({ runs }) => runs.length > 0);
    if (done.length === 0) return [];
    const rates = done.map(({ epsilon, runs }) => `${briefly(runs.map(fooling))} at ${sizeText(epsilon)}`);
    const last = done.at(-1)!;
    const random = `random signs ${percent(middle(last.runs.map(control)))} at ${sizeText(last.epsilon)}`;
    return [`${one.task.data} ${rates.join(', ')} (${random}${verdict(one, done)})`];
  });
  if (each.length === 0) return 'Nothing has been measured yet.';
  return `Held-out rows whose class one ${nameOf(first!)} perturbation for all changes: ${each.join('; ')}.`;
}

function verdict({ task: { expected } }: Found, done: readonly Point[]): string {
  const runs = expected && done.find(({ epsilon }) => epsilon === expected.epsilon)?.runs;
  if (!expected || !runs) return '';
  const shares = runs.map(fooling);
  const words = shares.every(({ low }) => low >= expected.fooling)
    ? 'reached'
    : middle(shares) >= expected.fooling
      ? 'reached, but not by every interval'
      : 'not reached';
  return `; expected ${percent(expected.fooling)} at ${sizeText(expected.epsilon)}: ${words}`;
}

function curveOf(name: string, points: readonly Point[], of: (run: Run) => readonly Share[]): Curve {
  const measured = points.flatMap(({ epsilon, runs }): CurvePoint[] => {
    const shares = runs.flatMap(of);
    if (shares.length === 0) return [];
    const values = shares.map(({ value }) => value ?? 0);
    const [one] = shares;
    const { low, high } = shares.length === 1 ? one! : { low: Math.min(...values), high: Math.max(...values) };
    return [{ x: epsilon, y: median(values), low, high }];
  });
  return { name, points: measured.length === 0 ? [] : [{ x: 0, y: 0 }, ...measured] };
}

function figure(one: Found, s: Settings): Curves {
  const { expected } = one.task;
  const [first] = s.attacks;
  const judged = pointsOf(one, first!);
  const curves = [
    ...s.attacks.map((attack) => curveOf(nameOf(attack), pointsOf(one, attack), (run) => [fooling(run)])),
    curveOf(`${nameOf(first!)}, other models`, judged, elsewhere),
    curveOf('random signs', judged, (run) => [control(run)]),
  ];
  return {
    title: 'Held-out rows whose class changes',
    x: { label: 'Size of the perturbation (L-infinity)' },
    y: { label: 'Fooling rate', percent: true, domain: [0, 1] },
    curves: curves.filter(({ points }) => points.length > 0),
    ...(expected && {
      levels: [{ y: expected.fooling, label: `expected at ${sizeText(expected.epsilon)}` }],
    }),
  };
}

function ratesTable({ points, task }: Found, s: Settings): Table {
  const several = seedsOf(s, task).length > 1;
  return {
    caption: several
      ? 'Medians over seeds, with each seed under them (other models: the range over pairs of models); the next sections have the intervals.'
      : 'With 95 % intervals.',
    columns: [
      'Attack, size',
      'Fooling rate',
      'Random signs',
      ...(several ? ['On other models'] : []),
      'Right without it',
      'Right with it',
    ],
    rows: points.map((point) => [
      nameAt(point),
      overSeeds(point.runs.map(fooling)),
      overSeeds(point.runs.map(control)),
      ...(several ? [overPairs(point.runs.flatMap(elsewhere))] : []),
      overSeeds(point.runs.map(({ crafted }) => crafted.clean)),
      overSeeds(point.runs.map(({ crafted }) => crafted.right)),
    ]),
  };
}

function taskSection(one: Found, s: Settings): ReportSection {
  const { task, models } = one;
  const measured = one.points.flatMap(({ runs }) => runs)[0]?.crafted.fooling.n;
  const accuracy = models.map(({ test }) => test.accuracy);
  const crafting = s.attacks.map((attack) => `${nameOf(attack)}: ${attack.crafting ?? s.crafting}`).join('; ');
  return {
    title: titleOf(task),
    text: [
      `${accuracy.length === 0 ? 'The models are not trained yet.' : `Undefended, right on ${briefly(accuracy)} of all test rows.`} ` +
        `Training rows that the perturbations are crafted from: ${crafting}. Measured on ${measured === undefined ? 'test rows' : `${measured} test rows`}.`,
    ],
    figure: figure(one, s),
    table: ratesTable(one, s),
  };
}

function dominantLabels(all: readonly Found[]): ReportSection {
  const rows = all.flatMap(({ task, points }) =>
    points.map((point) => {
      const known = point.runs.flatMap(({ crafted }) => crafted.dominant ?? []);
      return [
        `${titleOf(task)}, ${nameAt(point)}`,
        known.length === 0 && point.runs.length > 0 ? 'none changes' : overSeeds(known.map(({ share }) => share)),
        known.map(({ label }) => label).join(', '),
      ];
    }),
  );
  return {
    title: 'Dominant labels',
    text: [
      'Of the rows whose class changes, the share that goes to one class: universal perturbations drive most rows to few labels (Moosavi-Dezfooli et al. 2017, section 3). ' +
        'The class is found on the same rows as its share, which flatters the share a little where few rows change.',
    ],
    table: { columns: ['Perturbation', 'Go to one label', 'Which, seed by seed'], rows },
  };
}

function eachSeed(all: readonly Found[]): ReportSection {
  const rows = all.flatMap(({ task, points }) =>
    points.flatMap((point) =>
      point.runs.map((run) => [
        `${titleOf(task)}, ${nameAt(point)}, seed ${run.seed}`,
        overSeeds([fooling(run)]),
        overSeeds([run.crafted.foolingOnCrafting]),
        overSeeds([control(run)]),
        overSeeds([run.crafted.right]),
      ]),
    ),
  );
  const warnings = all.flatMap(({ points }) =>
    points.flatMap(({ runs }) => runs.flatMap(({ crafted }) => crafted.warnings)),
  );
  return {
    title: 'Each perturbation',
    text: ['With 95 % intervals (Clopper and Pearson 1934), over rows for one model.', ...new Set(warnings)],
    table: {
      columns: ['Perturbation', 'Fooling rate', 'On crafting rows', 'Random signs', 'Right with it'],
      rows,
    },
  };
}

export function report(all: readonly Found[], s: Settings): Report {
  return {
    headline: headline(all, s),
    lead:
      'A universal perturbation is one change that is added to every input. The fooling rate is the share of test rows whose class is then another than ' +
      "the model's own without it, right or wrong. It is crafted from training rows of the model and keeps the best of its passes over those: nothing is chosen on test rows. " +
      `Random signs: of ${s.draws} perturbations of the same size and random signs, the one that changes most of the crafting rows. ` +
      'On other models: the perturbation of one seed, added to what the models of the other seeds see (section 4 of the paper).',
    sections: [...all.map((one) => taskSection(one, s)), dominantLabels(all), eachSeed(all)],
  };
}
