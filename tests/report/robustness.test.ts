/** The report of an evaluation of robustness: self-contained, well formed, and no kinder than the record. */
import * as v from 'valibot';
import { loadSet } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { curvesPlot, lineStyle, renderRobustnessReport, renderRobustnessText } from '../../experiments/report/index.ts';
import { securityCurves } from '../../experiments/report/robustness-plot.ts';
import { evaluateRobustness, type RobustnessRecord, robustnessSchema } from '../../experiments/robustness/index.ts';
import { assert, suite } from '../harness.ts';
import { testEngine } from '../support/engine.ts';
import { digitsNet } from '../support/evasion.ts';
import { sharpened } from '../support/masked.ts';
import { parse, text } from './markup.ts';

const engine = await testEngine();
const net = await digitsNet(engine);
const dataset = await loadSet('digits');
const rows = Rng.from(5).permutation(dataset.size).slice(1200, 1300);
const attacks = [{ name: 'fgsm' }, { name: 'pgd', options: { steps: 10 } }];
const shared = { dataset, rows, norm: 'linf' as const, epsilons: [0.1, 0.2], attacks, name: 'mlp' };
const evaluated: Record<string, RobustnessRecord> = {
  plain: await evaluateRobustness({ ...shared, classifier: net.classifier }),
  masked: await evaluateRobustness({ ...shared, target: sharpened(net.target, 1000) as never }),
  'attacks alone': await evaluateRobustness({ ...shared, classifier: net.classifier, controls: false, wanted: 'next' }),
};
const aimed = await evaluateRobustness({ ...shared, classifier: net.classifier, controls: false, wanted: 3 });

const test = suite('report: robustness');

for (const [name, record] of Object.entries(evaluated)) {
  test(`${name}: the record keeps to its schema, and to JSON`, () => {
    const read = v.parse(robustnessSchema, JSON.parse(JSON.stringify(record)));
    assert.equal(read, record);
  });

  test(`${name}: well formed, and loads nothing but the pictures in it`, () => {
    const page = renderRobustnessReport(record);
    const elements = parse(page);
    for (const { name: tag, attributes } of elements) {
      assert.not(['script', 'link', 'iframe', 'object', 'embed', 'base', 'form', 'image', 'use'].includes(tag), tag);
      for (const [key, value] of attributes) {
        if (key === 'src') assert.match(value, /^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/);
        else assert.not(/^on|^(srcset|href|xlink:href|action|data)$/.test(key), `${tag} ${key}`);
      }
    }
    const ids = elements.flatMap((e) => e.attributes.get('id') ?? []);
    assert.is(new Set(ids).size, ids.length);
    for (const e of elements) {
      const label = e.attributes.get('aria-labelledby');
      if (label) assert.ok(ids.includes(label), label);
      if (e.name === 'img') assert.ok(e.attributes.get('alt'));
    }
    assert.is(elements.filter((e) => e.name === 'img').length, 3 * record.examples.length);
    assert.not(/NaN|undefined|\bnull\b|Infinity/.test(text(page)));
    assert.is(renderRobustnessReport(structuredClone(record)), page);
  });

  test(`${name}: every attack, every check and every epsilon is there`, () => {
    const words = text(renderRobustnessReport(record));
    for (const { title, paper } of record.attacks)
      assert.ok(words.includes(title) && words.includes(paper.replace('&', '&amp;')));
    for (const { question } of record.flags) assert.ok(words.includes(question), question);
    for (const epsilon of record.epsilons) assert.ok(words.includes(`ε = ${epsilon}`));
  });

  for (const width of [40, 72, 100]) {
    test(`${name}: no line of ${width} cells is longer`, () => {
      const lines = renderRobustnessText(record, { colour: false, width }).split('\n');
      for (const line of lines) assert.ok([...line].length <= width, `${[...line].length}: ${line}`);
    });
  }
}

test('the words follow the verdict: masking is called that, and its figure no robustness', () => {
  const masked = text(renderRobustnessReport(evaluated['masked']!));
  assert.match(masked, 'Gradient masking likely');
  assert.match(masked, /are no measure of robustness/);
  assert.match(masked, 'Attack a loss of the logits that does not saturate');
  const plain = text(renderRobustnessReport(evaluated['plain']!));
  assert.match(plain, 'Easily fooled; no sign of gradient masking');
  assert.match(plain, 'That is no proof of robustness');
  const alone = renderRobustnessText(evaluated['attacks alone']!, { colour: false, width: 300 });
  assert.match(alone, /do not become the class after their own/);
});

test('one class wanted: the same goal in every sentence, and rows that were left out are said', () => {
  const { worst, dataset: data } = aimed;
  const page = text(renderRobustnessReport(aimed));
  const terminal = renderRobustnessText(aimed, { colour: false, width: 100 }).replaceAll(/\s+/g, ' ');
  assert.match(page, /of the rows do not become class 3 under L∞ perturbations of 0\.2/);
  assert.not(/stay right|right before the attack/.test(page));
  assert.match(page, /Rows that are read as class 3 without an attack count as not robust/);
  const left = rows.filter((i) => dataset.y[i] === 3).length;
  assert.ok(left > 0 && data.rows === rows.length - left);
  assert.match(page, new RegExp(`${left} of the rows are of class 3, which is wanted: they were left out`));
  assert.match(terminal, /do not become class 3 under/);
  assert.not.match(terminal, /stay right/);
  const start = worst[0]!.success.n / data.rows;
  for (const { points } of securityCurves(aimed).curves) assert.equal([points[0]!.x, points[0]!.y], [0, start]);
});

test('checks that are not of masking are neither counted among those that found none, nor passed over', () => {
  const record = structuredClone(evaluated['plain']!);
  const rounding = record.flags.find(({ ofMasking }) => ofMasking === false)!;
  Object.assign(rounding, { flag: true, evidence: 'Nine rows fail.' });
  const asked = record.flags.filter(({ flag, ofMasking }) => ofMasking && flag !== null).length;
  const page = text(renderRobustnessReport(record));
  assert.match(page, `None of the ${asked} checks for gradient masking that could be asked found any`);
  assert.match(page, `Flagged for another reason: ${rounding.question} Nine rows fail.`);
});

test('the worst case is drawn over all attacks, in a style of its own; sixteen attacks look different', () => {
  const record = evaluated['plain']!;
  const curves = securityCurves(record);
  const names = curves.curves.map(({ name }) => name);
  const drawn = parse(curvesPlot({ curves }).outerHTML)
    .filter(({ name, attributes }) => name === 'g' && names.includes(attributes.get('aria-description') ?? ''))
    .map(({ attributes }) => [attributes.get('aria-description'), attributes.get('stroke')]);
  assert.is(drawn.length, names.length);
  assert.equal(drawn.at(-1), ['Worst case', 'var(--ink)']);
  assert.is(drawn.filter(([, stroke]) => stroke === 'var(--ink)').length, 1);
  const styles = Array.from({ length: 16 }, (_, i) => lineStyle(i)).map(({ color, dash }) => `${color} ${dash}`);
  assert.is(new Set(styles).size, 16);
});

test('hostile names stay text, and a picture that is none is refused', () => {
  const evil = `"><script>alert('x')</script><img src=x onerror="y">&`;
  const record = structuredClone(evaluated['plain']!);
  record.dataset.name = evil;
  record.model.name = evil;
  record.command = evil;
  for (const attack of record.attacks) attack.title = evil;
  for (const example of record.examples) [example.label, example.before, example.after] = [evil, evil, evil];
  for (const flag of record.flags) flag.evidence = evil;
  assert.not(parse(renderRobustnessReport(record)).some((e) => e.name === 'script'));
  record.examples[0]!.clean = 'https://example.org/x.png';
  assert.not(v.safeParse(robustnessSchema, record).success);
});

test('pictures show what was changed: grey where nothing was, and the factor is stated', () => {
  const { examples } = evaluated['plain']!;
  assert.is(examples.length, 8);
  assert.is(new Set(examples.map(({ row }) => row)).size, 8);
  // of the weakest attack that is run first, and of the others
  assert.equal(
    ['fgsm', 'pgd'].map((name) => examples.filter(({ attack }) => attack === name).length),
    [4, 4],
  );
  const page = text(renderRobustnessReport(evaluated['plain']!));
  for (const { row, label, attack } of examples) assert.ok(page.includes(`Row ${row}, class ${label}, by ${attack}:`));
  for (const { epsilon, distance, magnified, before, after, label } of examples) {
    assert.ok(distance <= epsilon);
    assert.ok(Math.abs(magnified - 0.5 / distance) < 1e-6 * magnified);
    assert.is(before, label);
    assert.is.not(after, label);
  }
});
