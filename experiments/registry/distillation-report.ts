/** The report of the distillation experiment: success by temperature and attack, how far Carlini-Wagner goes, and the checklist. */
import { clopperPearson } from '../../attacks/index.ts';
import type { CurvePoint, Curves, Report, Table } from '../runner/index.ts';
import { type Attacked, type Found, labelOf, type Run, type Settings } from './distillation-jobs.ts';
import { inWords, median, numbersOverSeeds, overSeeds, percent, type Share } from './shares.ts';

/** An attack as tables have it, and where its success is found. */
interface Line {
  readonly title: string;
  /** what it follows */
  readonly follows: string;
  readonly evaluation: (run: Run) => Attacked | null;
  readonly attack: string;
}

const lines = {
  fgsm: { title: 'FGSM', follows: 'cross-entropy', evaluation: (run) => run.naive, attack: 'fgsm' },
  pgd: { title: 'PGD', follows: 'cross-entropy', evaluation: (run) => run.naive, attack: 'pgd' },
  published: { title: 'JSMA', follows: 'probabilities', evaluation: (run) => run.published, attack: 'jsma' },
  square: { title: 'Square', follows: 'only asks', evaluation: (run) => run.naive, attack: 'square' },
  saliency: { title: 'JSMA', follows: 'logits', evaluation: (run) => run.saliency, attack: 'jsma' },
  margin: { title: 'PGD', follows: 'margin of logits', evaluation: (run) => run.knowing, attack: 'pgd' },
  dlr: { title: 'APGD-DLR', follows: 'ratio of logits', evaluation: (run) => run.knowing, attack: 'apgd-dlr' },
  carlini: {
    title: 'Carlini-Wagner',
    follows: 'margin of logits',
    evaluation: (run) => run.nearest,
    attack: 'carlini-wagner',
  },
} satisfies Record<string, Line>;

const linesOf = ({ jsma }: Settings): Line[] =>
  Object.values(lines).filter(({ attack }) => attack !== 'jsma' || jsma !== null);
const nameOf = ({ title, follows }: Line) => `${title} (${follows})`;

const attackIn = (evaluation: Attacked | null, name: string) =>
  evaluation?.attacks.find((attack) => attack.name === name) ?? null;

/** Of the rows that are right without an attack: those that are fooled, at the largest distance that counts. Seeds that are done. */
const successes = (line: Line, runs: readonly Run[]): Share[] =>
  runs.flatMap((run) => attackIn(line.evaluation(run), line.attack)?.curve.at(-1)?.success ?? []);
const medianOf = (shares: readonly Share[]) => median(shares.map(({ value }) => value ?? 0));

/** A fall to half or less, in every seed and with intervals apart. */
function fallsSharply(before: readonly Share[], after: readonly Share[]): boolean {
  return after.every((here) =>
    before.every((there) => here.high < there.low && (here.value ?? 0) <= (there.value ?? 0) / 2),
  );
}

const REACHED = 0.99;

function fgsmWords(plain: Found, distilled: readonly Found[]): string {
  const before = successes(lines.fgsm, plain.runs);
  const done = distilled.filter(({ runs }) => successes(lines.fgsm, runs).length > 0);
  if (before.length === 0 || done.length === 0) return 'FGSM: not yet measured.';
  const falls = done.filter(({ runs }) => fallsSharply(before, successes(lines.fgsm, runs))).length;
  const each = done.map(
    ({ temperature, runs }) => `${percent(medianOf(successes(lines.fgsm, runs)))} at ${labelOf(temperature)}`,
  );
  const how =
    falls === done.length
      ? 'falls sharply'
      : falls === 0
        ? 'does not fall sharply'
        : `falls sharply at ${falls} of ${done.length} temperatures`;
  return `FGSM success ${how}: ${percent(medianOf(before))} undefended, ${each.join(', ')}.`;
}

/** How far the nearest that it finds are, against the undefended model. */
function distanceWords(plain: Found, distilled: readonly Found[]): string {
  const of = (runs: readonly Run[]) =>
    runs.flatMap((run) => attackIn(lines.carlini.evaluation(run), lines.carlini.attack)?.medianDistance ?? []);
  const [own, others] = [of(plain.runs), distilled.map(({ runs }) => of(runs)).filter((all) => all.length > 0)];
  if (own.length === 0 || others.length === 0) return '';
  const shares = others.map((distances) => +(median(distances) / median(own)).toFixed(2)).sort((a, b) => a - b);
  const [low, high] = [shares[0]!, shares.at(-1)!];
  return `, at a median distance of ${low === high ? low : `${low} to ${high}`} of the undefended one`;
}

function carliniWords(plain: Found, distilled: readonly Found[]): string {
  const all = distilled.flatMap(({ runs }) => successes(lines.carlini, runs));
  if (all.length === 0) return 'Carlini-Wagner: not yet measured.';
  const least = all.reduce((a, b) => ((b.value ?? 0) < (a.value ?? 0) ? b : a));
  const reached = (least.value ?? 0) >= REACHED;
  const on = all.length === 1 ? 'the distilled model' : 'the distilled model that it fools least';
  return `Carlini-Wagner, at any distance, ${reached ? 'reaches' : `stays below ${percent(REACHED)}:`} ${inWords(least)} on ${on}${distanceWords(plain, distilled)}.`;
}

function maskingWords(plain: Found, distilled: readonly Found[]): string {
  const judged = (runs: readonly Run[]) => runs.flatMap(({ naive }) => (naive ? [naive.masking] : []));
  const ours = judged(distilled.flatMap(({ runs }) => runs));
  const theirs = judged(plain.runs);
  if (ours.length + theirs.length === 0) return 'The checklist: not yet asked.';
  const likely = (levels: readonly Attacked['masking'][]) => levels.filter((level) => level === 'likely').length;
  const clear = theirs.filter((level) => level === 'none seen').length;
  return `The checklist calls gradient masking likely for ${likely(ours)} of ${ours.length} distilled models, and sees none in ${clear} of ${theirs.length} undefended.`;
}

function headline(all: readonly Found[]): string {
  const [plain, ...distilled] = all as [Found, ...Found[]];
  if (all.every(({ runs }) => runs.every(({ naive, nearest }) => !naive && !nearest)))
    return 'Nothing has been measured yet.';
  return [fgsmWords(plain, distilled), carliniWords(plain, distilled), maskingWords(plain, distilled)].join(' ');
}

function successTable(all: readonly Found[], s: Settings): Table {
  const several = s.seeds.length > 1;
  return {
    caption: `First, all test rows that are right without an attack; then, of those that are attacked and right, those that are fooled. ${several ? 'Medians over seeds with each seed under them.' : 'With 95 % intervals.'}`,
    columns: ['Attack', 'Follows', 'Within', ...all.map(({ temperature }) => labelOf(temperature))],
    rows: [
      [
        'Right without an attack',
        '',
        '',
        ...all.map(({ runs }) => overSeeds(runs.flatMap(({ model }) => model?.test.accuracy ?? []))),
      ],
      ...linesOf(s).map((line) => [
        line.title,
        line.follows,
        withinOf(line, s),
        ...all.map(({ runs }) => overSeeds(successes(line, runs))),
      ]),
    ],
  };
}

function withinOf({ attack }: Line, s: Settings): string {
  if (attack === 'jsma') return `${s.jsma?.within} numbers`;
  return attack === 'carlini-wagner' ? `L2 ${Math.max(...s.carliniWagner.within)}` : `L∞ ${s.epsilon}`;
}

function successFigure(all: readonly Found[], s: Settings): Curves {
  return {
    title: 'Success of each attack by temperature',
    x: { label: 'Temperature of distillation', scale: 'point' },
    y: { label: 'Rows fooled', percent: true, domain: [0, 1] },
    curves: linesOf(s).map((line) => ({
      name: nameOf(line),
      points: all.flatMap(({ temperature, runs }): CurvePoint[] => {
        const shares = successes(line, runs);
        if (shares.length === 0) return [];
        const [one] = shares;
        const values = shares.map(({ value }) => value ?? 0);
        const [low, high] = shares.length === 1 ? [one!.low, one!.high] : [Math.min(...values), Math.max(...values)];
        return [{ x: labelOf(temperature), y: median(values), low, high }];
      }),
    })),
  };
}

/** The least distances by Carlini-Wagner, and what is left of the gradient that the other attacks follow. */
function distanceTable(all: readonly Found[], s: Settings): Table {
  const found = (runs: readonly Run[]) =>
    runs.flatMap((run) => attackIn(run.nearest, lines.carlini.attack)?.medianDistance ?? []);
  const gradients = (runs: readonly Run[]) => runs.flatMap(({ naive }) => naive?.controls.gradients ?? []);
  const plain = found(all[0]!.runs);
  const [near] = [...s.carliniWagner.within].sort((a, b) => a - b);
  const nearest = (runs: readonly Run[]) =>
    runs.flatMap((run) => attackIn(run.nearest, lines.carlini.attack)?.curve[0]?.success ?? []);
  return {
    caption: `Carlini-Wagner on the first ${s.carliniWagner.attacked} test rows: the median over rows of the least L2 distance found, and the rows fooled within ${near}. Zero gradients: of the cross-entropy, in f32, at rows that are right and not attacked. Medians over seeds with each seed under them.`,
    columns: ['Training', 'L2 distance', 'Of undefended', `Within ${near}`, 'Zero gradients'],
    rows: all.map(({ temperature, runs }) => {
      const distances = found(runs);
      const zero = gradients(runs).map(({ zero, rows }) => clopperPearson({ hits: zero, n: rows }));
      return [
        labelOf(temperature),
        numbersOverSeeds(distances, (value) => value.toFixed(3)),
        distances.length > 0 && plain.length > 0 ? (median(distances) / median(plain)).toFixed(2) : 'not yet',
        overSeeds(nearest(runs)),
        overSeeds(zero),
      ];
    }),
  };
}

function checklistTable(all: readonly Found[]): Table {
  return {
    caption:
      'The checklist on an evaluation by FGSM, PGD on the cross-entropy, and Square: what somebody runs who does not know how the model was trained.',
    columns: ['Training', 'Seed', 'Gradient masking', 'Checks asked', 'Flags'],
    rows: all.flatMap(({ temperature, runs }) =>
      runs.map(({ seed, naive }) => {
        const label = labelOf(temperature);
        if (!naive) return [label, String(seed), 'not yet', '', ''];
        const { masking, because, flags } = naive;
        const asked = flags.filter(({ flag }) => flag !== null).length;
        return [
          label,
          String(seed),
          masking ?? 'not asked',
          `${asked} of ${flags.length}`,
          because.length === 0 ? 'none' : because.join(', '),
        ];
      }),
    ),
  };
}

/** The flags of the first seed that is done, with their numbers. */
function evidence(all: readonly Found[]): string[] {
  return all.flatMap(({ temperature, runs }) => {
    const run = runs.find(({ naive }) => naive);
    if (!run?.naive) return [];
    const { flags, because } = run.naive;
    const raised = flags
      .filter(({ name }) => because.includes(name))
      .map(({ name, evidence }) => `${name}: ${evidence}`);
    return [`${labelOf(temperature)}, seed ${run.seed}. ${raised.length === 0 ? 'No flags.' : raised.join(' ')}`];
  });
}

const optionsText = (options: Readonly<Record<string, number>>) =>
  Object.entries(options)
    .map(([option, value]) => `${option} ${value}`)
    .join(', ') || 'defaults';

export function distillationReport(all: readonly Found[], s: Settings): Report {
  const { pgd, square, apgdDlr, carliniWagner: cw, jsma } = s;
  const attacks = [
    `inside an L∞ ball of ${s.epsilon}, first ${s.attacked} test rows: FGSM, PGD (${optionsText(pgd)}), Square (${optionsText(square)}), APGD-DLR (${optionsText(apgdDlr)})`,
    `first ${cw.attacked}: Carlini-Wagner (${optionsText(cw.options)})`,
    ...(jsma ? [`first ${jsma.attacked}: JSMA (${optionsText(jsma.options)})`] : []),
  ];
  return {
    headline: headline(all),
    lead:
      `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}; teacher and student at the same temperature, ` +
      `published at 1. White box, any wrong class; ${attacks.join('; ')}.`,
    sections: [
      { title: 'Success of attacks', figure: successFigure(all, s), table: successTable(all, s) },
      {
        title: 'Distances and gradients',
        text: [
          'A defence that works moves the nearest adversarial row away. One that only hides the way to it leaves the distance, and takes the gradient.',
        ],
        table: distanceTable(all, s),
      },
      { title: 'What the checklist says', table: checklistTable(all), text: evidence(all) },
    ],
  };
}
