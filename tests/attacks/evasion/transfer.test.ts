/** Transfer, and the substitutes that it is made with. */
import { boundedSpace, evasionAttackNamed, runEvasionAttack, trainSubstitute } from '../../../attacks/evasion/index.ts';
import type { Samples, Target } from '../../../attacks/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { testEngine } from '../../support/engine.ts';
import { attackDigits, digitsNet, digitsSpace, linearTarget } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const transfer = evasionAttackNamed('transfer');
const LONG = { timeout: 60_000 };

const moved = suite('evasion: transfer');

moved(
  'success is what the target says: a substitute that looks at something else fools nobody but itself',
  async () => {
    const first = linearTarget([
      [0, 0],
      [1, 0],
    ]);
    const second = linearTarget([
      [0, 0],
      [0, 1],
    ]);
    const run = {
      x: Float32Array.of(0.2, 0.2, -0.2, -0.2),
      y: Int32Array.of(1, 0),
      space: boundedSpace([2], [-1, 1]),
      norm: 'linf' as const,
      epsilon: 0.5,
      rng: Rng.from(1),
    };
    const target = first as Target<'white-box'>;
    const other = await runEvasionAttack(transfer, { ...run, target, known: { substitute: second } });
    assert.equal([other.success.value, [...other.after]], [0, [1, 0]]);
    const same = await runEvasionAttack(transfer, {
      ...run,
      target,
      known: {
        substitute: linearTarget([
          [0, 0],
          [1, 0],
        ]),
      },
    });
    assert.equal([same.success.value, [...same.after]], [1, [0, 1]]);
    // a substitute of the attacker's own answers all that is asked
    assert.equal([other.queries, same.queries], [0, 0]);
    const asked = target.queries();
    const error = await rejectsError(
      () => runEvasionAttack(transfer, { ...run, target }),
      ConfigError,
      /transfer: expected a substitute model, or rows to train one with, got neither\. Give one of them/,
    );
    assert.equal([error.path, target.queries()], ['known.substitute', asked]);
  },
);

moved(
  'rows that fool another net of the same data fool the target, more of them than noise of the same size',
  async () => {
    const other = await digitsNet(engine, 2);
    const known = { substitute: other.target };
    const { robust, queries } = await attackDigits(transfer, net, { known, epsilon: 0.2 });
    assert.is(queries, 0);
    assert.ok(robust.value! < 0.6, `${robust.value}`);
    const rng = Rng.from(3);
    const noisy = net.rows.x.map((v) => Math.max(0, Math.min(1, v + (rng.uniform() < 0.5 ? -0.2 : 0.2))));
    const labels = await net.target.labels(noisy);
    const right = labels.filter((label, i) => label === net.rows.y[i]).length / labels.length;
    assert.ok(right > robust.value! + 0.2, `${right} under noise, ${robust.value} by transfer`);
    other.classifier.dispose();
  },
  LONG,
);

const trained = suite('evasion: substitutes');

trained(
  'a substitute says what the target says, on rows of its own and on others; each round doubles the questions',
  async () => {
    const asked: Float32Array[] = [];
    const target = {
      ...net.target,
      labels: (x: Samples) => {
        asked.push(Float32Array.from(x));
        return net.target.labels(x);
      },
    };
    const before = target.queries();
    const common = { engine, target, space: digitsSpace, x: net.others.x.slice(0, 60 * digitsSpace.width) };
    const plain = await trainSubstitute({ ...common, rng: Rng.from(2) });
    assert.equal([plain.rows, target.queries() - before], [60, 60]);
    assert.ok(plain.agreement > 0.95, `${plain.agreement}`);
    asked.length = 0;
    const grown = await trainSubstitute({ ...common, rounds: 2, reach: 0.5, rng: Rng.from(2) });
    assert.equal([grown.rows, target.queries() - before], [240, 60 + 240]);
    // so far from the rows many are of another class than the rows that they were made from: what counts is what the target says
    const all = Float32Array.from(asked.flatMap((x) => [...x]));
    const [own, theirs] = [await grown.target.labels(all), await net.target.labels(all)];
    assert.is(grown.agreement, own.filter((label, i) => label === theirs[i]).length / 240);
    assert.ok(grown.agreement > 0.95, `${grown.agreement}`);
    const agrees = async (one: Target<'white-box'>) => {
      const [own, theirs] = [await one.labels(net.rows.x), await net.target.labels(net.rows.x)];
      return own.filter((label, i) => label === theirs[i]).length / own.length;
    };
    const [few, many] = [await agrees(plain.target), await agrees(grown.target)];
    // sixty rows of ten classes
    assert.ok(few > 0.5 && many > 0.5, `${few} and ${many}`);
    plain.classifier.dispose();
    grown.classifier.dispose();
  },
  LONG,
);

trained('a budget that ends while it asks leaves the rows as they were', async () => {
  const { stopped, x, queries } = await attackDigits(transfer, net, { queryBudget: 200 });
  assert.equal([stopped, queries], ['budget', 180]);
  assert.equal(x, net.rows.x);
});
