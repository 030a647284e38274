/** The terminal table: fits the width, aligns whatever the names are, and says the same as the report. */
import { renderAuditTable } from '../../experiments/report/index.ts';
import { cut, displayWidth, pad, wrap } from '../../experiments/report/text.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit, withParts } from './fake-audit.ts';

const test = suite('report: terminal table');
const AUDITS = [
  fakeAudit(),
  fakeAudit({ leak: 0.5, members: 10_000, nonMembers: 10_000 }),
  fakeAudit({ leak: 0, nonMembers: 50, members: 50 }),
  fakeAudit({ attacks: 0 }),
  withParts(fakeAudit()),
];

test(
  'no line is wider than asked, at any width from 40 to 140',
  () => {
    for (const audit of AUDITS) {
      for (let width = 40; width <= 140; width += 1) {
        for (const line of renderAuditTable(audit, { colour: false, width }).split('\n')) {
          assert.ok(displayWidth(line) <= width, `width ${width}: ${displayWidth(line)} cells: ${line}`);
        }
      }
    }
  },
  { timeout: 60_000 },
);

test('columns align under names of every script', () => {
  const audit = structuredClone(AUDITS[0]!);
  const names = [
    '攻撃者の影のモデル',
    'Schläfer',
    'e\u0301te\u0301',
    '🔑🔑 keys',
    'x',
    'a very long name that cannot possibly fit in any table',
  ];
  for (const [i, name] of names.entries()) audit.attacks[i]!.title = name;
  const lines = renderAuditTable(audit, { colour: false, width: 100 }).split('\n');
  const start = lines.findIndex((l) => l.startsWith('Attack'));
  const rows = lines.slice(start, start + 9);
  const widths = new Set(rows.map(displayWidth));
  assert.is(widths.size, 1, rows.join('\n'));
});

test('at 100 columns every resolved metric has its interval; at 80 AUC keeps it', () => {
  const wide = renderAuditTable(AUDITS[0]!, { colour: false, width: 100 });
  const { auc } = AUDITS[0]!.attacks[5]!;
  const interval = `${auc.value!.toFixed(3)} [${auc.low.toFixed(2)}, ${auc.high.toFixed(2)}]`;
  assert.match(wide, interval);
  assert.match(wide, 'Bal. accuracy');
  assert.match(wide, /32\.0 % \[\d+\.\d, \d+\.\d\]/);
  const narrow = renderAuditTable(AUDITS[1]!, { colour: false, width: 80 });
  assert.match(narrow, /0\.\d{3} \[0\.\d\d, 0\.\d\d\]/);
  for (const head of ['TPR @ 10 %', 'TPR @ 1 %', 'TPR @ 0.1 %']) assert.match(narrow, head);
});

test('what is not resolved is explained, and not shown as a number', () => {
  const table = renderAuditTable(AUDITS[0]!, { colour: false, width: 100 });
  assert.match(table, 'TPR at 0.1 % FPR is not resolved: needs ≥ 10,000 non-members, has 450.');
  assert.not(table.includes('TPR @ 0.1 %'));
  assert.not(/NaN|undefined|null/.test(table));
});

test('colour is optional, and changes no letter', () => {
  const plain = renderAuditTable(AUDITS[0]!, { colour: false, width: 90 });
  const coloured = renderAuditTable(AUDITS[0]!, { colour: true, width: 90 });
  assert.not(plain.includes('\u001b'));
  assert.ok(coloured.includes('\u001b['));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  assert.is(coloured.replace(/\u001b\[\d+m/g, ''), plain);
});

test('control characters in names do not reach the terminal', () => {
  const audit = structuredClone(AUDITS[0]!);
  audit.dataset.name = 'digits\u001b[2J\r\n\u0007';
  audit.attacks[0]!.title = '\u001b]0;owned\u0007';
  const parts = withParts(audit, { name: () => '\u001b[2J\u0007' });
  const table = renderAuditTable(parts, { colour: false, width: 100 });
  assert.not([...table].some((c) => c !== '\n' && (c < ' ' || (c >= '\u007f' && c <= '\u009f'))));
});

test('text helpers', () => {
  assert.is(displayWidth('日本'), 4);
  assert.is(displayWidth('e\u0301'), 1);
  assert.is(displayWidth('👩‍👩‍👧'), 2);
  assert.is(pad('日', 4, 'right'), '  日');
  assert.is(cut('abcdef', 4), 'abc…');
  assert.is(cut('日本語', 4), '日…');
  assert.equal(wrap('one two three', 7, 2), ['one two', '  three']);
  assert.equal(wrap('at most 95 % of', 10), ['at most', '95\u00a0% of']);
});
