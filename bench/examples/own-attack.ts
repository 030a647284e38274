/** Your own attack: members should survive small noise with their label intact more often than other records. */
import {
  audit,
  Classifier,
  createEngine,
  defineMembershipAttack,
  examples,
  loadSet,
  localTarget,
  membershipSplit,
  mixCandidates,
  namedModel,
  Rng,
  runMembershipAttack,
  take,
} from 'keyhole';

const noisyConfidence = defineMembershipAttack({
  name: 'noisy-confidence',
  title: 'Mean confidence under noise',
  paper: 'an example; after Jayaraman et al. 2021 (Merlin)',
  threat: { access: 'probabilities', knowledge: ['labels'], goal: 'membership' },
  options: { noise: { about: 'standard deviation of the noise', default: 0.05, min: 0, max: 10 } },
  needs: {},
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  async run({ target, candidates: { x, y }, options, rng }) {
    const scores = new Float64Array(y.length);
    for (let repeat = 0; repeat < 4; repeat++) {
      const noisy = Float32Array.from(x, (v) => v + options.noise * rng.normal());
      const p = await target.probabilities(noisy);
      for (const [i, label] of y.entries()) scores[i]! += p[i * target.classes + label]! / 4;
    }
    return { scores, threshold: null };
  },
});

const engine = await createEngine();
const rng = Rng.from(7);
const digits = await loadSet('digits');
const split = membershipSplit(digits, { targetTrain: 300, targetOut: 300 }, rng.split('split'));
const model = Classifier.create(engine, namedModel('mlp', digits.inputShape, digits.classes), { seed: 1 });
await model.fit(examples(digits, split.targetTrain), { epochs: 40, batchSize: 32 });

const { summary } = await runMembershipAttack(noisyConfidence, {
  target: localTarget(model),
  candidates: mixCandidates(take(digits, split.targetTrain), take(digits, split.targetOut), rng.split('mix')),
  known: { meanTrainingLoss: 0, shadows: [] },
  rng: rng.split('attack'),
});
const { value, low, high } = summary.auc;
console.log(`noisy-confidence: AUC ${value?.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`);

// the built-in attacks on the same kind of model
const { record, target } = await audit(engine, digits, { trainSize: 300, epochs: 40 });
for (const a of record.attacks) console.log(`${a.name}: AUC ${a.auc.value?.toFixed(3)}`);
target.dispose();
model.dispose();
