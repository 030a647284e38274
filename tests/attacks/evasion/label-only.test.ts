/** Attacks that see labels only: how near they come, what they may ask, and that they see nothing else. */
import {
  allEvasionAttacks,
  boundedSpace,
  defineEvasionAttack,
  distance,
  type EvasionAttack,
  type EvasionContext,
  type EvasionRun,
  evasionAttackNamed,
  type InputSpace,
  type Norm,
  runEvasionAttack,
} from '../../../attacks/evasion/index.ts';
import { restrict, type Target } from '../../../attacks/index.ts';
import { ConfigError, Rng } from '../../../engine/index.ts';
import { assert, suite } from '../../harness.ts';
import { linearTarget } from '../../support/evasion.ts';
import { rejectsError } from '../../support/throws.ts';

const width = 10;
const ROWS = 6;
/** Class 1 where w x > 0; all numbers from -4 to 4, rows near the origin: bounds are out of the way. */
const w = Array.from({ length: width }, (_, j) => (j % 2 ? -1 : 1) * (0.5 + j / width));
const target = () => linearTarget([w.map(() => 0), w]) as Target<'white-box'>;
const space = boundedSpace([width], [-4, 4]);

function rows(seed: number, n: number, scale: number) {
  const rng = Rng.from(seed);
  const x = Float32Array.from({ length: n * width }, () => scale * rng.normal());
  return { x, y: Int32Array.from({ length: n }, (_, i) => (value(x, i) > 0 ? 1 : 0)) };
}
const value = (x: Float32Array, i: number) => w.reduce((sum, v, j) => sum + v * x[i * width + j]!, 0);
const own = rows(1, ROWS, 0.4);
const known = { rows: rows(2, 30, 1) };
const base = (): EvasionRun => ({
  target: target(),
  ...own,
  space,
  norm: 'l2',
  epsilon: Infinity,
  known,
  rng: Rng.from(3),
});
const named = evasionAttackNamed;

/** An attack whose `best` is looked at before each question. */
function watched(attack: EvasionAttack, look: (context: EvasionContext) => void): EvasionAttack {
  return {
    ...attack,
    run: (context) => {
      const { labels, ...rest } = context.target as Target<'label-only'>;
      const watching = {
        ...rest,
        labels: (x: Float32Array) => {
          look(context);
          return labels(x);
        },
      };
      return attack.run({ ...context, target: watching as never });
    },
  };
}

const near = suite('evasion: labels only, distances');

/** From a plane, points are at |w x| / |w| in L2, and / |w|_1 in L-inf. */
const exact: Partial<Record<Norm, number>> = {
  l2: Math.hypot(...w),
  linf: w.reduce((sum, v) => sum + Math.abs(v), 0),
};
for (const [name, norm, within] of [
  ['hopskipjump', 'l2', 1.03],
  ['hopskipjump', 'linf', 1.01],
  ['boundary', 'l2', 1.1],
] as const) {
  near(
    `${name}: a plane's ${norm} distance within ${Math.round(100 * within - 100)} % at 5,000 questions`,
    async () => {
      const { distances, queries, stopped } = await runEvasionAttack(named(name), {
        ...base(),
        norm,
        options: { queries: 5000 },
      });
      assert.is(stopped, null);
      assert.ok(queries <= 5000 * ROWS, `${queries}`);
      for (let i = 0; i < ROWS; i++) {
        const ratio = distances[norm][i]! / (Math.abs(value(own.x, i)) / exact[norm]!);
        assert.ok(ratio > 1 - 1e-5 && ratio < within, `${name} row ${i}: ${ratio}`);
      }
    },
  );
}

near('what cannot be changed is not, and the distance is along the rest', async () => {
  const fixed = Uint8Array.from({ length: width }, (_, j) => (j < 4 ? 1 : 0));
  const locked: InputSpace = { ...space, fixed };
  const free = Math.hypot(...w.slice(4));
  for (const name of ['hopskipjump', 'boundary']) {
    const { x, distances } = await runEvasionAttack(named(name), {
      ...base(),
      space: locked,
      options: { queries: 4000 },
    });
    for (let i = 0; i < ROWS; i++) {
      for (let j = 0; j < 4; j++) assert.is(x[i * width + j], own.x[i * width + j]);
      const ratio = distances.l2[i]! / (Math.abs(value(own.x, i)) / free);
      assert.ok(ratio > 1 - 1e-5 && ratio < 1.1, `${name} row ${i}: ${ratio}`);
    }
  }
});

for (const name of ['hopskipjump', 'boundary']) {
  near(`${name}: the best row stays adversarial, and never moves away`, async () => {
    const least = new Float64Array(ROWS).fill(Infinity);
    let falls = 0;
    const look = ({ x, best }: EvasionContext) => {
      for (let i = 0; i < ROWS; i++) {
        const now = distance('l2', { values: best, at: i * width }, { values: x, at: i * width }, width);
        if (now === 0) continue; // not started yet
        assert.ok(now <= least[i]!, `row ${i}: ${now} after ${least[i]}`);
        assert.is.not(value(best, i) > 0 ? 1 : 0, own.y[i]);
        if (now < least[i]!) falls++;
        least[i] = now;
      }
    };
    await runEvasionAttack(watched(named(name), look), { ...base(), options: { queries: 1500 } });
    assert.ok(falls > 5 * ROWS, `${falls}`);
  });

  near(`${name}: starts from noise where there are no rows; a wanted class needs rows of it`, async () => {
    const run = { ...base(), known: {}, options: { queries: 600 } };
    const { success } = await runEvasionAttack(named(name), run);
    assert.is(success.value, 1);
    const targets = own.y.map((label) => 1 - label);
    const error = await rejectsError(
      () => runEvasionAttack(named(name), { ...run, targets }),
      ConfigError,
      /expected rows of the wanted classes, where the walks start, got none\. Give some \(known\.rows\)/,
    );
    assert.is(error.path, 'known.rows');
    const aimed = await runEvasionAttack(named(name), { ...run, known, targets });
    assert.equal(aimed.after, targets);
  });
}

near('a row that no start is found for stays as it is', async () => {
  const one = { ...target(), labels: async (x: Float32Array | Float64Array) => new Int32Array(x.length / width) };
  const { x, success, stopped } = await runEvasionAttack(named('hopskipjump'), {
    ...base(),
    target: one,
    y: new Int32Array(ROWS),
    options: { queries: 100 },
  });
  assert.equal([success.value, stopped], [0, null]);
  assert.equal(x, own.x);
});

const budgets = suite('evasion: query budgets');
const hungry = allEvasionAttacks.filter(({ family }) => family === 'decision-based' || family === 'score-based');

for (const attack of hungry) {
  budgets(`${attack.name}: 100 questions are never exceeded; what was found by then comes back, marked`, async () => {
    const norm = attack.norms[0]!;
    const asks = target();
    const { stopped, queries, warnings, fooled, after } = await runEvasionAttack(attack, {
      ...base(),
      norm,
      // a ball in which nothing is adversarial, so that none is done before
      epsilon: attack.seeks === 'nearest' ? Infinity : 1e-3,
      target: asks,
      queryBudget: 100,
    });
    assert.is(stopped, 'budget');
    assert.ok(queries <= 100 && queries > 0, `${queries}`);
    // the judge asks beside: about all rows before and after
    assert.is(asks.queries(), queries + 2 * ROWS);
    assert.equal(
      warnings.map(({ code }) => code),
      ['budget-exhausted'],
    );
    assert.match(warnings[0]!.message, /expected at most 100 queries.* What was found by then is reported/);
    if (attack.family === 'decision-based') assert.equal([...fooled], [1, 1, 1, 1, 1, 1]);
    for (const [i, one] of fooled.entries()) assert.is(one === 1, after[i] !== own.y[i]);
  });
}

budgets('one that is none is refused before anything is asked', async () => {
  for (const queryBudget of [0, -1, 2.5, Number.NaN]) {
    const run = { ...base(), queryBudget };
    const error = await rejectsError(
      () => runEvasionAttack(named('hopskipjump'), run),
      ConfigError,
      /queryBudget: expected a whole number >= 1, got/,
    );
    assert.equal([error.path, run.target.queries()], ['queryBudget', 0]);
  }
});

const access = suite('evasion: labels only, access');

for (const attack of allEvasionAttacks.filter(({ threat }) => threat.access === 'label-only')) {
  access(`${attack.name}: is handed labels and nothing else`, async () => {
    let seen: string[] = [];
    const looks: EvasionAttack = {
      ...attack,
      run: async (context) => {
        seen = Object.keys(context.target).sort();
      },
    };
    await runEvasionAttack(looks, { ...base(), norm: attack.norms[0]!, epsilon: 2 });
    assert.equal(seen, ['classes', 'inputShape', 'labels', 'queries']);
    const never = () => {
      throw new Error('not granted');
    };
    const whole = target();
    const guarded = { ...whole, probabilities: never, logits: never, inputGradients: never, logitsAndVjp: never };
    const options = 'queries' in attack.options ? { queries: 200 } : {};
    const { success } = await runEvasionAttack(attack, {
      ...base(),
      ...{ target: guarded, norm: attack.norms[0]!, epsilon: attack.seeks === 'nearest' ? Infinity : 2, options },
      known: { ...known, substitute: target() },
    });
    assert.is(success.value, 1);
  });
}

access('an attack on labels that asks for more is a type error', async () => {
  const greedy = defineEvasionAttack({
    ...named('hopskipjump'),
    threat: { access: 'label-only', knowledge: [], goal: 'evasion' },
    options: {},
    run: async ({ target: asked, x }) => {
      // @ts-expect-error labels only: no gradients
      assert.is(asked.inputGradients, undefined);
      // @ts-expect-error nor probabilities
      assert.is(asked.probabilities, undefined);
      await asked.labels(x);
    },
  });
  await runEvasionAttack(greedy as unknown as EvasionAttack, base());
});

access('what needs probabilities does not run on labels', async () => {
  const labels = restrict(target(), 'label-only') as never;
  for (const name of ['nes', 'simba'])
    await rejectsError(
      () => runEvasionAttack(named(name), { ...base(), norm: 'l2', epsilon: 1, target: labels }),
      ConfigError,
      /expected a target with access 'probabilities', got one with 'label-only'.*hopskipjump/,
    );
});
