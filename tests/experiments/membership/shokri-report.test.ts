/** The report of the shadow-model experiment: what it says of guessing, of small classes, and of what was chosen. */
import { clopperPearson } from '../../../attacks/index.ts';
import { inWords, standingOf } from '../../../experiments/registry/shokri/chance.ts';
import { chosenTable, notesOnClasses } from '../../../experiments/registry/shokri/classes.ts';
import { shokri } from '../../../experiments/registry/shokri/index.ts';
import type { Judged } from '../../../experiments/registry/shokri/text.ts';
import { completed, type Job, type Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('shokri: the report');

const share = (value: number, low: number, high: number) => ({
  value,
  low,
  high,
  n: 1000,
  confidence: 0.95,
  method: 'clopper-pearson',
});

const classOf = (label: number, rows: number, hits: number, alarms: number) => ({
  label,
  members: rows,
  nonMembers: rows,
  precision: clopperPearson({ hits, n: hits + alarms }),
  recall: clopperPearson({ hits, n: rows }),
});

const judged = (change: Partial<Judged> = {}): Judged => ({
  precision: share(0.51, 0.48, 0.54),
  recall: share(0.6, 0.57, 0.63),
  auc: share(0.505, 0.49, 0.52),
  balancedAccuracy: share(0.51, 0.48, 0.54),
  tprAtFpr: { '0.1': null, '0.01': share(0.012, 0.005, 0.02), '0.001': null },
  perClass: [classOf(0, 100, 60, 58), classOf(1, 100, 50, 50)],
  pooled: [],
  ...change,
});

test('near guessing is claimed of both intervals, better than guessing of one, and nothing where they hold 50 %', () => {
  const at = (auc: [number, number], precision: [number, number]) =>
    standingOf(judged({ auc: share(0.5, ...auc), precision: share(0.5, ...precision) }));
  assert.is(at([0.49, 0.52], [0.48, 0.54]), 'guessing');
  // wide intervals that hold 50 % show nothing, however high they reach
  assert.is(at([0.4, 0.7], [0.5, 0.8]), 'guessing');
  // below guessing is not above it
  assert.is(at([0.4, 0.45], [0.41, 0.48]), 'guessing');
  assert.is(at([0.501, 0.53], [0.49, 0.52]), 'near');
  assert.is(at([0.501, 0.549], [0.51, 0.549]), 'near');
  assert.is(at([0.501, 0.53], [0.49, 0.55]), 'above');
  assert.is(at([0.49, 0.56], [0.501, 0.53]), 'above');
  assert.is(at([0.9, 0.95], [0.8, 0.9]), 'above');
});

test('the words have the intervals, the room that they leave, and what is found at a low rate all the same', () => {
  assert.is(
    inWords(judged()),
    'cannot be told from guessing: the intervals hold 50 %, and leave room up to 54.0 % ' +
      '(AUC 50.5 % [49.0 %, 52.0 %], precision 51.0 % [48.0 %, 54.0 %]).',
  );
  const rare = judged({
    auc: share(0.52, 0.51, 0.53),
    tprAtFpr: { '0.1': null, '0.01': share(0.03, 0.02, 0.05), '0.001': null },
  });
  assert.match(
    inWords(rare),
    /^is near guessing: above it, by less than five points .* At 1 % FPR it finds 3\.0 % \[2\.0 %, 5\.0 %\]/,
  );
});

test('classes of few records, silent ones and those without an attack model of their own are named', () => {
  const one = judged({
    perClass: [classOf(0, 100, 60, 40), classOf(1, 29, 20, 10), classOf(2, 40, 0, 0)],
    pooled: [1],
  });
  const [few, silent, pooled] = notesOnClasses(one);
  assert.match(few!, /^Class 1: fewer than 30 members or non-members \(the least: 29\)/);
  assert.match(silent!, /^Class 2: no record was called a member/);
  assert.match(pooled!, /^Class 1: too few rows of the shadow models/);
  assert.equal(notesOnClasses(judged()), []);
});

test('what was chosen: values with the classes that chose them; no table where nothing chooses', () => {
  const chosen = [10, 1, 10].map((c, i) => ({ c, gamma: 0.1, accuracy: 0.5 + i / 10, searchRows: 400 }));
  const table = chosenTable([
    { size: 100, attack: 'svm', chosen: [...chosen, {}] },
    { size: 100, attack: 'logistic', chosen: [{}, {}] },
  ])!;
  assert.equal(table.rows, [
    ['100, svm', '1: 1, 10: 2', '0.1: 3', { value: '60.0 %', interval: '[50.0 %, 70.0 %]' }, '400'],
  ]);
  assert.is(chosenTable([{ size: 100, attack: 'logistic', chosen: [{}] }]), null);
});

const facts = { name: 'adult', sha256: 'x', size: 48_842, inputShape: [10], classes: 2 };
const adult = completed(shokri, shokri.settings({ ...(shokri.profiles['adult']!.settings as object) }), () => facts);

/** Results of jobs that nobody ran. */
const pretend = (verdict: Judged): Results => ({
  of(job: Job) {
    const accuracy = share(0.85, 0.84, 0.86);
    const answers: Record<string, unknown> = {
      'membership-model': { train: { accuracy }, out: { accuracy } },
      'attack-model': { chosen: {} },
      'shokri-attack': verdict,
    };
    return (answers[job.kind.name] ?? null) as never;
  },
});

test('the headline of a target that gives nothing away says so', () => {
  const near = judged({ auc: share(0.51, 0.505, 0.515), precision: share(0.505, 0.501, 0.51) });
  assert.match(shokri.report(pretend(judged()), adult).headline, /That cannot be told from guessing\.$/);
  assert.match(shokri.report(pretend(near), adult).headline, /That is near guessing\.$/);
  const found = judged({ auc: share(0.9, 0.88, 0.92), precision: share(0.8, 0.78, 0.82) });
  assert.match(shokri.report(pretend(found), adult).headline, /of them\.$/);
  const { text } = shokri.report(pretend(near), adult).sections.find(({ title }) => title === 'Against guessing')!;
  assert.is(text!.length, 3);
  assert.match(text![0]!, /^10000 records, network: is near guessing/);
});

test('an attack that calls nobody a member has no precision, and no point in the figure', () => {
  const nobody = judged({ perClass: [classOf(0, 100, 0, 0), classOf(1, 100, 0, 0)] });
  const { headline, sections } = shokri.report(pretend(nobody), adult);
  assert.match(headline, /calls no record a member\.$/);
  assert.equal(sections[0]!.figure!.curves[0]!.points, []);
});
