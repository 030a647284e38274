/** Reference models and a population: said in the report and on the terminal, where the record has them, and only there. */
import type { AuditRecord } from '../../experiments/audit-record.ts';
import { renderAuditReport, renderAuditTable } from '../../experiments/report/index.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit } from './fake-audit.ts';

const test = suite('report: reference models');
const text = (page: string) =>
  page
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ');
const lines = (audit: AuditRecord) =>
  renderAuditTable(audit, { colour: false, width: 400 }).replace(/[\s\u00a0]+/g, ' ');

const plain = fakeAudit();
const audit: AuditRecord = {
  ...plain,
  shadows: 1,
  references: 16,
  population: 1200,
  attacks: plain.attacks.map((a) => ({
    ...a,
    shadowData: a.name === 'lira-online' ? 'overlapping' : a.name === 'shadow-svm' ? 'apart' : 'none',
  })),
};

test('how the models of the attacker were trained, which results rest on it, and how many rows nobody saw', () => {
  for (const page of [text(renderAuditReport(audit)), lines(audit)]) {
    assert.match(page, /16 reference models were each trained on a random half of the tested records/);
    assert.match(page, /a stronger attacker than one who only has data of the same kind/);
    assert.match(page, /Results that rest on such overlapping data: LiRA online\./);
    assert.match(page, /1,200 records that no model was trained on are the attacker/);
  }
});

test('the tables of results and of attackers mark who has them; the provenance counts them', () => {
  const page = text(renderAuditReport(audit));
  assert.match(page, /LiRA online logits, reference models/);
  assert.not(/Shadow models, one SVM per class probabilities, reference models/.test(page));
  assert.is(page.split('; has models trained on halves of the tested records').length, 2);
  assert.match(page, /Shadow models 1 Reference models 16, on halves of the tested records Population 1,200/);
});

test('nothing of it without them, or in older records', () => {
  for (const record of [plain, { ...audit, references: 0, population: 0, attacks: plain.attacks }])
    for (const page of [text(renderAuditReport(record)), lines(record)])
      assert.not(/eference models (were|1|0)|overlapping|no model was trained on|Population/.test(page), page);
});

test('where only shadow models of other data were used, stronger attacks are advised; where not known, they are not', () => {
  const none = { leak: 0, seed: 3 };
  const weak: AuditRecord = { ...fakeAudit(none), references: 0 };
  const apart = { ...weak, attacks: weak.attacks.map((a) => ({ ...a, shadowData: 'apart' as const })) };
  const both = { ...weak, attacks: weak.attacks.map((a) => ({ ...a, shadowData: 'overlapping' as const })) };
  assert.match(text(renderAuditReport(apart)), /halves of the tested records \(--references 16\)/);
  for (const record of [weak, both]) assert.not(text(renderAuditReport(record)).includes('--references 16'));
});
