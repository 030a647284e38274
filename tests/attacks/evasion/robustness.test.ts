/** The evaluation of robustness: what it runs, what it counts, what it refuses. */
import type { EvasionResult, EvasionTarget } from '../../../attacks/evasion/index.ts';
import { type AccessLevel, functionTarget, restrict } from '../../../attacks/index.ts';
import { loadSet, take } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import {
  evaluateRobustness,
  type RobustnessOptions,
  type RobustnessRecord,
} from '../../../experiments/robustness/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { digitsNet } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const dataset = await loadSet('digits');
const rows = Rng.from(5).permutation(dataset.size).slice(1200, 1240);
const LONG = { timeout: 60_000 };
const evaluate = (more: Partial<RobustnessOptions> = {}) =>
  evaluateRobustness({
    classifier: net.classifier,
    dataset,
    rows,
    norm: 'linf',
    epsilons: [0.05, 0.1],
    attacks: [{ name: 'fgsm' }, { name: 'pgd', options: { steps: 10 } }],
    controls: false,
    ...more,
  });

const counted = suite('evasion: evaluation of robustness');

counted(
  'trap 4.3: the worst case is taken row by row over attacks, and what fools in a small ball fools in the larger',
  async () => {
    const results: EvasionResult[] = [];
    const record = await evaluate({ onResult: (result) => results.push(result) });
    const seen = new Uint8Array(rows.length);
    for (const { epsilon, robust, success } of record.worst) {
      for (const result of results.filter((one) => one.epsilon === epsilon))
        for (let i = 0; i < rows.length; i++) if (result.fooled[i]) seen[i] = 1;
      const fooled = seen.reduce((sum, one) => sum + one, 0);
      const right = Math.round(record.clean.value! * rows.length);
      assert.is(robust.value, (right - fooled) / rows.length);
      assert.equal([success.value, success.n], [fooled / right, right]);
      assert.is(robust.n, rows.length);
    }
  },
);

counted(
  'an attack that seeks the nearest runs once, and answers for every epsilon by its distances',
  async () => {
    const results: EvasionResult[] = [];
    const fab = { name: 'fab', options: { steps: 10 } };
    const record = await evaluate({ attacks: [fab], onResult: (result) => results.push(result) });
    assert.is(results.length, 1);
    const [{ distances, epsilon }] = results as [EvasionResult];
    assert.is(epsilon, Infinity);
    for (const { epsilon: ball, success } of record.attacks[0]!.curve) {
      const inside = distances.linf.filter((size) => size <= ball).length;
      assert.is(Math.round(success.value! * success.n), inside);
    }
    const found = [...distances.linf].filter(Number.isFinite).sort((a, b) => a - b);
    const median = record.attacks[0]!.medianDistance!;
    assert.ok(
      found[Math.floor((found.length - 1) / 2)]! <= median && median <= found[Math.ceil((found.length - 1) / 2)]!,
    );
  },
  LONG,
);

counted('the same seed gives the same record, whatever is asked besides', async () => {
  const figures = async (more: Partial<RobustnessOptions> = {}) => {
    const { attacks, worst, clean } = await evaluate(more);
    return { curves: attacks.map(({ curve }) => curve), worst, clean };
  };
  const one = await figures();
  assert.equal(await figures(), one);
  assert.equal(await figures({ controls: true }), one);
  assert.equal(await figures({ epsilons: [0.1, 0.05, 0.1] }), one, 'epsilons are sorted, and asked once');
});

counted('wanted classes: rows of that class are left out, robust means not turned into it', async () => {
  const record = await evaluate({ wanted: 3, attacks: [{ name: 'pgd', options: { steps: 10 } }] });
  const { y } = take(dataset, rows);
  assert.is(record.dataset.rows, y.filter((label) => label !== 3).length);
  for (const example of record.examples) assert.equal([example.after, example.label === '3'], ['3', false]);
  assert.ok(record.worst[1]!.robust.value! > 0.3, 'a class is harder to reach than any wrong one');
});

counted('without attacks named, what is run is what the target can be asked', async () => {
  const { inputShape, classes } = net.target;
  const predict = (x: Float32Array | Float64Array) => net.target.probabilities(x);
  const answers = functionTarget({ inputShape, classes, predict });
  const evaluated = await evaluateRobustness({
    target: answers as unknown as EvasionTarget,
    dataset,
    rows: rows.slice(0, 3),
    norm: 'linf',
    epsilons: [0.3],
  });
  assert.equal(
    evaluated.attacks.map(({ access }) => access).filter((access) => access === 'gradients'),
    [],
  );
  assert.is(evaluated.model.access, 'probabilities');
  assert.is(evaluated.controls.gradients, null);
  assert.ok(evaluated.controls.noise!.tries <= 10);
});

counted('a query budget that ends is said, and what was found by then is reported', async () => {
  const asked = { attacks: [{ name: 'pgd' }], epsilons: [0.1, 0.2], controls: true };
  const whole = await evaluate({ target: net.target, ...asked });
  const budget = whole.attacks[0]!.queries - 100;
  const record = await evaluate({ target: net.target, ...asked, queryBudget: budget });
  const [pgd] = record.attacks;
  assert.ok(pgd!.stopped && pgd!.queries <= budget, `${pgd!.queries} of ${budget}`);
  // the smaller radius was done, and what fools there fools in the larger ball as well
  assert.equal(pgd!.curve[0], whole.attacks[0]!.curve[0]);
  assert.ok(record.worst[1]!.robust.value! <= record.worst[0]!.robust.value!);
  assert.ok(record.worst[0]!.robust.value! < record.clean.value!);
  for (const { warnings } of [pgd!, record])
    assert.equal(
      warnings.map(({ code }) => code),
      ['budget-exhausted'],
    );
});

counted('what was finished is handed over when the target fails, before the error is thrown', async () => {
  let left = Number.POSITIVE_INFINITY;
  const failing = {
    ...net.target,
    inputGradients: (...given: Parameters<typeof net.target.inputGradients>) => {
      if (left-- <= 0) throw new Error('the service is gone');
      return net.target.inputGradients(...given);
    },
  };
  const kept: RobustnessRecord[] = [];
  const run = (attacks: RobustnessOptions['attacks'], epsilons: readonly number[]) => {
    left = 25;
    return evaluate({
      target: failing as never,
      ...(attacks && { attacks }),
      epsilons,
      onStopped: (record) => void kept.push(record),
    }).then(String, (error: Error) => error.message);
  };
  const pgd = { name: 'pgd', options: { steps: 20 } };
  assert.is(await run([{ name: 'fgsm' }, pgd], [0.1, 0.2]), 'the service is gone');
  assert.is(await run([pgd], [0.1, 0.2]), 'the service is gone');
  assert.is(await run([{ name: 'pgd', options: { steps: 40 } }], [0.1]), 'the service is gone');
  assert.equal(
    kept.map(({ attacks, worst }) => [attacks.map(({ name }) => name), worst.map(({ epsilon }) => epsilon)]),
    [
      [['fgsm'], [0.1, 0.2]],
      [['pgd'], [0.1]],
    ],
  );
  assert.match(kept[0]!.warnings[0]!.message, /not run: pgd, .* the service is gone/);
});

counted('refuses what makes no sense before anything is asked', async () => {
  const fails = async (more: Partial<RobustnessOptions>, message: RegExp) => {
    const asked = net.target.queries();
    await rejectsError(() => evaluate({ target: net.target, ...more }), ConfigError, message);
    assert.is(net.target.queries(), asked);
  };
  await fails({ epsilons: [] }, /epsilons: .*got none/);
  await fails({ epsilons: [0.1, 2] }, /epsilons: expected numbers above 0 and at most 1, .*got 2/);
  await fails({ rows: new Int32Array(0) }, /rows: expected at least one/);
  await fails({ attacks: [] }, /attacks: expected at least one/);
  await fails({ attacks: [{ name: 'pgd', options: { steps: 0 } }] }, /pgd\.steps: expected a whole number from 1/);
  await fails({ norm: 'l0', epsilons: [5] }, /fgsm: expected a norm among linf, l2, l1, got 'l0'/);
  await fails({ wanted: 10 }, /wanted: expected a class from 0 to 9/);
  const labels = restrict<AccessLevel>(net.target, 'label-only') as never;
  await fails(
    { target: labels, attacks: [{ name: 'pgd' }] },
    /pgd: expected a target with access 'gradients', got one with 'label-only'/,
  );
});
