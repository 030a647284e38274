/** What the jobs of the defences say: a table for each norm, whether claims hold, and what gets past the detector. */
import type { Cell, Report, ReportSection, Table } from '../runner/index.ts';
import type { Found, Row, Settings } from './defences-jobs.ts';
import { inWords, percent, type Share, withInterval } from './shares.ts';

const NORMS = { linf: 'L-infinity', l2: 'L2' } as const;
type Section = Found['sections'][number];
type Attacked = NonNullable<Row['knowing']>;

const worstOf = (attacked: Attacked | null): Share | null => attacked?.worst[0]?.robust ?? null;
/** Of one attack among those of who knows. */
const stepOf = (attacked: Attacked | null): Share | null =>
  attacked?.attacks.find(({ name }) => name === 'fgsm')?.curve[0]?.robust ?? null;

const above = (a: Share, b: Share) => a.low > b.high;

const least = (shares: readonly (Share | null)[]): Share | null =>
  shares.reduce((a, b) => (a === null || b === null ? (a ?? b) : b.value! < a.value! ? b : a), null);

/** Who knows a defence can hand over what fools the model without it, too. */
const knowingOf = (row: Row): Share | null =>
  row.knowing && row.unknowing ? least([worstOf(row.knowing), worstOf(row.unknowing)]) : null;

/** What the attack of who does not know the defence leaves, that fares worst: of a training defence, one step may be it. */
function unknowingOf(row: Row): Share | null {
  if (!row.unknowing) return null;
  const each = row.unknowing.attacks.map(({ curve }) => curve[0]!.robust);
  const step = row.trains ? stepOf(row.knowing) : null;
  return [...each, ...(step ? [step] : [])].reduce((a, b) => (b.value! > a.value! ? b : a));
}

/** What it must be better than: no defence, or where it stands before a model that was trained with one, that. */
function withoutIt(row: Row, { rows, undefended }: Section): Share | null {
  const behind = row.behind === null ? null : rows.find(({ name }) => name === row.behind);
  return behind ? knowingOf(behind) : worstOf(undefended);
}

const masks = (row: Row) => row.knowing?.masking === 'likely';

interface Verdict {
  /** null: not measured yet, or intervals overlap */
  readonly holds: boolean | null;
  readonly because: string;
}

const CLAIMS: Readonly<Record<Row['claim'], string>> = {
  resists: 'resists',
  masks: 'masks',
  certifies: 'certifies',
};

/** Whether the figures bear the claim out: where intervals lie apart. */
function verdictOf(row: Row, { undefended }: Section): Verdict {
  const [knowing, unknowing, plain] = [knowingOf(row), unknowingOf(row), worstOf(undefended)];
  if (!knowing || !unknowing || !plain) return { holds: null, because: 'not measured yet' };
  const left = `who knows it leaves ${inWords(knowing)}`;
  if (row.claim === 'resists') {
    const because = `${left}, of none ${inWords(plain)}`;
    if (masks(row) && above(knowing, plain)) return { holds: null, because: `${because}; gradient masking is likely` };
    return { holds: above(knowing, plain) ? true : above(plain, knowing) ? false : null, because };
  }
  if (row.claim === 'masks') {
    const most = worstOf(row.unknowing)!;
    const by = above(most, knowing) ? '' : `; handing over what fools the model for certain leaves ${inWords(most)}`;
    const because = `${left}, an attacker who does not ${inWords(unknowing)}${by}`;
    return { holds: above(unknowing, knowing), because };
  }
  const proved = row.certified?.curve.at(-1)?.accuracy;
  if (!proved) return { holds: null, because: 'not measured yet' };
  const because = `${inWords(proved)} are certified at this radius, and ${left}`;
  if (above(proved, knowing)) return { holds: false, because };
  return { holds: proved.low > 0 ? true : null, because };
}

const answer = ({ holds }: Verdict) => (holds === null ? 'open' : holds ? 'yes' : 'no');

const cell = (share: Share | null): Cell => (share ? withInterval(share) : 'not yet');

function table(section: Section, s: Settings): Table {
  const { norm, epsilon, undefended, rows } = section;
  const handed = (row: Row, k: number) => cell(row.unknowing?.attacks[k]?.curve[0]?.robust ?? null);
  return {
    caption: `The first ${s.attacked} test rows, ${NORMS[norm]} radius ${epsilon}, 95 % intervals. Right on unchanged rows; on rows of who does not know it, made on the undefended model (of answers: the bare one); after one step of who knows; under the worst of all that who knows runs or can hand over.`,
    columns: [
      'Defence',
      'Unchanged',
      ...s.unknowing.map((attack) => `Handed over: ${attackWords(attack)}`),
      'One step',
      'Who knows it',
      'Masking',
      'Claims',
      'Borne out',
    ],
    rows: [
      [
        'none',
        cell(undefended?.clean ?? null),
        ...s.unknowing.map(() => ''),
        cell(stepOf(undefended)),
        cell(worstOf(undefended)),
        undefended?.masking ?? 'not yet',
        '',
        '',
      ],
      ...rows.map((row) => [
        row.name,
        cell(row.knowing?.clean ?? null),
        ...s.unknowing.map((_, k) => handed(row, k)),
        cell(stepOf(row.knowing)),
        cell(knowingOf(row)),
        row.knowing?.masking ?? 'not yet',
        CLAIMS[row.claim],
        answer(verdictOf(row, section)),
      ]),
    ],
  };
}

const optionsWords = ({ name, options, behind }: Row) => {
  const given = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  return `${name}${given.length > 0 ? ` (${given.join(', ')})` : ''}${behind ? ` before a model of ${behind}` : ''}`;
};

function flagsOf({ name, knowing }: { readonly name: string; readonly knowing: Attacked | null }): string[] {
  const raised = knowing?.flags.filter(({ flag }) => flag === true) ?? [];
  return raised.length === 0 ? [] : [`${name}: ${raised.map((flag) => `${flag.name}: ${flag.evidence}`).join(' ')}`];
}

function detectorSection(found: Found, s: Settings): ReportSection[] {
  const { detector } = s;
  if (!detector) return [];
  const { bits, medians } = detector.squeezers;
  const by = [...bits.map((depth) => `${depth} bits`), ...medians.map((width) => `medians of ${width} x ${width}`)];
  const { detection } = found;
  return [
    {
      title: 'The detector',
      text: [
        `Rows are suspicious whose probabilities move by more than a threshold when they are squeezed (${by.join('; ')}). The threshold is the least that suspects at most ${percent(detector.falsePositiveRate)} of ${detector.clean} clean test rows that are not attacked` +
          (detection
            ? `; of the clean rows that are attacked later, it suspects ${inWords(detection.falsePositives)}.`
            : '.'),
        'Who knows it makes the model and its squeezed copies sure of the same wrong class.',
      ],
      table: {
        caption: `${NORMS[detector.norm as keyof typeof NORMS] ?? detector.norm} radius ${detector.epsilon}, the undefended model, 95 % intervals.`,
        columns: ['Attack', 'Knows the detector', 'Fools the model', 'Of those, detected', 'Gets past both'],
        rows: (detection?.attackers ?? []).map(({ attack, knows, fooled, detected, evades }, i) => [
          knows ? attack : attackWords(detector.unaware[i]!),
          knows ? 'yes' : 'no',
          cell(fooled),
          cell(detected),
          cell(evades),
        ]),
      },
    },
  ];
}

const attackWords = ({ name, options }: Settings['knowing'][number]) =>
  [name, ...Object.entries(options).map(([option, value]) => `${option} ${value}`)].join(', ');

function headline(found: Found): string {
  const judged = found.sections.flatMap((section) =>
    section.rows.flatMap((row) => {
      const [knowing, without] = [knowingOf(row), withoutIt(row, section)];
      return knowing && without ? [{ row, knowing, without, verdict: verdictOf(row, section) }] : [];
    }),
  );
  if (judged.length === 0) return 'Nothing has been measured yet.';
  const better = judged.filter(({ knowing, without }) => above(knowing, without));
  const standing = better.filter(({ row }) => !masks(row));
  const hidden = better.filter(({ row }) => masks(row)).map(({ row }) => row.name);
  const idle = judged.filter((one) => one.row.behind !== null && !better.includes(one));
  const names = standing.map(({ row, knowing }) => `${row.name} ${percent(knowing.value)}`);
  const wrong = judged.filter(({ verdict }) => verdict.holds === false).map(({ row }) => row.name);
  return [
    `${standing.length} of ${judged.length} defences keep more rows right than what they are added to, under an attacker who knows them${names.length > 0 ? `: ${names.join(', ')}` : ''}.`,
    hidden.length > 0 &&
      `What ${hidden.join(', ')} seem${hidden.length === 1 ? 's' : ''} to keep is no measure: gradient masking is likely.`,
    ...idle.map(({ row }) => `${row.name} keeps no more than the ${row.behind} behind it: what it adds are proofs.`),
    wrong.length > 0 && `Not borne out is what the registry claims of ${wrong.join(', ')}.`,
    detectorWords(found),
  ]
    .filter((words) => words !== false && words !== '')
    .join(' ');
}

/** Against the best of those who do not know it. */
function detectorWords({ detection }: Found): string {
  const knowing = detection?.attackers.find(({ knows }) => knows);
  const [best] = (detection?.attackers ?? [])
    .filter(({ knows }) => !knows)
    .sort((a, b) => (b.evades.value ?? 0) - (a.evades.value ?? 0));
  if (!knowing || !best) return '';
  return `Past the squeezing detector get ${percent(knowing.evades.value)} of the rows by who knows it, ${percent(best.evades.value)} at most by who does not.`;
}

export function defencesReport(found: Found, s: Settings): Report {
  return {
    headline: headline(found),
    lead:
      `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}, one seed. ` +
      `Who knows a defence runs ${s.knowing.map(attackWords).join('; ')}, straight through transforms and over draws of noise. Who does not hands over rows that are made on the undefended model: ${s.unknowing.map(attackWords).join('; ')} (full 1: it goes on where the model is fooled). ` +
      'Options are those of each defence in the registry, or of the settings below: for feature-squeezing, jpeg and input-gradient-regularisation those of the registry were chosen on 200 digits of a test suite, so on digits their figures may flatter what is claimed.',
    sections: [
      ...found.sections.map((section) => ({
        title: `${NORMS[section.norm]} radius ${section.epsilon}`,
        text: [
          `Defences: ${section.rows.map(optionsWords).join('; ')}.`,
          'Masking is what the checklist says of the attacks of who knows. What resists keeps more rows right than none under who knows it; what masks keeps more rows right under some attack of who does not know it than under one who does; what certifies has proofs at this radius, and no attack that finds fewer rows right than are proved.',
          ...section.rows.map(
            (row) =>
              `${row.name} ${CLAIMS[row.claim]}: ${answer(verdictOf(row, section))}; ${verdictOf(row, section).because}.`,
          ),
        ],
        table: table(section, s),
      })),
      ...detectorSection(found, s),
      {
        title: 'Flags',
        text: [
          'The checklist of Carlini et al. 2019 on the attacks of who knows.',
          ...found.sections.flatMap(({ rows, undefended, norm }) => [
            ...flagsOf({ name: `none, ${NORMS[norm]}`, knowing: undefended }),
            ...rows.flatMap(flagsOf),
          ]),
        ],
      },
    ],
  };
}
