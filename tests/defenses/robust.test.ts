/**
 * Each defence against adversarial examples in a setting in which it must show, and how far: what resists keeps more rows right
 * than an undefended net under attacks that know it; what only masks its gradients falls to them.
 */
import {
  type EvasionAttackName,
  type EvasionTarget,
  evasionAttackNamed,
  runEvasionAttack,
} from '../../attacks/evasion/index.ts';
import { clopperPearson, type Estimate, localTarget } from '../../attacks/index.ts';
import {
  allDefenses,
  type Defended,
  type DefenseDef,
  type DefenseName,
  outputDefence,
  trainDefended,
} from '../../defenses/index.ts';
import { Rng } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { digitsRows, digitsSpace } from '../support/evasion.ts';

const engine = await testEngine();
const { train, test, model } = await digitsRows(200);
const recipe = { epochs: 10, batchSize: 32 };
const LONG = { timeout: 60_000 };
const trainedBy = (defence: DefenseName | 'none', options: object = {}) =>
  trainDefended(engine, model, train, {
    defence,
    options: options as Record<string, number>,
    recipe,
    seed: 1,
    inputBounds: digitsSpace,
  });
const undefended = await trainedBy('none');

type Canary = NonNullable<DefenseDef['robust']>;

const attack = (name: EvasionAttackName, target: EvasionTarget, { norm, epsilon }: Canary, options = {}) =>
  runEvasionAttack(evasionAttackNamed(name), {
    target,
    ...test,
    space: digitsSpace,
    norm,
    epsilon,
    options,
    rng: Rng.from(7),
  });

/** What is left right by the better of two attacks: one climbs the cross-entropy, one the margin of the logits. */
async function underAttack(target: EvasionTarget, canary: Canary): Promise<Estimate> {
  const [one, other] = [
    await attack('pgd', target, canary, { steps: 20 }),
    await attack('pgd', target, canary, { steps: 20, margin: 1 }),
  ];
  return one.robust.value! < other.robust.value! ? one.robust : other.robust;
}

const said = ({ value, low, high }: Estimate) => `${value} [${low.toFixed(3)}, ${high.toFixed(3)}]`;

const canary = suite('robust canary: a net that tells digits apart');

for (const def of allDefenses) {
  const { robust } = def;
  if (!robust || robust.claim === 'certifies') continue;
  const name = def.name as DefenseName;
  canary(
    robust.claim === 'resists' ? `${name} resists` : `trap 4.3: ${name} masks gradients, and falls to who knows it`,
    async () => {
      const defended = await trainedBy(name, robust.options);
      try {
        const own = localTarget(defended.classifier);
        const knowing = await underAttack(defended.wrap(own, { adaptive: true }) as EvasionTarget, robust);
        if (robust.claim === 'resists') {
          const without = await underAttack(localTarget(undefended.classifier), robust);
          assert.ok(knowing.low > without.high, `defended ${said(knowing)}, undefended ${said(without)}`);
          return;
        }
        const unknowing = await (def.wrap ? throughTransfer(defended, robust) : bySteps(defended, undefended, robust));
        assert.ok(knowing.high < unknowing.low, `knowing ${said(knowing)}, unknowing ${said(unknowing)}`);
      } finally {
        defended.classifier.dispose();
      }
    },
    LONG,
  );
}

/** Who does not know of a transform attacks the model itself, and hands over what fools it. */
async function throughTransfer({ classifier, wrap }: Defended, robust: Canary): Promise<Estimate> {
  const { x } = await attack('pgd', localTarget(classifier), robust, { steps: 20 });
  const labels = await wrap(localTarget(classifier)).labels(x);
  const hits = labels.filter((label, i) => label === test.y[i]).length;
  return clopperPearson({ hits, n: labels.length });
}

/** Who does not know of vanishing gradients takes a step along them; undefended, that step does more. */
async function bySteps({ classifier }: Defended, plain: Defended, robust: Canary): Promise<Estimate> {
  const step = (of: Defended['classifier']) => attack('fgsm', localTarget(of), robust);
  const [defended, without] = [await step(classifier), await step(plain.classifier)];
  assert.ok(defended.robust.low > without.robust.high, `${said(defended.robust)}, undefended ${said(without.robust)}`);
  return defended.robust;
}

canary('a defence without gradients of its own grants none to who does not know it', async () => {
  const { classifier } = undefended;
  for (const name of ['jpeg', 'feature-squeezing', 'randomised-smoothing'] as const) {
    const wrap = await outputDefence(engine, classifier, train, { defence: name, inputBounds: digitsSpace });
    assert.ok(!('inputGradients' in wrap(localTarget(classifier))));
    assert.ok('inputGradients' in wrap(localTarget(classifier), { adaptive: true }));
  }
});

// on the undefended net: whatever stands before it, who knows of it must not do worse than who hands over what fools the net alone
for (const def of allDefenses) {
  if (def.stage !== 'inference' || def.needsReserve) continue;
  canary(
    `${def.name}: who knows it leaves no more rows right than who does not`,
    async () => {
      const { classifier } = undefended;
      const own = localTarget(classifier);
      const wrap = await outputDefence(engine, classifier, train, {
        defence: def.name as DefenseName,
        ...(def.robust && { options: def.robust.options as Record<string, number> }),
        inputBounds: digitsSpace,
      });
      const at = { norm: 'linf', epsilon: 0.15, options: {}, claim: 'masks' } as const;
      const right = async (target: EvasionTarget, craftedOn?: EvasionTarget) => {
        const ran = await runEvasionAttack(evasionAttackNamed('pgd'), {
          target,
          ...(craftedOn && { craftedOn }),
          ...test,
          space: digitsSpace,
          norm: at.norm,
          epsilon: at.epsilon,
          options: { steps: 20, full: 1 },
          rng: Rng.from(7),
        });
        return ran.robust;
      };
      const knowing = await right(wrap(own, { adaptive: true }) as EvasionTarget);
      const handed = await right(wrap(own) as EvasionTarget, own);
      assert.ok(knowing.low <= handed.value!, `knowing ${said(knowing)}, handed over ${said(handed)}`);
    },
    LONG,
  );
}
