/** Classes, slices, single records, the paired comparison and the control: shown where the record has them, and only there. */
import { parseAudit } from '../../experiments/audit-record.ts';
import { judge, renderAuditReport, renderAuditTable } from '../../experiments/report/index.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit, withParts } from './fake-audit.ts';

const test = suite('report: parts');
const text = (page: string) =>
  page
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ');

const audit = withParts(fakeAudit());
const page = text(renderAuditReport(audit));
const terminal = renderAuditTable(audit, { colour: false, width: 400 });

test('the record with all parts survives JSON, and one without them is still read', () => {
  assert.equal(parseAudit(JSON.parse(JSON.stringify(audit))), audit);
  const old = fakeAudit();
  assert.equal(parseAudit(JSON.parse(JSON.stringify(old))), old);
  const bare = text(renderAuditReport(old));
  for (const words of ['Class by class', 'Who is at risk', 'most exposed', 'without the model', 'really stronger'])
    assert.not(bare.includes(words), words);
  assert.not(/Control|median of|privacy risk/.test(renderAuditTable(old, { colour: false, width: 400 })));
});

test('classes: medians with their intervals, the range, and what guessing gets', () => {
  assert.match(page, 'Class by class');
  const { medianPrecision: e } = audit.attacks[0]!.perClass!;
  const shown = `66.7 % [${(100 * e.low).toFixed(1)}, ${(100 * e.high).toFixed(1)}]`;
  assert.match(page, shown);
  assert.match(page, '44.4 % to 88.9 %');
  assert.match(terminal, `median of 3 classes: precision ${shown}, recall 60.0 % [`);
  // LiRA offline only ranks
  assert.not(page.slice(page.indexOf('Class by class'), page.indexOf('Who is at risk')).includes('LiRA offline'));
});

test('slices: counts, what is too small, and a mark only after the allowance for all looks', () => {
  const html = renderAuditReport(audit);
  const section = html.slice(html.indexOf('id="slices"'), html.indexOf('id="exposed"'));
  assert.match(text(section), 'These are 4 intervals');
  assert.match(section, /class="num above" data-label="AUC"><span class="v">0\.900/);
  assert.match(section, /class="num" data-label="AUC"><span class="v">0\.545/);
  assert.match(text(section), 'n12 4 2 too few records');
  assert.match(terminal, 'AUC by class, n10: ▲ 0.900 [0.87, 0.93]; n11: 0.545 [');
  assert.match(terminal, '1 with too few records');
});

test('exposed records by row, class and score; differences with their signs', () => {
  assert.match(page, '1200 n0 93.0 %');
  assert.match(terminal, 'row 1200 (n0, 93.0 %), row 1201 (n1, 92.0 %)');
  assert.match(page, /−0\.020 \[−0\.05, 0\.01\] \+10\.0 points \[5\.0, 15\.0\] 0\.210/);
  assert.match(terminal, 'LiRA online less Gap (is it right?): AUC −0.020 [−0.05, 0.01], TPR @ 10 % FPR +10.0 points');
});

test('a sound control changes no verdict; a broken one leaves none', () => {
  assert.is(judge(audit).headline, judge(fakeAudit()).headline);
  assert.match(page, 'They cannot, as it should be');
  const broken = withParts(fakeAudit(), { broken: true });
  const verdict = judge(broken);
  assert.is(verdict.level, 'hint');
  assert.match(verdict.headline, 'differ without the model');
  assert.match(verdict.reasons[0]!, 'in 83.0 % of all pairs (at least 77.0 %)');
  const words = text(renderAuditReport(broken));
  assert.match(words, 'Draw members and non-members from one source');
  assert.not(words.includes('Handle the model like the data'));
  assert.match(
    renderAuditTable(broken, { colour: false, width: 400 }),
    'Boosted trees AUC 0.830 [0.77, 0.89]; the split is broken',
  );
});

test('a long table of classes is folded, a short one open', () => {
  const many = structuredClone(audit);
  for (const a of many.attacks)
    if (a.perClass) a.perClass.classes = Array.from({ length: 100 }, () => a.perClass!.classes[0]!);
  const fold = (html: string) => html.slice(html.indexOf('id="classes"')).match(/<details[^>]*>/)![0];
  assert.is(fold(renderAuditReport(audit)), '<details open="">');
  assert.is(fold(renderAuditReport(many)), '<details>');
});
