/** The report on adversarial training: unchanged and attacked over seeds, security curves, and whether to believe them. */
import type { AttackSettings } from '../adversarial/index.ts';
import type { Cell, Curves, Report, ReportSection, Table } from '../runner/index.ts';
import type { Attacked, Found, Run, Settings } from './adversarial-training-jobs.ts';
import { inWords, median, overSeeds, percent, type Share, sizeText } from './shares.ts';

const natural = ({ model }: Run) => model.test.accuracy;
/** The k-th of the attacks at the radius. */
const under = (k: number) => (run: Run) => run.attacked.attacks[k]!.curve[0]!.robust;

const middle = (runs: readonly Run[], of: (run: Run) => { readonly value: number | null }) =>
  percent(median(runs.map((run) => of(run).value ?? 0)));

const judgeOf = ({ attacks: [first] }: Settings) => first!.name;

function extremes(runs: readonly Run[], of: (run: Run) => Share): string {
  const values = runs.map((run) => of(run).value ?? 0);
  return `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
}

function headline(all: readonly Found[], s: Settings): string {
  const done = all.filter(({ runs }) => runs.length > 0);
  if (done.length === 0) return 'Nothing has been measured yet.';
  const of = under(0);
  const each = done.map(({ treatment, runs }) => {
    const left = runs.length === 1 ? inWords(of(runs[0]!)) : `${middle(runs, of)} (${extremes(runs, of)})`;
    return `${left} ${treatment.defence ? `by ${treatment.label}` : 'undefended'}`;
  });
  const over = done.some(({ runs }) => runs.length > 1) ? ' (median over seeds, and the least and greatest)' : '';
  return [
    `Right under ${judgeOf(s)} at ${sizeText(s.epsilon)}${over}: ${each.join(', ')}.`,
    ...worstWords(all, s),
  ].join(' ');
}

/** What the curve has at the same radius under more attacks, and what the checklist makes of it. */
function worstWords(all: readonly Found[], { curve, epsilon }: Settings): string[] {
  if (!curve?.epsilons.includes(epsilon)) return [];
  const done = all.filter(({ treatment, curves }) => treatment.defence && curves.length > 0);
  if (done.length === 0) return [];
  const left = done.map(({ treatment, curves }) => {
    const values = curves.map((one) => worstAt(one.curve, epsilon).value ?? 0);
    return `${percent(median(values))} by ${treatment.label}`;
  });
  const levels = done.flatMap(({ curves }) => curves.map((one) => one.curve.masking));
  const count = (level: string) => levels.filter((one) => one === level).length;
  return [
    `Under the worst of ${curve.attacks.length} attacks on the first ${curve.attacked} rows: ${left.join(', ')}.`,
    `Gradient masking is likely in ${count('likely')} and possible in ${count('possible')} of ${levels.length} defended models.`,
  ];
}

const attackWords = ({ name, options }: AttackSettings) =>
  [
    name,
    ...Object.entries(options).map(
      ([option, value]) => `${option} ${typeof value === 'number' ? +value.toPrecision(4) : value}`,
    ),
  ].join(', ');

function table(all: readonly Found[], s: Settings): Table {
  const [one] = all.flatMap(({ runs }) => runs);
  return {
    caption: `Right on all ${one ? `${one.model.test.accuracy.n} ` : ''}unchanged test rows, and on the first ${s.attacked} under each attack. Medians over seeds with each seed under them; of one seed, the 95 % interval.`,
    columns: ['Training', 'Unchanged', ...s.attacks.map((attack) => `Under ${attackWords(attack)}`), 'Seeds'],
    rows: all.map(({ treatment, runs }) => [
      treatment.label,
      overSeeds(runs.map(natural)),
      ...s.attacks.map((_, k) => overSeeds(runs.map(under(k)))),
      `${runs.length} of ${s.seeds.length}`,
    ]),
  };
}

/** What training had to say: which epoch was kept. */
const trainingNotes = (all: readonly Found[]): string[] =>
  all.flatMap(({ treatment: { label }, runs }) =>
    runs.flatMap(({ seed, model }) => model.notes.map((note) => `${label}, seed ${seed}: ${note}`)),
  );

const ofAll = (n: number) => (n === 1 ? 'model of one seed, with 95 % intervals' : 'medians over seeds');

/** One seed: its interval; several: their median, from the lowest to the highest. */
function point(epsilon: number, shares: readonly Share[]) {
  const [one, ...others] = shares;
  if (others.length === 0) return { x: epsilon, y: one!.value ?? 0, low: one!.low, high: one!.high };
  const values = shares.map(({ value }) => value ?? 0);
  return { x: epsilon, y: median(values), low: Math.min(...values), high: Math.max(...values) };
}

const worstAt = (curve: Attacked, epsilon: number) => curve.worst.find((one) => one.epsilon === epsilon)!.robust;

function securityCurve(all: readonly Found[], { curve, seeds }: Settings): Curves {
  const bars = seeds.length === 1 ? '95 % interval' : 'median over seeds, lowest to highest';
  return {
    title: `Rows right under the worst of the attacks (${bars})`,
    x: { label: 'Radius of the ball (L-infinity)' },
    y: { label: 'Right', percent: true, domain: [0, 1] },
    curves: all.flatMap(({ treatment: { label }, curves }) =>
      curves.length === 0
        ? []
        : [
            {
              name: label,
              points: [
                point(
                  0,
                  curves.map((one) => one.curve.clean),
                ),
                ...curve!.epsilons.map((epsilon) =>
                  point(
                    epsilon,
                    curves.map((one) => worstAt(one.curve, epsilon)),
                  ),
                ),
              ],
            },
          ],
    ),
  };
}

function curveTable(all: readonly Found[], { curve, seeds }: Settings): Table {
  return {
    caption: `The first ${curve!.attacked} test rows, ${ofAll(seeds.length)}: right under the worst of the attacks (${curve!.attacks.map(attackWords).join('; ')}), row by row.`,
    columns: ['Training', ...curve!.epsilons.map(sizeText)],
    rows: all.map(({ treatment, curves }) => [
      treatment.label,
      ...curve!.epsilons.map((epsilon): Cell => overSeeds(curves.map((one) => worstAt(one.curve, epsilon)))),
    ]),
  };
}

/** The level, and how many checks could be asked. */
const masking = ({ masking, flags }: Attacked): Cell => ({
  value: masking ?? 'not asked',
  interval: `${flags.filter(({ flag }) => flag !== null).length} of ${flags.length} checks`,
});

function maskingTable(all: readonly Found[], { seeds }: Settings): Table {
  return {
    caption: 'Gradient masking, as the checklist of Carlini et al. 2019 judges the runs of the curve, seed by seed.',
    columns: ['Training', ...seeds.map((seed) => `Seed ${seed}`)],
    rows: all.map(({ treatment, curves }) => [
      treatment.label,
      ...seeds.map((seed) => {
        const judged = curves.find((one) => one.seed === seed);
        return judged ? masking(judged.curve) : 'not yet';
      }),
    ]),
  };
}

/** The flags that were raised, with their evidence. */
function flags(all: readonly Found[]): string[] {
  return all.flatMap(({ treatment, curves }) =>
    curves.flatMap(({ seed, curve }) => {
      const raised = curve.flags.filter(({ flag }) => flag === true);
      if (raised.length === 0) return [];
      const evidence = raised.map(({ name, evidence }) => `${name}: ${evidence}`).join(' ');
      return [`${treatment.label}, seed ${seed}: ${evidence}`];
    }),
  );
}

function believing(all: readonly Found[], s: Settings): ReportSection {
  const raised = flags(all);
  return {
    title: 'Whether to believe it',
    table: maskingTable(all, s),
    text: raised.length > 0 ? ['Flags that were raised:', ...raised] : ['No flags were raised.'],
  };
}

export function adversarialTrainingReport(all: readonly Found[], s: Settings): Report {
  const notes = trainingNotes(all);
  return {
    headline: headline(all, s),
    lead:
      `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}, L-infinity radius ${sizeText(s.epsilon)}. ` +
      `Attacks know the model (white box): ${s.attacks.map(attackWords).join('; ')}.`,
    sections: [
      { title: 'Unchanged and attacked', table: table(all, s), ...(notes.length > 0 && { text: notes }) },
      ...(s.curve
        ? [{ title: 'Security curve', figure: securityCurve(all, s), table: curveTable(all, s) }, believing(all, s)]
        : []),
    ],
  };
}
