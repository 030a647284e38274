/** The report of an evaluation of robustness: self-contained, well formed, and no kinder than the record. */
import * as v from 'valibot';
import { loadSet } from '../../data/index.ts';
import { Rng } from '../../engine/index.ts';
import { renderRobustnessReport, renderRobustnessText } from '../../experiments/report/index.ts';
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
  const alone = renderRobustnessText(evaluated['attacks alone']!, { colour: false, width: 100 });
  assert.match(alone, /do not become the wanted class/);
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
  for (const { epsilon, distance, magnified, before, after, label } of examples) {
    assert.ok(distance <= epsilon);
    assert.ok(Math.abs(magnified - 0.5 / distance) < 1e-6 * magnified);
    assert.is(before, label);
    assert.is.not(after, label);
  }
});
