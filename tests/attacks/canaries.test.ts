/** Every membership attack wins where a model has memorised its data, and stays at chance where it has seen none. */
import { allMembershipAttacks } from '../../attacks/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { attackSetting, noiseSetting, surely, surelyBalanced } from '../support/membership.ts';

const engine = await testEngine();

const wins = suite('canary memorised-noise: every attack wins');

wins('with a shadow model that has memorised alike', async () => {
  const setting = await noiseSetting(engine, { seed: 11, epochs: 60, references: 8 });
  try {
    for (const attack of allMembershipAttacks) {
      assert.is(attack.canary.mustSucceedOn, 'memorised-noise');
      const { auc, balancedAccuracy } = (await attackSetting(attack, setting, 1)).summary;
      const needed = 0.5 + attack.canary.margin;
      assert.ok(auc.low > needed, `${attack.name}: AUC ${auc.value} from ${auc.low}, needs ${needed}`);
      // the threshold has to be good as well, not only the ranking
      assert.ok(balancedAccuracy!.low > needed, `${attack.name}: balanced accuracy from ${balancedAccuracy!.low}`);
    }
  } finally {
    setting.dispose();
  }
});

const chance = suite('canary untrained: every attack stays at chance');

for (const seed of [1, 2, 3, 4, 5]) {
  chance(`seed ${seed}`, async () => {
    const setting = await noiseSetting(engine, { seed, epochs: 0, references: 8 });
    try {
      for (const attack of allMembershipAttacks) {
        assert.is(attack.canary.mustFailOn, 'untrained');
        const result = await attackSetting(attack, setting, seed);
        const [auc, balanced] = [surely(result), surelyBalanced(result)];
        assert.ok(auc.low <= 0.5 && auc.high >= 0.5, `${attack.name}: AUC ${auc.value} from ${auc.low} to ${auc.high}`);
        assert.ok(balanced.low <= 0.5 && balanced.high >= 0.5, `${attack.name}: balanced accuracy ${balanced.value}`);
      }
    } finally {
      setting.dispose();
    }
  });
}
