/** Attackers with partial knowledge beside the one who has real rows: their jobs, and the section of the report that compares them. */
import type { Curve, ReportSection, Results } from '../../runner/index.ts';
import { withInterval } from '../shares.ts';
import { jobsOf, madeJob } from './jobs.ts';
import { knows, titleOf } from './knowledge-settings.ts';
import type { Settings } from './settings.ts';
import { type Judged, mediansOf, overClasses, perClassOf } from './text.ts';

/** For each kind of knowledge, at the first size, by the first attack. */
export function knowledgeJobs(s: Settings) {
  const [size, attack] = [s.sizes[0]!, s.attacks[0]!];
  return s.knowledge.map((knowledge) => {
    const made = madeJob(s, size, knowledge);
    return { knowledge, made, judged: jobsOf(s, size, attack, made).judged };
  });
}

/** What the attacker of the other sections knows, for the report's lead. */
export const LEAD_KNOWLEDGE = "The attacker has real rows of the same distribution, none of them the target's.";

/** null: no other attacker was asked for, or none is done */
export function knowledgeSection(results: Results, s: Settings): ReportSection | null {
  const [size, attack] = [s.sizes[0]!, s.attacks[0]!];
  const others = knowledgeJobs(s).flatMap(({ knowledge, made, judged }) => {
    const [data, verdict] = [results.of(made), results.of(judged)];
    return data && verdict
      ? [{ name: titleOf(knowledge), has: knows(knowledge), data, judged: verdict, medians: mediansOf(verdict) }]
      : [];
  });
  if (others.length === 0) return null;
  const real = results.of(jobsOf(s, size, attack).judged);
  const all = [
    ...(real
      ? [
          {
            name: 'real rows',
            has: 'real rows of the distribution',
            data: null,
            judged: real,
            medians: mediansOf(real),
          },
        ]
      : []),
    ...others,
  ];
  const lacking = others.filter(({ data }) => data.stopped !== null || data.perClass.includes(0));
  return {
    title: `Partial knowledge, ${size} records, ${attack}`,
    text: [
      'Attackers whose shadow models learn from other data than real rows of the distribution. The target and its records are the same ' +
        'for all of them. Rows from marginals of all classes have the labels that the target gives them; each row asked about is a question.',
      ...lacking.map(({ has, data }) => lackOf(has, data)),
    ],
    figure: {
      title: 'Share of classes up to a precision',
      x: { label: 'Precision', domain: [0, 1], percent: true },
      y: { label: 'Share of classes', domain: [0, 1], percent: true },
      curves: all.map(({ name, judged }) => cumulative(name, judged)),
    },
    table: {
      caption:
        'Per class: the median with its 95 % interval, the lowest and the highest class. Otherwise with 95 % intervals over all records. Guessing: 50 %.',
      columns: [
        'The attacker has',
        'Rows',
        'Questions',
        'Precision per class',
        'Recall per class',
        'Precision',
        'Recall',
        'AUC',
      ],
      rows: all.map(({ has, data, judged, medians }) => [
        has,
        data ? String(data.rows) : 'all left over',
        data ? String(data.queries) : '0',
        overClasses(judged, medians, 'precision'),
        overClasses(judged, medians, 'recall'),
        withInterval(judged.precision),
        withInterval(judged.recall),
        withInterval(judged.auc),
      ]),
    },
  };
}

function lackOf(
  has: string,
  data: { readonly perClass: readonly number[]; readonly failed: number; readonly stopped: 'budget' | null },
): string {
  const empty = data.perClass.flatMap((rows, label) => (rows === 0 ? [label] : []));
  const parts = [
    ...(empty.length > 0 ? [`no shadow rows of ${empty.length === 1 ? 'class' : 'classes'} ${empty.join(', ')}`] : []),
    ...(data.stopped ? ['the query budget ended before all rows were found'] : []),
  ];
  return `With ${has}: ${parts.join('; ')}. The attack model of all classes judges classes with too few rows.`;
}

/** Empirical distribution of the classes' precision, as figure 9 of the paper. */
function cumulative(name: string, judged: Judged): Curve {
  const sorted = perClassOf(judged, 'precision').sort((a, b) => a - b);
  return { name, points: sorted.map((x, i) => ({ x, y: (i + 1) / sorted.length })) };
}
