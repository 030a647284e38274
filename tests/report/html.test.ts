/** The HTML report: self-contained, well formed, honest about what it cannot know, and safe with hostile names. */
import type { AuditRecord } from '../../experiments/audit-record.ts';
import { renderAuditReport } from '../../experiments/report/index.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit, withParts } from './fake-audit.ts';
import { parse, text } from './markup.ts';

const test = suite('report: HTML');
const AUDITS: Record<string, AuditRecord> = {
  leak: fakeAudit(),
  'no leak': fakeAudit({ leak: 0, seed: 4 }),
  resolved: fakeAudit({ leak: 0.5, members: 10_000, nonMembers: 10_000, attacks: 2 }),
  'no attacks': fakeAudit({ attacks: 0 }),
  parts: withParts(fakeAudit()),
  'broken split': withParts(fakeAudit({ attacks: 2 }), { broken: true }),
};

for (const [name, audit] of Object.entries(AUDITS)) {
  test(`is well formed and loads nothing: ${name}`, () => {
    const page = renderAuditReport(audit);
    const elements = parse(page);
    const loads = [
      'script',
      'link',
      'img',
      'iframe',
      'object',
      'embed',
      'base',
      'form',
      'image',
      'use',
      'foreignObject',
    ];
    for (const { name: tag, attributes } of elements) {
      assert.not(loads.includes(tag), `<${tag}>`);
      for (const [key, value] of attributes) {
        assert.not(/^on|^(src|srcset|href|xlink:href|action|data|ping|poster)$/.test(key), `${tag} ${key}`);
        assert.not(/https?:|url\(|javascript:/i.test(value), `${tag} ${key}="${value}"`);
      }
    }
    assert.not(/@import|url\(|https?:/.test(page.match(/<style>[\s\S]*?<\/style>/)![0]));
    assert.match(page, `default-src 'none'`);
  });

  test(`has a language, a title, unique ids, and labels that exist: ${name}`, () => {
    const elements = parse(renderAuditReport(audit));
    const ids = elements.flatMap((e) => e.attributes.get('id') ?? []);
    assert.is(new Set(ids).size, ids.length);
    for (const e of elements) {
      const label = e.attributes.get('aria-labelledby');
      if (label) assert.ok(ids.includes(label), label);
      // every drawing is described or hidden
      if (e.name === 'svg') assert.ok(e.attributes.has('aria-label') || e.attributes.get('aria-hidden') === 'true');
    }
    assert.is(elements.find((e) => e.name === 'html')!.attributes.get('lang'), 'en');
    assert.is(elements.filter((e) => e.name === 'h1').length, 1);
    assert.is(elements.filter((e) => e.name === 'title').length, 1);
  });
}

test('hostile names stay text', () => {
  const evil = `"><script>alert('x')</script><img src=x onerror="y">&`;
  const audit = withParts(structuredClone(AUDITS['leak']!), { name: () => evil });
  audit.dataset.name = evil;
  audit.model.name = evil;
  audit.command = evil;
  audit.version = evil;
  audit.warnings.push({ code: evil, message: evil });
  for (const a of audit.attacks) {
    a.title = evil;
    a.paper = evil;
    a.threat = { ...a.threat, knowledge: [evil], goal: evil };
  }
  const page = renderAuditReport(audit);
  const names = new Set(parse(page).map((e) => e.name));
  assert.not(names.has('script'));
  assert.not(names.has('img'));
  assert.match(page, '&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;');
});

test('every attack appears with its values, its paper, its curve and its histogram', () => {
  const audit = AUDITS['leak']!;
  const page = renderAuditReport(audit);
  for (const a of audit.attacks) {
    assert.ok(page.includes(a.paper.replace('&', '&amp;')), a.paper);
    assert.ok(page.includes(`aria-description="${a.title}"`), `no curve of ${a.title}`);
    assert.ok(
      page.includes(`aria-label="${a.title}: scores of members and non-members"`),
      `no histogram of ${a.title}`,
    );
    assert.ok(text(page).includes(a.auc.value!.toFixed(3)));
    assert.ok(text(page).includes(`[${a.auc.low.toFixed(2)}, ${a.auc.high.toFixed(2)}]`));
  }
});

test('a TPR that is not resolved says what it takes, and a resolved one shows no such words', () => {
  const page = text(renderAuditReport(AUDITS['leak']!));
  assert.is(page.match(/not resolved: needs ≥ 1,000 non-members/g)!.length, 6);
  assert.is(page.match(/not resolved: needs ≥ 10,000 non-members/g)!.length, 6);
  assert.not(text(renderAuditReport(AUDITS['resolved']!)).includes('not resolved: needs'));
});

test('an undefined value is not shown as a number', () => {
  const audit = structuredClone(AUDITS['resolved']!);
  audit.attacks[0]!.auc = { ...audit.attacks[0]!.auc, value: null, low: 0, high: 1 };
  const page = text(renderAuditReport(audit));
  assert.match(page, 'undefined [0.00, 1.00]');
  assert.not(/NaN|\bnull\b/.test(page));
});

test('the words follow the verdict', () => {
  const leak = text(renderAuditReport(AUDITS['leak']!));
  assert.match(leak, 'visibly leaks which records');
  assert.match(leak, 'DP-SGD');
  assert.match(leak, 'Close the gap between training and test');
  const none = text(renderAuditReport(AUDITS['no leak']!));
  assert.match(none, 'No leak detected at this sample size.');
  assert.match(none, 'Claim no more than was tested');
  assert.not(none.includes('Handle the model like the data'));
  // a record without attacks must not read like an acquittal
  assert.match(text(renderAuditReport(AUDITS['no attacks']!)), 'No attack was run, so nothing can be said.');
});

test('provenance is complete, and an absent date or command leaves no gap', () => {
  const { date: _d, command: _c, ...bare } = AUDITS['leak']!;
  const full = renderAuditReport(AUDITS['leak']!);
  for (const value of [
    bare.dataset.sha256,
    bare.version,
    'keyhole.audit/1',
    '2026-01-15',
    'keyhole audit --data digits',
  ]) {
    assert.ok(full.includes(value), value);
  }
  assert.not(/undefined/.test(text(renderAuditReport(bare))));
  assert.not(renderAuditReport(bare).includes('2026-01-15'));
});

test('the same record gives the same bytes', () => {
  assert.is(renderAuditReport(AUDITS['leak']!), renderAuditReport(structuredClone(AUDITS['leak']!)));
});

test('each curve is the staircase of its points, within the frame', () => {
  const page = renderAuditReport(AUDITS['leak']!);
  const svg = page.slice(page.indexOf('ROC curves of'), page.indexOf('</svg>', page.indexOf('ROC curves of')));
  const paths = [...svg.matchAll(/aria-description="([^"]*)"[^>]*><path d="([^"]*)"/g)];
  assert.is(paths.length, 6);
  for (const [, title, d] of paths) {
    const numbers = d!.match(/-?\d+(\.\d+)?/g)!.map(Number);
    assert.ok(
      numbers.every((x) => x >= 0 && x <= 560),
      `${title} leaves the frame`,
    );
    // the TPR at zero false positives is drawn at the left edge, where a logarithmic axis has no zero
    if (title !== 'Gap (is it right?)') assert.is(numbers[0], 72, title);
  }
});
