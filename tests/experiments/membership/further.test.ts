/** Non-members of the target beside as many as it has members: whose they are not, what they change, and what they do not. */
import { loadSet } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { reserveOf } from '../../../experiments/membership/defence.ts';
import { checkFurther, furtherRows } from '../../../experiments/membership/further.ts';
import {
  attackModel,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  rowsOfModel,
  shokriAttack,
  thresholdAttack,
} from '../../../experiments/membership/index.ts';
import { LOGITS_FILE } from '../../../experiments/membership/outputs.ts';
import type { Needed } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { rejectsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const data = await loadSet('synthetic-blobs', {
  options: { rows: 1800, features: 8, classes: 3, separation: 0.5 },
  rng: Rng.from(4),
});
const design = { kind: 'apart', train: 90, seed: 5 } as const;

const rows = suite('membership: further non-members, rows');

rows('nobody whom the attacker has was trained on them or asked about them', () => {
  const further = furtherRows(data, design, { rows: 900, shadows: 2, reserve: 20 });
  assert.is(new Set(further).size, 900);
  const others = (['target', 0, 1] as const).flatMap((which) => {
    const { members, nonMembers } = rowsOfModel(data, design, which);
    return [...members, ...nonMembers];
  });
  const held = (['target', 0, 1] as const).flatMap((which) => [...reserveOf(data, design, which, 20)]);
  const taken = new Set([...others, ...held]);
  assert.ok(taken.size >= 180 + 180 + 20);
  assert.ok(further.every((row) => !taken.has(row)));
  // the same rows whatever a defence holds back, but for those
  const plain = furtherRows(data, design, { rows: 900, shadows: 2, reserve: 0 });
  const common = plain.filter((row) => further.includes(row)).length;
  assert.ok(common < 900 && common >= 840, `${common}`);
});

rows('asked of halves, of a shadow model, or for more than are left: refused, with how many there are', async () => {
  const facts = { name: 'blobs', size: 1800 };
  const further = { rows: 1261, shadows: 2, reserve: 0 };
  checkFurther({ ...further, rows: 1260 }, design, 'target', facts);
  const refused = (...[f, d, which]: [typeof further, Parameters<typeof checkFurther>[1], 'target' | 0]) =>
    rejectsError(() => checkFurther(f, d, which, facts), ConfigError, /^further: expected/);
  await refused(further, design, 'target');
  await refused({ ...further, rows: 1260, reserve: 1 }, design, 'target');
  await refused({ ...further, rows: 1 }, design, 0);
  await refused({ ...further, rows: 1 }, { kind: 'halves', pool: 100, seed: 1 }, 'target');
});

const recipe = { epochs: 60, batchSize: 15, optimizer: 'adam', learningRate: 3e-3, momentum: 0.9, weightDecay: 0 };
const seed = 2;
const LONG = { timeout: 60_000 };
const verdicts = suite('membership: further non-members, verdicts');

/** A trained model's answers. */
async function answersOf(which: 'target' | 0 | 1, extra: object = {}) {
  const settings = { model: 'mlp', recipe, augmentation: null, defence: null, design, which, seed };
  const model = testJob(membershipModel, settings, data, { checkpointEvery: 60 });
  await model.run();
  const asked = { design, which, views: ONE_VIEW, population: 0, ...extra };
  const outputs = testJob(modelOutputs, asked, data, { needs: [model.needed()] });
  return { result: modelOutputs.parseResult(await outputs.run()), needed: outputs.needed() };
}

verdicts(
  'they resolve false-positive rates, and change nothing that depends on how many members there are',
  async () => {
    const further = { rows: 1200, shadows: 2, reserve: 0 };
    const [few, many] = [await answersOf('target'), await answersOf('target', { further })];
    assert.equal([few.result.rows, many.result.rows], [180, 1380]);
    const kept = async (needed: Needed) => Buffer.from(await needed.file(LOGITS_FILE)).subarray(-4 * 3 * 180);
    const bytes = Buffer.from(await many.needed.file(LOGITS_FILE));
    assert.ok(bytes.includes(await kept(few.needed)), 'the same answers about the same rows');
    const shadows = [(await answersOf(0)).needed, (await answersOf(1)).needed];
    const fitted: Needed[] = [];
    for (const label of [0, 1, 2, null]) {
      const settings = { attack: 'logistic', options: {}, label, classes: 3, design, minRows: 10, seed };
      const fit = testJob(attackModel, settings, data, { needs: shadows });
      await fit.run();
      fitted.push(fit.needed());
    }
    const judged = async (target: Needed, extra: object) => {
      const by = { design, seed, ...extra };
      const shokri = testJob(shokriAttack, { attack: 'logistic', classes: 3, ...by }, data, {
        needs: [target, ...fitted],
      });
      const loss = testJob(thresholdAttack, { signal: 'loss', ...by }, data, { needs: [target, ...shadows] });
      return [shokriAttack.parseResult(await shokri.run()), thresholdAttack.parseResult(await loss.run())] as const;
    };
    const [even, more] = [await judged(few.needed, {}), await judged(many.needed, { further })];
    for (const [i, less] of even.entries()) {
      const { auc, tprAtFpr, ...same } = more[i]!;
      const { auc: aucOfFew, tprAtFpr: tprOfFew, ...sameOfFew } = less;
      assert.equal(same, sameOfFew);
      assert.is(tprOfFew['0.01'], null);
      assert.equal([tprAtFpr['0.1']!.n, tprAtFpr['0.01']!.n], [90, 90]);
      assert.is.not(auc.value, aucOfFew.value);
      // the further ones are non-members like the others
      assert.ok(auc.low < aucOfFew.high && aucOfFew.low < auc.high && auc.low > 0.5, `${auc.value}, ${aucOfFew.value}`);
    }
  },
  LONG,
);
