/** The checklist of an evaluation: a plain net raises no flag, nets that hide their gradients raise theirs. */
import { type RobustnessCheck, type RobustnessEvidence, robustnessChecks } from '../../../attacks/evasion/index.ts';
import type { Target } from '../../../attacks/index.ts';
import { loadSet } from '../../../data/index.ts';
import { Rng } from '../../../engine/index.ts';
import {
  evaluateRobustness,
  type RobustnessOptions,
  type RobustnessRecord,
} from '../../../experiments/robustness/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet } from '../../support/evasion.ts';
import { quantisedFront, randomFront, sharpened, withSoftmax } from '../../support/masked.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const digits = await loadSet('digits');
const order = Rng.from(5).permutation(digits.size);
const LONG = { timeout: 120_000 };

const evaluate = (target: Target<'gradients'>, more: Partial<RobustnessOptions> = {}) =>
  evaluateRobustness({
    target: target as never,
    dataset: digits,
    rows: order.slice(1200, 1300),
    norm: 'linf',
    epsilons: [0.1, 0.2],
    attacks: [{ name: 'fgsm' }, { name: 'pgd', options: { steps: 20 } }],
    ...more,
  });
const flagged = ({ flags }: RobustnessRecord) => flags.filter(({ flag }) => flag).map(({ name }) => name);

const planted = suite('evasion: the checklist on planted nets');

planted(
  'a plain net raises none',
  async () => {
    const record = await evaluate(net.target, { epsilons: [0.05, 0.1, 0.2, 0.3] });
    assert.equal(
      flagged(record).filter((name) => name !== 'fails-after-rounding'),
      [],
    );
    assert.is(record.masking, 'none seen');
    const asked = record.flags.filter(({ flag }) => flag !== null).map(({ name }) => name);
    // nothing that only asks, and no substitute: the other ten could be asked
    assert.equal(asked.length, robustnessChecks.length - 2, asked.join());
  },
  LONG,
);

planted(
  'trap 4.3: logits times 1000 leave the cross-entropy without gradients: named, and called masking',
  async () => {
    const record = await evaluate(sharpened(net.target, 1000));
    assert.ok(record.worst.at(-1)!.robust.value! > 0.5, 'the attacks are blind');
    for (const name of ['vanishing-gradients', 'large-epsilon']) assert.ok(flagged(record).includes(name), name);
    assert.is(record.masking, 'likely');
    assert.ok(record.controls.gradients!.zero > 50);
  },
  LONG,
);

planted(
  'trap 4.3: what only asks gets through logits times 1000, and so does a substitute',
  async () => {
    const record = await evaluate(sharpened(net.target, 1000), {
      epsilons: [0.2],
      attacks: [
        { name: 'pgd', options: { steps: 10 } },
        { name: 'square', options: { queries: 150 } },
        { name: 'transfer', options: { epochs: 10 } },
      ],
      known: { rows: net.others },
    });
    for (const name of ['black-box-beats-white-box', 'transfer-beats-white-box'])
      assert.ok(record.flags.find((flag) => flag.name === name)!.grave, `${name} of ${flagged(record)}`);
    assert.ok(record.worst[0]!.robust.value! < record.attacks[0]!.curve[0]!.robust.value! / 2);
    assert.is(record.masking, 'likely');
  },
  LONG,
);

planted(
  'trap 4.3: a staircase before the net has gradients of zero, and noise finds more than they do',
  async () => {
    const record = await evaluate(quantisedFront(net.target, 2), { epsilons: [0.2, 0.4] });
    for (const name of ['vanishing-gradients', 'large-epsilon', 'random-search'])
      assert.ok(flagged(record).includes(name), `${name} of ${flagged(record)}`);
    assert.is(record.masking, 'likely');
  },
  LONG,
);

planted(
  'trap 4.3: noise before the net: randomised outputs are found',
  async () => {
    const record = await evaluate(randomFront(net.target, 0.2, Rng.from(3)));
    assert.ok(flagged(record).includes('randomised-outputs'), flagged(record).join());
    assert.is.not(record.masking, 'none seen');
  },
  LONG,
);

planted(
  'trap 4.3: probabilities where logits are meant are found',
  async () => {
    const record = await evaluate(withSoftmax(net.target));
    assert.ok(flagged(record).includes('probabilities-as-logits'), flagged(record).join());
    assert.is.not(record.masking, 'none seen');
  },
  LONG,
);

planted(
  'a plain net that is attacked twice by one attack, the weaker settings last, raises none',
  async () => {
    const weak = { name: 'pgd', options: { steps: 1 } };
    const strong = { name: 'pgd', options: { steps: 20, restarts: 2 } };
    const twice = await evaluate(net.target, { epsilons: [0.05, 0.1], attacks: [strong, weak] });
    const [many, one] = twice.attacks.map(({ curve }) => curve.map(({ robust }) => robust.value!));
    assert.ok(
      many!.every((value, k) => value < one![k]!),
      `${many} and ${one}`,
    );
    assert.is(twice.masking, 'none seen', twice.because.join());
  },
  LONG,
);

/** An evaluation of 100 rows that shows nothing. */
const rows = 100;
const marks = (count: number) => Uint8Array.from({ length: rows }, (_, i) => Number(i < count));
const run = (attack: string, family: RobustnessEvidence['runs'][number]['family'], fooled: number, epsilon = 0.1) => ({
  attack,
  place: 0,
  family,
  access: family === 'score-based' || family === 'decision-based' ? ('probabilities' as const) : ('gradients' as const),
  epsilon,
  fooled: marks(fooled),
  rounded: null,
});
const climb = (losses: readonly number[]) =>
  losses.map((loss, step) => ({ restart: 0, step, rows, loss, zero: 0, broken: 0 }));
const nothing: RobustnessEvidence = {
  norm: 'linf',
  attacked: marks(rows),
  epsilons: [0.1],
  runs: [],
  noise: [],
  unbounded: null,
  convergence: null,
  gradients: null,
  answers: null,
};
const converged = {
  attack: 'pgd',
  epsilon: 0.1,
  steps: 4,
  restarts: 3,
  fooled: marks(50),
  bySteps: marks(51),
  byStarts: marks(51),
  trace: climb([1, 2, 3, 3.1, 3.09]),
};

/** What each check must let pass, and what it must not. */
const cases: Record<
  string,
  { readonly pass: Partial<RobustnessEvidence>; readonly fail: Partial<RobustnessEvidence> }
> = {
  'single-step-beats-iterative': {
    pass: { runs: [run('fgsm', 'single-step', 51), run('pgd', 'iterative', 50)] },
    fail: { runs: [run('fgsm', 'single-step', 60), run('pgd', 'iterative', 50)] },
  },
  'black-box-beats-white-box': {
    pass: { runs: [run('square', 'score-based', 51), run('pgd', 'iterative', 50)] },
    fail: { runs: [run('square', 'score-based', 55), run('pgd', 'iterative', 50), run('autoattack', 'ensemble', 60)] },
  },
  'transfer-beats-white-box': {
    pass: { runs: [run('transfer', 'transfer', 40), run('pgd', 'iterative', 50)] },
    fail: { runs: [run('transfer', 'transfer', 80), run('pgd', 'iterative', 50)] },
  },
  'random-search': {
    pass: { runs: [run('pgd', 'iterative', 50)], noise: [{ epsilon: 0.1, tries: 40, fooled: marks(20) }] },
    fail: { runs: [run('pgd', 'iterative', 50)], noise: [{ epsilon: 0.1, tries: 40, fooled: marks(70) }] },
  },
  'large-epsilon': {
    pass: { unbounded: { attack: 'pgd', epsilon: 1, fooled: marks(99) } },
    fail: { unbounded: { attack: 'pgd', epsilon: 1, fooled: marks(90) } },
  },
  'vanishing-gradients': {
    pass: { gradients: { norms: Float64Array.from({ length: 100 }, (_, i) => (i === 0 ? 0 : 1e-12)) } },
    fail: { gradients: { norms: Float64Array.from({ length: 100 }, (_, i) => [0, Number.NaN, 1e-30, 1][i % 4]!) } },
  },
  'randomised-outputs': {
    pass: { answers: { of: 'labels', asked: 100, differ: 0, likeProbabilities: null } },
    fail: { answers: { of: 'labels', asked: 100, differ: 1, likeProbabilities: null } },
  },
  'probabilities-as-logits': {
    pass: { answers: { of: 'logits', asked: 100, differ: 0, likeProbabilities: 0 } },
    fail: { answers: { of: 'logits', asked: 100, differ: 0, likeProbabilities: 100 } },
  },
  'loss-does-not-rise': {
    pass: { convergence: converged },
    fail: { convergence: { ...converged, trace: climb([1, 2, 1, 2.1, 0.9, 2, 1, 2, 1, 2, 1, 2, 1]) } },
  },
  'no-convergence': {
    pass: { convergence: converged },
    fail: { convergence: { ...converged, bySteps: marks(60) } },
  },
  'not-monotone': {
    pass: { epsilons: [0.1, 0.2], runs: [run('pgd', 'iterative', 50), run('pgd', 'iterative', 60, 0.2)] },
    fail: { epsilons: [0.1, 0.2], runs: [run('pgd', 'iterative', 50), run('pgd', 'iterative', 30, 0.2)] },
  },
  'fails-after-rounding': {
    pass: { runs: [{ ...run('pgd', 'iterative', 50), rounded: marks(50) }] },
    fail: { runs: [{ ...run('pgd', 'iterative', 50), rounded: marks(10) }] },
  },
};

const each = suite('evasion: every check');
const judged = (check: RobustnessCheck, over: Partial<RobustnessEvidence>) => check.judge({ ...nothing, ...over });

each('has a case here, a question, a source and a remedy, and is silent where nothing was measured', () => {
  assert.equal(robustnessChecks.map(({ name }) => name).sort(), Object.keys(cases).sort());
  for (const check of robustnessChecks) {
    assert.match(check.question, /\?$/);
    assert.ok(check.source.length > 20 && check.remedy.length > 20, check.name);
    assert.is(check.judge(nothing), null, check.name);
  }
});

for (const check of robustnessChecks) {
  each(`${check.name}: flags what it is for, and lets chance pass`, () => {
    const { pass, fail } = cases[check.name]!;
    const [good, bad] = [judged(check, pass), judged(check, fail)];
    assert.equal([good?.flag, bad?.flag], [false, true], `${good?.evidence} | ${bad?.evidence}`);
    assert.match(bad!.evidence, /\d/);
  });
}

each('one step is no attack along gradients that could be held against questions, other models or noise', () => {
  for (const [name, family] of [
    ['black-box-beats-white-box', 'score-based'],
    ['transfer-beats-white-box', 'transfer'],
  ] as const) {
    const check = robustnessChecks.find((one) => one.name === name)!;
    const runs = [run('other', family, 60), run('fgsm', 'single-step', 50)];
    assert.is(judged(check, { runs }), null, name);
    assert.ok(judged(check, { runs: [...runs, run('pgd', 'iterative', 50)] })!.flag, name);
  }
});

each('a loss that stays, or is not finite, does not rise; rows that left change no mean', () => {
  const check = robustnessChecks.find(({ name }) => name === 'loss-does-not-rise')!;
  const of = (losses: readonly number[]) => judged(check, { convergence: { ...converged, trace: climb(losses) } })!;
  assert.equal([of([2, 2, 2, 2]).flag, of([2, 2, 2, 2]).grave], [true, true]);
  assert.ok(of([1, Number.NaN, Number.NaN]).flag);
  const left = [...climb([1, 2]), ...climb([0.5, 0.9]).map((step, k) => ({ ...step, step: 2 + k, rows: 40 }))];
  assert.is(judged(check, { convergence: { ...converged, trace: left } })!.flag, false);
});
