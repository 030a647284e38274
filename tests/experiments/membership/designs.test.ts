/** Who trains on what, and attacks on kept answers: the rows of designs, and a small experiment of either kind end to end. */
import { lookupTarget, lookupViews } from '../../../attacks/index.ts';
import { loadSet } from '../../../data/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import {
  attackModel,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  referenceAttacks,
  rowsOfModel,
  shokriAttack,
  thresholdAttack,
} from '../../../experiments/membership/index.ts';
import type { JobKind } from '../../../experiments/runner/index.ts';
import { assert, suite } from '../../harness.ts';
import { rejectsError, throwsError } from '../../support/throws.ts';
import { testJob } from '../recipes/context.ts';

const blobs = loadSet('synthetic-blobs', {
  options: { rows: 800, features: 6, classes: 3, separation: 1 },
  rng: Rng.from(1),
});

const designs = suite('membership: designs');

designs('apart: no shadow model sees a row of the target, each has as many members as non-members', async () => {
  const data = await blobs;
  const design = { kind: 'apart', train: 100, seed: 3 } as const;
  const target = rowsOfModel(data, design, 'target');
  const own = new Set([...target.members, ...target.nonMembers]);
  assert.is(own.size, 200);
  for (const which of [0, 1, 2]) {
    const { members, nonMembers } = rowsOfModel(data, design, which);
    assert.equal([members.length, nonMembers.length, new Set([...members, ...nonMembers]).size], [100, 100, 200]);
    assert.not([...members, ...nonMembers].some((row) => own.has(row)));
  }
  assert.is.not(String(rowsOfModel(data, design, 0).members), String(rowsOfModel(data, design, 1).members));
  assert.equal(rowsOfModel(data, design, 1).members, rowsOfModel(data, design, 1).members);
});

designs('halves: every row of the pool is in a model by a fair coin of its own', async () => {
  const data = await blobs;
  const design = { kind: 'halves', pool: 600, seed: 3 } as const;
  const times = new Map<number, number>();
  for (let which = 0; which < 64; which++) {
    const { members, nonMembers } = rowsOfModel(data, design, which);
    assert.is(new Set([...members, ...nonMembers]).size, 600);
    for (const row of members) times.set(row, (times.get(row) ?? 0) + 1);
  }
  const all = [...times.values()];
  // 38,400 fair coins: five deviations of 98; of one row 64 coins, six of 4
  assert.ok(Math.abs(all.reduce((sum, n) => sum + n, 0) - 19_200) < 490);
  assert.ok(all.length === 600 && all.every((n) => n >= 8 && n <= 56));
});

const checks = suite('membership: what is refused before anything is trained');

const [apart, halves] = [
  { kind: 'apart', train: 100, seed: 3 },
  { kind: 'halves', pool: 600, seed: 3 },
] as const;
const facts = [{ name: 'blobs', sha256: 'a', size: 800, inputShape: [6], classes: 3 }];
const check = (kind: JobKind, settings: object) => () => kind.check(kind.parseSettings(settings), facts);
const fit = { attack: 'svm', options: {}, label: 0, classes: 3, design: apart, minRows: 10, seed: 1 };
const judge = { attack: 'svm', classes: 3, design: apart, seed: 1 };
const threshold = { signal: 'loss', design: apart, seed: 1 };
const references = { attacks: ['loss', 'lira-online'], options: {}, design: halves, population: 0, seed: 1 };

checks('attacks with shadow models apart refuse halves, and made rows where they need real ones', () => {
  for (const [kind, settings] of [
    [attackModel, fit],
    [shokriAttack, judge],
    [thresholdAttack, threshold],
  ] as const) {
    check(kind, settings)();
    throwsError(check(kind, { ...settings, design: halves }), ConfigError, /a design of 'apart', got 'halves'/);
    const made = check(kind, { ...settings, design: { ...apart, shadowRows: 'made' } });
    if (kind === attackModel) made();
    else throwsError(made, ConfigError, /got shadowRows 'made'\. Leave shadowRows out/);
  }
  const reversed = { ...references, design: apart };
  throwsError(check(referenceAttacks, reversed), ConfigError, /a design of 'halves', got 'apart'/);
});

checks('options of attack models, and of attacks', () => {
  const model = (options: object) => check(attackModel, { ...fit, options });
  model({ logOdds: 1 })();
  throwsError(model({ trees: 3 }), ConfigError, /shokri-svm: expected an option among .*got 'trees'/);
  throwsError(model({ logOdds: 2 }), ConfigError, /shokri-svm\.logOdds: expected 1 \(yes\) or 0 \(no\), got 2/);
  throwsError(model({ minRows: 5 }), ConfigError, /options of svm other than minRows, .* Set minRows itself/);
  const attacks = (options: object) => check(referenceAttacks, { ...references, options });
  attacks({})();
  throwsError(attacks({ lira: {} }), ConfigError, /those of loss, lira-online, got some of 'lira'\. Add it to attacks/);
  throwsError(attacks({ 'rmia-online': {} }), ConfigError, /got some of 'rmia-online'/);
  throwsError(attacks({ 'lira-online': { nothing: 1 } }), ConfigError, /lira-online: expected an option .*'nothing'/);
});

const kept = suite('membership: kept answers');

kept('a look-up target answers by row and view, and refuses rows that were not kept', async () => {
  const logits = [Float64Array.of(0, 1, 2, 3), Float64Array.of(4, 5, 6, 7)];
  const target = lookupTarget({ classes: 2, logits });
  const x = Float64Array.of(1, 0);
  const { view } = lookupViews(2, 2);
  assert.equal(await target.logits(x), Float64Array.of(2, 3, 0, 1));
  assert.equal(await target.logits(view(x, 1)), Float64Array.of(6, 7, 4, 5));
  assert.is(view(x, 1), view(x, 1), 'the same array, so that answers are remembered');
  assert.is(target.queries(), 4);
  await rejectsError(() => target.logits(Float64Array.of(4)), ConfigError, /only 2 views of 2 rows/);
});

kept('reference models find members of a net that has learnt its rows by heart', async () => {
  const data = await blobs;
  const design = { kind: 'halves', pool: 400, seed: 5 } as const;
  const run = async (epochs: number) => {
    const recipe = {
      epochs,
      batchSize: 25,
      optimizer: 'adam',
      learningRate: 3e-3,
      momentum: 0.9,
      weightDecay: 0,
    } as const;
    const needs = [];
    for (const which of ['target', 0, 1, 2, 3, 4, 5] as const) {
      const settings = { model: 'mlp', recipe, augmentation: null, defence: null, design, which, seed: 1 };
      const model = testJob(membershipModel, settings, data, { checkpointEvery: 60 });
      await model.run();
      const asked = { design, which, views: ONE_VIEW, population: 100 };
      const outputs = testJob(modelOutputs, asked, data, { needs: [model.needed()] });
      assert.equal(await outputs.run(), { rows: 500, views: 1, classes: 3 });
      needs.push(outputs.needed());
    }
    const settings = {
      attacks: ['gap', 'lira-online', 'rmia-offline'],
      options: {},
      design,
      population: 100,
      seed: 1,
    };
    return referenceAttacks.parseResult(await testJob(referenceAttacks, settings, data, { needs }).run());
  };
  const { attacks, members, nonMembers } = await run(60);
  assert.is(members + nonMembers, 400);
  for (const { name, auc } of (await run(1)).attacks)
    assert.ok(auc.low <= 0.5, `${name}: AUC from ${auc.low} where nothing is memorised`);
  for (const { name, auc } of attacks) assert.ok(auc.low > 0.5, `${name}: AUC from ${auc.low}`);
  // differences are to the first attack, on the same records
  assert.is(attacks[0]!.better, null);
  for (const { auc, better } of attacks.slice(1))
    assert.ok(Math.abs(better!.auc.value! - (auc.value! - attacks[0]!.auc.value!)) < 1e-12);
});
