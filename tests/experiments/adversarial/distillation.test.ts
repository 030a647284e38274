/** The report of the distillation experiment: what it claims follows from the records, also where they say otherwise or are missing. */
import { clopperPearson } from '../../../attacks/index.ts';
import { distillation } from '../../../experiments/registry/distillation.ts';
import type { Job, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('adversarial experiments: distillation');
const N = 200;

interface Answers {
  readonly plainFgsm: number;
  readonly fgsm: number;
  readonly carlini: number;
  readonly masking: string;
}

interface Asked {
  readonly norm?: string;
  readonly attacks?: readonly { readonly name: string }[];
  readonly defence?: unknown;
}

/** Results of jobs that nobody ran: distilled models differ from undefended ones. */
const pretend = ({ plainFgsm, fgsm, carlini, masking }: Answers): Results => ({
  of(job: Job) {
    const asked = job.settings as Asked;
    const share = (hits: number) => clopperPearson({ hits: Math.round(hits * N), n: N });
    if (!asked.attacks) return { test: { accuracy: share(0.98) } } as never;
    const plain = (job.needs[0]!.settings as Asked).defence === null;
    const success = (name: string) =>
      name === 'fgsm' ? (plain ? plainFgsm : fgsm) : name === 'carlini-wagner' ? carlini : 0.9;
    return {
      attacks: asked.attacks.map(({ name }) => ({
        name,
        curve: [{ success: share(0.5) }, { success: share(success(name)) }],
        medianDistance: name === 'carlini-wagner' ? (plain ? 2 : 1.5) : null,
      })),
      controls: { gradients: { rows: N, zero: plain ? 0 : 150 } },
      flags: [{ name: 'vanishing-gradients', flag: !plain, evidence: '150 of 200.' }],
      masking: plain ? 'none seen' : masking,
      because: plain ? [] : ['vanishing-gradients'],
    } as never;
  },
});

const settings = distillation.settings({ temperatures: [20, 100], seeds: [0, 1] });
const reported = (answers: Answers) => distillation.report(pretend(answers), settings);
const refuted: Answers = { plainFgsm: 0.8, fgsm: 0.1, carlini: 1, masking: 'likely' };

test('an undefended model and one of each temperature, for each seed, under the same attacks', () => {
  const jobs = distillation.jobs(settings);
  const models = new Set(jobs.map(({ needs }) => JSON.stringify(needs[0]!.settings)));
  assert.is(models.size, 3 * 2);
  assert.is(jobs.length, 5 * 3 * 2);
  const without = distillation.settings({ temperatures: [20], seeds: [0], jsma: null });
  assert.is(distillation.jobs(without).length, 3 * 2);
});

test('the headline says what fell, what did not, and what the checklist called', () => {
  const { headline, sections } = reported(refuted);
  assert.match(headline, /FGSM success falls sharply: 80\.0 % undefended, 10\.0 % at T = 20, 10\.0 % at T = 100\./);
  assert.match(
    headline,
    /Carlini-Wagner, at any distance, reaches 100\.0 % \[98\.2 %, 100\.0 %\] on .*, at a median distance of 0\.75 of the undefended one\./,
  );
  assert.match(headline, /likely for 4 of 4 distilled models, and sees none in 2 of 2 undefended\./);
  const distances = sections[1]!.table!.rows;
  assert.equal(
    distances.map((row) => row[2]),
    ['1.00', '0.75', '0.75'],
  );
});

test('the headline says so when a claim does not hold', () => {
  assert.match(reported({ ...refuted, fgsm: 0.5 }).headline, /FGSM success does not fall sharply/);
  assert.match(
    reported({ ...refuted, carlini: 0.98 }).headline,
    /Carlini-Wagner, at any distance, stays below 99\.0 %: 98\.0 %/,
  );
  assert.match(reported({ ...refuted, masking: 'possible' }).headline, /likely for 0 of 4 distilled models/);
});

test('missing results are said to be missing', () => {
  const nothing = distillation.report({ of: () => null }, settings);
  assert.is(nothing.headline, 'Nothing has been measured yet.');
  const some = pretend(refuted);
  const models: Results = { of: (job) => ((job.settings as Asked).norm === 'linf' ? some.of(job) : null) };
  const { headline, sections } = distillation.report(models, settings);
  assert.match(headline, /FGSM success falls sharply.*Carlini-Wagner: not yet measured\./);
  assert.ok(sections[0]!.table!.rows.flat().includes('not yet'));
});
