/** The comparison with foolbox and AutoAttack: its plan, our side of it, its verdicts. Their side is Python, and not run here. */
import { readFileSync } from 'node:fs';
import { allEvasionAttacks } from '../../attacks/evasion/index.ts';
import { compare, faultsOf, tableOf } from '../../bench/compare/compare.ts';
import { compareOurs } from '../../bench/compare/ours.ts';
import { nameOf, type Plan, type Results, readPlan } from '../../bench/compare/results.ts';
import { type Bytes, loadSet, readNpz } from '../../data/index.ts';
import { ConfigError } from '../../engine/index.ts';
import { assert, atEnd, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { digitsNet } from '../support/evasion.ts';
import { throwsError } from '../support/throws.ts';

const test = suite('the comparison with foolbox and AutoAttack');
const plan = readPlan();
const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('its plan gives our attacks options, norms and values that they have', () => {
  for (const { attack: name, norm, ours } of plan.attacks) {
    const attack = allEvasionAttacks.find((one) => one.name === name);
    if (!attack) continue;
    assert.ok(attack.norms.includes(norm), `${name}: ${norm}`);
    for (const [option, value] of Object.entries(ours)) {
      const def = attack.options[option];
      assert.ok(def, `${name}: ${option} is none of ${Object.keys(attack.options)}`);
      assert.ok(value >= (def.min ?? -Infinity) && value <= (def.max ?? Infinity), `${name}: ${option}`);
    }
  }
  assert.is(new Set(plan.attacks.map(nameOf)).size, plan.attacks.length);
});

test('the Python side has torch for every op that an export writes', () => {
  const written = ['onnx-ops.ts', 'onnx-builder.ts', 'onnx.ts']
    .flatMap((file) => [...text(`experiments/export/${file}`).matchAll(/'([A-Z][a-z]\w*)'/g)])
    .map((match) => match[1]!);
  const python = text('bench/compare/attack.py');
  const known = [...python.slice(python.indexOf('OPS = {')).matchAll(/^ {4}"(\w+)": /gm)].map((match) => match[1]!);
  assert.ok(known.length > 20);
  assert.equal(
    [...new Set(written)].filter((op) => !known.includes(op)),
    [],
  );
});

const engine = await testEngine();
const net = await digitsNet(engine);
atEnd(() => net.classifier.dispose());
const small: Plan = {
  epsilons: { linf: [0.05, 0.3], l2: [1] },
  attacks: plan.attacks
    .filter(({ attack }) => attack === 'fgsm' || attack === 'deepfool')
    .map((one) => ({ ...one, rows: 20 })),
};

test('our side attacks the rows, and hands the model and the rows over', async () => {
  const dataset = await loadSet('digits');
  const unknown = { ...small.attacks[0]!, attack: 'none-such' };
  const lines: string[] = [];
  const { results, rows } = await compareOurs({
    classifier: net.classifier,
    dataset,
    plan: { ...small, attacks: [...small.attacks, unknown] },
    rows: 30,
    onLeft: (line) => lines.push(line),
  });
  assert.equal(lines, ['none-such linf: Keyhole has no attack of that name']);
  assert.is(results.left.length, 1);
  const seen = results.results.map(({ attack, norm, epsilon }) => `${attack} ${norm} ${epsilon}`);
  assert.equal(seen, [
    'fgsm linf 0.05',
    'fgsm linf 0.3',
    'fgsm l2 1',
    'deepfool linf 0.05',
    'deepfool linf 0.3',
    'deepfool l2 1',
  ]);
  const [weak, strong] = results.results.map((r) => r.robust) as [number, number];
  assert.ok(results.clean > 0.8 && weak > strong && strong < 0.3, `${results.clean}, ${weak}, ${strong}`);
  const arrays = readNpz(rows as Bytes, 'rows.npz');
  assert.equal(arrays.get('x')?.shape, [30, 8, 8, 1]);
  assert.equal(arrays.get('logits')?.shape, [30, 10]);
});

const results = (robust: readonly number[], more: Partial<Results> = {}): Results => ({
  schema: 'keyhole.compare/1',
  by: 'somebody',
  model: 'f00',
  rows: 1000,
  clean: 0.98,
  left: [],
  results: ['pgd', 'autoattack', 'boundary'].flatMap((attack, i) =>
    robust[i] === undefined
      ? []
      : [{ attack, norm: 'l2' as const, epsilon: 1, rows: 1000, robust: robust[i]!, seconds: 1 }],
  ),
  ...more,
});
const three: Plan = {
  epsilons: { l2: [1] },
  attacks: plan.attacks.filter(
    ({ attack, norm }) => norm === 'l2' && ['pgd', 'autoattack', 'boundary'].includes(attack),
  ),
};

test('attacks may lie a point apart either way, the ensemble only half a point above, and steps are no questions', () => {
  const verdicts = (a: number[], b: number[]) => {
    const { lines } = compare(results(a), results(b), three);
    return Object.fromEntries(lines.map(({ name, ok }) => [name.split(' ')[0], ok]));
  };
  assert.equal(verdicts([0.51, 0.405, 0.9], [0.5, 0.4, 0.5]), { pgd: true, autoattack: true, boundary: null });
  assert.equal(verdicts([0.489, 0.2, 0], [0.5, 0.4, 0]), { pgd: false, autoattack: true, boundary: null });
  assert.equal(verdicts([0.5, 0.406, 0], [0.5, 0.4, 0]), { pgd: true, autoattack: false, boundary: null });
});

test('what is not on both sides is said, and two models are refused', () => {
  const [ours, theirs] = [results([0.5, 0.4]), results([0.5])];
  const comparison = compare(ours, theirs, three);
  assert.equal(comparison.missing, ['boundary l2 at 1: not run here', 'autoattack l2 at 1: not run there']);
  assert.match(tableOf(ours, theirs, comparison), /\| pgd l2 \| 1 \| 1000 \| 50\.0 % \| 50\.0 % \| 0\.0 \| yes \|/);
  throwsError(
    () => compare(ours, results([0.5], { model: 'bad' }), three),
    ConfigError,
    /expected results of one model/,
  );
});

test('nothing compared, other rows, and attacks that are missing are faults, and an attack that theirs gives up on may be lower', () => {
  const faults = (theirs: Results, ours = results([0.5, 0.4, 0.3]), partial = false) =>
    faultsOf(ours, theirs, compare(ours, theirs, three), partial);
  assert.equal(faults(results([0.5, 0.4, 0.3])), []);
  assert.equal(faults(results([])), [
    'No attack was held against another.',
    'Planned attacks are missing: run them, or say --partial.',
  ]);
  assert.match(faults(results([0.5, 0.4, 0.3], { clean: 0.5 })).join(), /48\.0 points apart/);
  assert.match(faults(results([0.6, 0.4, 0.3])).join(), /Beyond the target: pgd l2 at 1\./);
  assert.equal(faults(results([0.5]), results([0.5, 0.4, 0.3]), true), []);
  const lower: Plan = { ...three, attacks: three.attacks.map((one) => ({ ...one, lower: 'theirs stops' })) };
  const verdict = (a: number) => compare(results([a]), results([0.5]), lower).lines[0]!.ok;
  assert.equal([verdict(0.1), verdict(0.52)], [true, false]);
});
