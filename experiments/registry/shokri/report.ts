/** The report of the shadow-model experiment: precision by size and attack model, then each class. */
import type { Curve, Report, Results } from '../../runner/index.ts';
import { percent, rangeOf, withInterval } from '../shares.ts';
import { inWords, standingOf } from './chance.ts';
import { chosenTable, notesOnClasses } from './classes.ts';
import { jobsOf } from './jobs.ts';
import { knowledgeSection, LEAD_KNOWLEDGE } from './knowledge.ts';
import { mitigationSections } from './mitigation-report.ts';
import type { Kind, Settings } from './settings.ts';
import { mediansOf, overClasses } from './text.ts';

/** Median per-class precision on CIFAR-10 in figure 4 of the paper. */
const PUBLISHED: Readonly<Record<number, number>> = { 2500: 0.78, 5000: 0.74, 10000: 0.72, 15000: 0.71 };

/** Precision against models of a service (Google's), table II of the paper. */
const PUBLISHED_SERVICE: Readonly<Record<string, number>> = { location30: 0.678, adult: 0.503, mnist: 0.517 };
const SERVICE = "Shokri et al. 2017, table II, a service's model";

/** What the headline adds, so that nobody reads more into it than there is. */
const CAVEAT = {
  guessing: ' That cannot be told from guessing.',
  near: ' That is near guessing.',
  above: '',
} as const;

function foundAt(results: Results, s: Settings, size: number, attack: Kind) {
  const jobs = jobsOf(s, size, attack);
  const [target, judged] = [results.of(jobs.target), results.of(jobs.judged)];
  if (!target || !judged) return null;
  // without the attack model of all classes, which comes last
  const chosen = jobs.fits.slice(0, -1).map((job) => results.of(job)?.chosen ?? {});
  return { size, attack, target, judged, chosen, medians: mediansOf(judged) };
}

function headlineOf({ size, attack, judged, medians }: NonNullable<ReturnType<typeof foundAt>>): string {
  const { precision, recall } = medians;
  if (precision.value === null) return `With ${size} training records, the ${attack} attack calls no record a member.`;
  return (
    `With ${size} training records, a median of ${percent(precision.value)} ${rangeOf(precision)} of the records of a class that the ${attack} attack ` +
    `calls members are, and it finds a median of ${percent(recall.value)} ${rangeOf(recall)} of them.${CAVEAT[standingOf(judged)]}`
  );
}

export function reportOf(results: Results, s: Settings): Report {
  const found = s.sizes.flatMap((size) => s.attacks.flatMap((attack) => foundAt(results, s, size, attack) ?? []));
  const first = found.find(({ attack }) => attack === s.attacks[0]);
  if (!first)
    return {
      headline: 'Nothing has been measured yet.',
      sections: [
        { title: 'What is missing', text: ['The attacks have not run: `keyhole run` goes on where it stopped.'] },
      ],
    };
  const curves = s.attacks.map(
    (attack): Curve => ({
      name: attack,
      points: found
        .filter((one) => one.attack === attack)
        .flatMap(({ size, medians }) => {
          const { value: y, low, high } = medians.precision;
          return y === null ? [] : [{ x: String(size), y, low, high }];
        }),
    }),
  );
  const published = s.data === 'cifar10' ? s.sizes.filter((size) => PUBLISHED[size] !== undefined) : [];
  if (published.length > 0) {
    curves.push({
      name: 'Shokri et al. 2017',
      points: published.map((size) => ({ x: String(size), y: PUBLISHED[size]! })),
    });
  }
  const knowledge = knowledgeSection(results, s);
  const service = PUBLISHED_SERVICE[s.data];
  const choices = chosenTable(found);
  const smallest = found.filter(({ size }) => size === first.size);
  return {
    headline: headlineOf(first),
    lead:
      `${s.model} models of ${s.data}: for each size a target and ${s.shadows} shadow models of as many rows, whose data are drawn from the rows that the ` +
      `target left over. ${LEAD_KNOWLEDGE} ` +
      "An attack model per class learns from the shadow models' answers and judges the target's. Members and non-members are as many, so " +
      'guessing has a precision of 50 %.',
    sections: [
      {
        title: 'Precision by size',
        text: ['Median over the classes, with 95 % intervals.'],
        figure: {
          title: 'Precision of the attack against training records',
          x: { label: 'Training records', scale: 'point' },
          y: { label: 'Precision', domain: [0.4, 1], percent: true },
          curves,
          levels: [{ y: 0.5, label: 'guessing' }, ...(service === undefined ? [] : [{ y: service, label: SERVICE }])],
        },
      },
      {
        title: 'All sizes and attack models',
        table: {
          caption:
            'Per class: the median with its 95 % interval, the lowest and the highest class. Otherwise with 95 % intervals over all records.',
          columns: [
            'Size, attack',
            'Train',
            'Test',
            'Precision per class',
            'Recall per class',
            'Precision',
            'Recall',
            'AUC',
            'TPR at 1 % FPR',
          ],
          rows: found.map(({ size, attack, target, judged, medians }) => [
            `${size}, ${attack}`,
            percent(target.train.accuracy.value),
            percent(target.out.accuracy.value),
            overClasses(judged, medians, 'precision'),
            overClasses(judged, medians, 'recall'),
            withInterval(judged.precision),
            withInterval(judged.recall),
            withInterval(judged.auc),
            withInterval(judged.tprAtFpr['0.01']),
          ]),
        },
      },
      {
        title: 'Against guessing',
        text: found.map(({ size, attack, judged }) => `${size} records, ${attack}: ${inWords(judged)}`),
      },
      ...(choices ? [{ title: 'What the attack models chose', table: choices }] : []),
      {
        title: `Each class, ${first.size} records`,
        text: notesOnClasses(first.judged),
        table: {
          caption: 'With Clopper-Pearson 95 % intervals.',
          columns: [
            'Class',
            'Members',
            'Non-members',
            ...smallest.flatMap(({ attack }) => [`Precision, ${attack}`, `Recall, ${attack}`]),
          ],
          rows: first.judged.perClass.map(({ label, members, nonMembers }, at) => [
            String(label),
            String(members),
            String(nonMembers),
            ...smallest.flatMap(({ judged }) => [
              withInterval(judged.perClass[at]!.precision),
              withInterval(judged.perClass[at]!.recall),
            ]),
          ]),
        },
      },
      ...mitigationSections(results, s),
      ...(knowledge ? [knowledge] : []),
    ],
  };
}
