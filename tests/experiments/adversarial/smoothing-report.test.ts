/** The report on smoothing from made-up records: what is missing, what holds, and what does not. */
import { smoothing } from '../../../experiments/registry/smoothing.ts';
import type { Job, Results } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('smoothing: report');

const share = (value: number) => ({ value, low: value, high: value, n: 100, confidence: 0.95, method: 'made up' });
const settings = smoothing.settings({ sigmas: [0.5, 0.12, 0.25], radii: [0, 0.25] });

interface Asked {
  readonly radii: readonly number[];
  readonly smoothing: { readonly sigma: number; readonly n0: number; readonly n: number; readonly alpha: number };
}

const certified = ({ radii, smoothing }: Asked, accuracy: number) => ({
  smoothing,
  rows: 100,
  base: share(0.97),
  voted: share(0.96),
  abstained: 4,
  curve: radii.map((radius) => ({ radius, accuracy: share(radius < 2 * smoothing.sigma ? accuracy : 0) })),
  averageRadius: 0.31,
  medianRadius: 0.4,
});

const part = (of: number, rows: number, changed: number) => ({
  share: of,
  rows,
  changed,
  abstained: 0,
  outvoted: changed,
  distance: of,
});

/** The records of the first so many models, and how many certificates each of them has violated. */
function results({ certificates, checks, violated = 0, control = 60 }: Record<string, number>): Results {
  const made = new Set<string>();
  const first = (job: Job, most: number) => {
    const name = job.name.split(', ').at(-1)!;
    made.add(`${job.kind.name} ${name}`);
    return [...made].filter((one) => one.startsWith(job.kind.name)).length <= most;
  };
  return {
    of: (job) => {
      const asked = job.settings as unknown as Asked;
      const noisy = !job.name.includes('undefended');
      if (job.kind.name === 'certificates' && first(job, certificates!))
        return certified(asked, noisy ? 0.9 : 0.5) as never;
      if (job.kind.name === 'certificate-check' && first(job, checks!))
        return { inside: part(0.999, 100, violated), beyond: part(3, 80, control) } as never;
      return null;
    },
  };
}

test('each noise is certified and attacked, and a model without noise at the middle one', () => {
  const jobs = smoothing.jobs(settings);
  assert.is(jobs.length, 4);
  const sigmas = jobs.map((job) => (job.settings as unknown as Asked).smoothing.sigma);
  assert.equal(sigmas, [0.12, 0.25, 0.5, 0.25]);
  const trained = jobs.map((job) => (job.needs[0]!.settings as { defence: { options: object } | null }).defence);
  assert.equal(
    trained.map((defence) => defence?.options ?? null),
    [{ sigma: 0.12 }, { sigma: 0.25 }, { sigma: 0.5 }, null],
  );
  for (const job of jobs) assert.is(job.needs[1]!.needs[0], job.needs[0]);
});

test('nothing yet; certificates that nobody attacked; and all of it', () => {
  const { headline } = smoothing.report(results({ certificates: 0, checks: 0 }), settings);
  assert.is(headline, 'Nothing has been measured yet.');
  const half = smoothing.report(results({ certificates: 2, checks: 0 }), settings);
  assert.match(half.headline, /^Smoothed by noise of 0\.25, 90\.0 % .* of 100 rows .* radius of 0\.25\.$/);
  const all = smoothing.report(results({ certificates: 4, checks: 4 }), settings);
  assert.match(all.headline, /50\.0 % \[.*\] when the model was trained without noise/);
  assert.match(all.headline, /violates none of 400 certificates .* changes the class of 240 of 320\.$/);
  assert.match(all.sections[1]!.text!.join(' '), /of 400 attacked, at most 0\.008 are expected to look violated/);
  const [curve] = all.sections[0]!.figure!.curves;
  const last = curve!.points.at(-1)!;
  assert.ok(last.y === 0 && curve!.points.filter(({ y }) => y === 0).length === 1 && Number(last.x) < 0.3);
});

test('a violation is said, and so is an attack that found nothing where it must', () => {
  const broken = smoothing.report(results({ certificates: 4, checks: 4, violated: 2 }), settings);
  assert.match(
    broken.headline,
    /violates 8 of 400 certificates .* 0\.008 are expected at most: the certificates do not hold/,
  );
  const blind = smoothing.report(results({ certificates: 4, checks: 4, control: 0 }), settings);
  assert.match(blind.headline, /changes the class of 0 of 320, so that the attack has not been shown to find anything/);
});
