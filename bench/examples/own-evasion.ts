/** Your own adversarial examples: corners of the ball, drawn blindly, from labels alone. The runner judges what comes back. */
import { Classifier, createEngine, examples, loadSet, localTarget, namedModel, Rng, restrict, take } from 'keyhole';
import { defineEvasionAttack, evasionAttacks, project, runEvasionAttack, spaceOf } from 'keyhole/evasion';

const randomCorners = defineEvasionAttack({
  name: 'random-corners',
  title: 'Random corners of the ball',
  paper: 'an example',
  threat: { access: 'label-only', knowledge: [], goal: 'evasion' },
  options: { tries: { about: 'corners of each row', default: 100, min: 1, max: 10_000 } },
  norms: ['linf'],
  seeks: 'within',
  targeted: false,
  family: 'decision-based',
  canary: { norm: 'linf', epsilon: 0.3, below: 0.9 },
  async run({ target, x, y, space, norm, epsilon, best, options, rng }) {
    const { width } = space;
    const fooled = new Uint8Array(y.length);
    for (let k = 0; k < options.tries; k++) {
      const moved = x.map((value) => value + (rng.uniform() < 0.5 ? -epsilon : epsilon));
      for (const i of y.keys())
        project(space, norm, epsilon, { values: moved, at: i * width }, { values: x, at: i * width });
      for (const [i, label] of (await target.labels(moved)).entries()) {
        if (fooled[i] || label === y[i]) continue;
        fooled[i] = 1;
        best.set(moved.subarray(i * width, (i + 1) * width), i * width);
      }
    }
  },
});

const engine = await createEngine();
const digits = await loadSet('digits');
const order = Rng.from(1).permutation(digits.size);
const classifier = Classifier.create(engine, namedModel('mlp', digits.inputShape, digits.classes), { seed: 1 });
await classifier.fit(examples(digits, order.slice(0, 1400)), { epochs: 20, batchSize: 32 });

const target = localTarget(classifier);
const run = {
  ...take(digits, order.slice(1400, 1500)),
  space: spaceOf(digits),
  norm: 'linf' as const,
  epsilon: 0.2,
  rng: Rng.from(2),
};
// all that it is given is labels; gradients of such a target would not compile
const blind = await runEvasionAttack(randomCorners, { ...run, target: restrict(target, 'label-only') });
const pgd = await runEvasionAttack(evasionAttacks.pgd, { ...run, target });
for (const { attack, robust, queries } of [blind, pgd])
  console.log(
    `${attack}: ${robust.value} stay right [${robust.low.toFixed(3)}, ${robust.high.toFixed(3)}], ${queries} questions`,
  );
classifier.dispose();
