/** What holds of every defence in the registry. */
import { localTarget } from '../../attacks/index.ts';
import { allDefenses, type DefenseName, defenseNamed, defenses, outputDefence, stages } from '../../defenses/index.ts';
import { ConfigError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { hashOf, noiseRows, quick, trained } from '../support/defended.ts';
import { testEngine } from '../support/engine.ts';
import { rejectsError, throwsError } from '../support/throws.ts';

const engine = await testEngine();
const data = noiseRows(1, 40);
const reserve = noiseRows(2, 40);
const { x } = noiseRows(4, 20);

const described = suite('every defence is described');

for (const [key, def] of Object.entries(defenses)) {
  described(key, () => {
    assert.is(def.name, key);
    assert.ok(stages.includes(def.stage));
    assert.match(def.paper, /\d{4}/);
    assert.ok(def.title.length > 10);
    for (const [name, option] of Object.entries(def.options)) {
      const {
        about,
        default: value,
        min,
        max,
      } = option as { about: string; default: number; min: number; max: number };
      assert.ok(about.length > 3 && min <= value && value <= max, `${key}.${name}`);
    }
    for (const option of Object.keys(def.off ?? {})) assert.ok(option in def.options, option);
    assert.is('held' in def.options, def.needsReserve);
    const acts = ['model', 'fit', 'train', 'outputs', 'wrap'].filter((hook) => hook in def);
    assert.is(acts.length, 1, `one place to act, got ${acts}`);
    assert.is(def.stage === 'inference', acts[0] === 'outputs' || acts[0] === 'wrap');
  });
}

described('an unknown name is refused with the known ones', () => {
  const error = throwsError(() => defenseNamed('prayer'), ConfigError, /expected one of l2, dropout, .*got 'prayer'/);
  assert.equal(error.allowed, Object.keys(defenses));
});

const switched = suite('a defence that is off changes no bit');

for (const def of allDefenses) {
  if (def.off === null) continue;
  switched(def.name, async () => {
    const plain = await trained(engine, 'none', data);
    const off = await trained(engine, def.name as DefenseName, data, { options: def.off as Record<string, number> });
    try {
      assert.is(hashOf(off), hashOf(plain));
      assert.equal([...off.trained], [...plain.trained], 'nothing is held back');
      const target = localTarget(off.classifier);
      assert.is(off.wrap(target), target);
    } finally {
      plain.classifier.dispose();
      off.classifier.dispose();
    }
  });
}

const repeated = suite('a defence repeats itself to the bit');

for (const def of allDefenses) {
  const name = def.name as DefenseName;
  repeated(name, async () => {
    const one = await trained(engine, name, data, { reserve });
    const two = await trained(engine, name, data, { reserve });
    const plain = await trained(engine, 'none', data);
    const other = await trained(engine, name, data, { reserve, seed: 4, initialSeed: 3 });
    try {
      assert.is(hashOf(two), hashOf(one));
      assert.equal(two.marks, one.marks);
      const [p, q] = await Promise.all(
        [one, two].map(async (d) => {
          const target = d.wrap(localTarget(d.classifier));
          return [...(await target.probabilities(x)), ...(await target.labels(x))];
        }),
      );
      assert.equal(p, q);
      if (def.stage === 'inference') assert.is(hashOf(one), hashOf(plain), 'the model is left alone');
      else assert.is.not(hashOf(one), hashOf(plain), 'it does something');
      assert.is.not(hashOf(other), hashOf(one), 'the seed matters');
    } finally {
      for (const d of [one, two, plain, other]) d.classifier.dispose();
    }
  });
}

for (const def of allDefenses) {
  if (def.stage !== 'inference') continue;
  repeated(`${def.name}, put before the finished model`, async () => {
    const name = def.name as DefenseName;
    const one = await trained(engine, name, data, { reserve });
    try {
      const options = quick[name] ?? {};
      const setting = { defence: name, options, seed: 3, reserve, inputBounds: [-8, 8] } as const;
      const wrap = await outputDefence(engine, one.classifier, data, setting);
      const [p, q] = await Promise.all([one.wrap, wrap].map((w) => w(localTarget(one.classifier)).probabilities(x)));
      assert.equal(p, q);
    } finally {
      one.classifier.dispose();
    }
  });
}

const exact = suite('a defence works on the reference backend, in f64');

for (const def of allDefenses) {
  exact(def.name, async () => {
    const d = await trained(engine, def.name as DefenseName, noiseRows(1, 10), {
      reserve: noiseRows(2, 10),
      recipe: { epochs: 2, batchSize: 5 },
      dtype: 'f64',
    });
    assert.is(d.classifier.dtype, 'f64');
    const p = await d.wrap(localTarget(d.classifier)).probabilities(x);
    assert.ok(p.every((v) => v >= 0 && v <= 1));
    d.classifier.dispose();
  });
}

const refused = suite('wrong options are refused before anything is trained');

for (const [name, options, message] of [
  ['l2', { weights: 1 }, /l2: expected an option among weight, got 'weights'/],
  ['dropout', { rate: 1 }, /dropout\.rate: expected a number from 0 to 0\.99, got 1/],
  ['none', { rate: 1 }, /none: expected no options, got 'rate'/],
] as const) {
  refused(`${name} ${JSON.stringify(options)}`, async () => {
    await rejectsError(() => trained(engine, name, data, { options }), ConfigError, message);
  });
}

refused('a share that leaves nobody to train on, or nobody held back', async () => {
  for (const held of [0.01, 0.9])
    await rejectsError(
      () => trained(engine, 'early-stopping', noiseRows(1, 4), { options: { held } }),
      ConfigError,
      /held: expected a share of 4 rows that leaves rows on both sides/,
    );
});
