/** keyhole run defences: all that the registry has, comparable jobs, and a report that says no where figures do. */
import { allDefenses } from '../../../defenses/index.ts';
import { defences } from '../../../experiments/registry/defences.ts';
import type { Job, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('keyhole run defences');
const settings = defences.settings({});
const claiming = allDefenses.filter(({ robust }) => robust !== undefined);

interface AttackSettings {
  readonly norm: string;
  readonly epsilons: readonly number[];
  readonly inference: { readonly name: string; readonly adaptive: boolean } | null;
  readonly craftedOn?: string;
  readonly controls: boolean;
}
const attackOf = ({ settings: own }: Job) => own as unknown as AttackSettings;
/** What a job attacks: what stands before the model, else what it was trained with. */
const defenceOf = (job: Job) =>
  attackOf(job).inference?.name ??
  (job.needs[0]!.settings as { defence: { name: string } | null }).defence?.name ??
  'none';

test('each defence of the registry by who knows it and who does not, and those of a norm alike', () => {
  const jobs = defences.jobs(settings).filter(({ kind }) => kind.name === 'robustness');
  for (const { name, stage, robust } of claiming) {
    const own = jobs.filter((job) => defenceOf(job) === name);
    assert.equal(
      own.map((job) => [attackOf(job).norm, attackOf(job).craftedOn, attackOf(job).controls]),
      [
        [robust!.norm, undefined, true],
        [robust!.norm, stage === 'inference' ? 'bare' : 'other', false],
      ],
      name,
    );
    if (stage === 'inference')
      assert.equal(
        own.map((job) => attackOf(job).inference!.adaptive),
        [true, false],
      );
  }
  assert.equal(
    jobs.filter((job) => defenceOf(job) === 'none').map((job) => attackOf(job).norm),
    ['linf', 'l2'],
  );
  for (const norm of ['linf', 'l2'])
    assert.is(
      new Set(jobs.filter((job) => attackOf(job).norm === norm).map((job) => `${attackOf(job).epsilons}`)).size,
      1,
    );
});

const share = (value: number) => ({ value, low: value - 0.05, high: value + 0.05, n: 200 });
const attacked = (left: number, masking = 'none seen') => ({
  clean: share(0.97),
  attacks: [{ name: 'fgsm', curve: [{ robust: share(left) }] }],
  worst: [{ robust: share(left) }],
  flags: [{ name: 'large-epsilon', flag: true, evidence: 'It does.' }],
  masking,
});

/** Rows left by who knows a defence and by who does not, and what the checklist says; undefended 0.1. */
function reported(left: Readonly<Record<string, readonly [number, number, string?]>>, certified: number) {
  const results: Results = {
    of: ((job: Job) => {
      if (job.kind.name === 'certificates')
        return { curve: [{ accuracy: share(0.9) }, { accuracy: share(certified) }] };
      if (job.kind.name !== 'robustness') return null;
      const found = left[defenceOf(job)];
      return found ? attacked(found[attackOf(job).craftedOn ? 1 : 0], found[2]) : null;
    }) as Results['of'],
  };
  return defences.report(results, settings);
}

const answers = (report: ReturnType<typeof reported>) =>
  Object.fromEntries(
    report.sections.slice(0, 2).flatMap(({ table }) => table!.rows.map((row) => [row[0] as string, row.at(-1)])),
  );

test('a claim is borne out, or not, or open: by intervals', () => {
  const report = reported(
    {
      none: [0.1, 0.1],
      trades: [0.6, 0.8],
      'adversarial-pgd': [0.15, 0.8],
      'adversarial-fgsm': [-0.1, 0.8],
      jpeg: [0.1, 0.6],
      'feature-squeezing': [0.1, 0.12],
      'gaussian-augmentation': [0.3, 0.7],
      'randomised-smoothing': [0.5, 0.7],
    },
    0.4,
  );
  const said = answers(report);
  assert.equal(
    ['trades', 'adversarial-pgd', 'adversarial-fgsm', 'jpeg', 'feature-squeezing', 'randomised-smoothing'].map(
      (name) => said[name],
    ),
    ['yes', 'open', 'no', 'yes', 'no', 'yes'],
  );
  assert.is(said['input-gradient-regularisation'], 'open');
  assert.match(
    report.headline,
    /^3 of 7 defences keep more rows right than what .*: trades 60\.0 %, gaussian-augmentation 30\.0 %, randomised-smoothing 50\.0 %\. Not borne out is what the registry claims of adversarial-fgsm, feature-squeezing\./,
  );
  const violated = answers(reported({ none: [0.1, 0.1], 'randomised-smoothing': [0.5, 0.7] }, 0.8));
  assert.is(violated['randomised-smoothing'], 'no', 'an attack finds what was proved not to be there');
});

test('what hides gradients keeps nothing, what stands before a defended model is held against that, and rows are handed over by who knows, too', () => {
  const report = reported(
    {
      none: [0.1, 0.1],
      trades: [0.6, 0.8, 'likely'],
      'adversarial-pgd': [0.6, 0.25],
      'gaussian-augmentation': [0.5, 0.7],
      'randomised-smoothing': [0.55, 0.7],
    },
    0.4,
  );
  assert.is(answers(report)['trades'], 'open');
  assert.match(
    report.headline,
    /^2 of 4 .*: adversarial-pgd 25\.0 %, gaussian-augmentation 50\.0 %\. What trades seems to keep is no measure: .* randomised-smoothing keeps no more than the gaussian-augmentation behind it: what it adds are proofs\./,
  );
});

test('options of what is no such defence are refused', () => {
  for (const field of ['options', 'behind']) {
    const said = () => defences.settings({ [field]: { 'radomised-smoothing': {} } });
    assert.throws(
      said,
      /expected a setting among adversarial-fgsm, .*, randomised-smoothing, got '.*radomised-smoothing'/,
      field,
    );
  }
});

test('the report is one of no records too', () => {
  const report = reported({}, 0);
  assert.is(report.headline, 'Nothing has been measured yet.');
  assert.equal(Object.keys(answers(report)).length, claiming.length + 1);
});
