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

/** What is left by who does not know a defence: handed over from the undefended model; of a training defence, one step as well. */
function unknowingOf(row: Row): Share | null {
  const [handed, step] = [worstOf(row.unknowing), row.trains ? stepOf(row.knowing) : null];
  if (!handed || !step) return handed;
  return step.value! > handed.value! ? step : handed;
}

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
function verdictOf(row: Row, undefended: Attacked | null): Verdict {
  const [knowing, unknowing, plain] = [worstOf(row.knowing), unknowingOf(row), worstOf(undefended)];
  if (!knowing || !unknowing || !plain) return { holds: null, because: 'not measured yet' };
  const left = `who knows it leaves ${inWords(knowing)}`;
  if (row.claim === 'resists') {
    const holds = above(knowing, plain) ? true : above(plain, knowing) ? false : null;
    return { holds, because: `${left}, of none ${inWords(plain)}` };
  }
  if (row.claim === 'masks') {
    const because = `${left}, who does not ${inWords(unknowing)}`;
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

function table({ norm, epsilon, undefended, rows }: Section, s: Settings): Table {
  return {
    caption: `The first ${s.attacked} test rows, ${NORMS[norm]} radius ${epsilon}, 95 % intervals. Right on unchanged rows; on rows that fool the undefended model (of answers: the bare one); after one step of who knows; under the worst, row by row, of all that who knows runs.`,
    columns: ['Defence', 'Unchanged', 'Handed over', 'One step', 'Who knows it', 'Masking', 'Claims', 'Borne out'],
    rows: [
      [
        'none',
        cell(undefended?.clean ?? null),
        '',
        cell(stepOf(undefended)),
        cell(worstOf(undefended)),
        undefended?.masking ?? 'not yet',
        '',
        '',
      ],
      ...rows.map((row) => [
        row.name,
        cell(row.knowing?.clean ?? null),
        cell(worstOf(row.unknowing)),
        cell(stepOf(row.knowing)),
        cell(worstOf(row.knowing)),
        row.knowing?.masking ?? 'not yet',
        CLAIMS[row.claim],
        answer(verdictOf(row, undefended)),
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
        `Rows are suspicious whose probabilities move by more than a threshold when they are squeezed (${by.join('; ')}). The threshold suspects ${percent(detector.falsePositiveRate)} of ${detector.clean} clean test rows that are not attacked` +
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
  const judged = found.sections.flatMap(({ rows, undefended }) =>
    rows.flatMap((row) => {
      const [knowing, plain] = [worstOf(row.knowing), worstOf(undefended)];
      return knowing && plain ? [{ row, knowing, plain, verdict: verdictOf(row, undefended) }] : [];
    }),
  );
  if (judged.length === 0) return 'Nothing has been measured yet.';
  const standing = judged.filter(({ knowing, plain }) => above(knowing, plain));
  const names = standing.map(({ row, knowing }) => `${row.name} ${percent(knowing.value)}`);
  const wrong = judged.filter(({ verdict }) => verdict.holds === false).map(({ row }) => row.name);
  return (
    `${standing.length} of ${judged.length} defences keep more rows right than none under an attacker who knows them${names.length > 0 ? `: ${names.join(', ')}` : ''}.` +
    (wrong.length > 0 ? ` Not borne out is what the registry claims of ${wrong.join(', ')}.` : '') +
    detectorWords(found)
  );
}

/** Against the best of those who do not know it. */
function detectorWords({ detection }: Found): string {
  const knowing = detection?.attackers.find(({ knows }) => knows);
  const [best] = (detection?.attackers ?? [])
    .filter(({ knows }) => !knows)
    .sort((a, b) => (b.evades.value ?? 0) - (a.evades.value ?? 0));
  if (!knowing || !best) return '';
  return ` Past the squeezing detector get ${percent(knowing.evades.value)} of the rows by who knows it, ${percent(best.evades.value)} at most by who does not.`;
}

export function defencesReport(found: Found, s: Settings): Report {
  return {
    headline: headline(found),
    lead:
      `${s.model} on ${s.data}, ${s.train === null ? 'all training rows' : `${s.train} training rows`}, one seed. ` +
      `Who knows a defence runs ${s.knowing.map(attackWords).join('; ')}, straight through transforms and over draws of noise. Who does not hands over what fools the undefended model (${s.unknowing.map(attackWords).join('; ')}). ` +
      'Options are those of each defence in the registry: for feature-squeezing, jpeg and input-gradient-regularisation they were chosen on 200 digits of a test suite, so on digits their figures may flatter what is claimed; nothing was chosen on the rows of another set.',
    sections: [
      ...found.sections.map((section) => ({
        title: `${NORMS[section.norm]} radius ${section.epsilon}`,
        text: [
          `Defences: ${section.rows.map(optionsWords).join('; ')}.`,
          'Masking is what the checklist says of the attacks of who knows. What resists keeps more rows right than none under who knows it; what masks holds up to who does not know it and falls to who does; what certifies has proofs at this radius, and no attack that finds fewer rows right than are proved.',
          ...section.rows.map(
            (row) =>
              `${row.name} ${CLAIMS[row.claim]}: ${answer(verdictOf(row, section.undefended))}; ${verdictOf(row, section.undefended).because}.`,
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
