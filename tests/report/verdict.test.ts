/** The verdict: intervals decide, with allowance for looking many times; accuracy alone never does. */
import type { AuditEstimate, AuditRecord } from '../../experiments/audit-record.ts';
import { judge } from '../../experiments/report/index.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit } from './fake-audit.ts';

const test = suite('report: verdict');

const estimate = (value: number, low: number, high: number): AuditEstimate => ({
  value,
  low,
  high,
  n: 900,
  confidence: 0.95,
  method: 'bootstrap',
});

/** One attack (so k = 2 intervals: AUC and TPR at 10 % FPR) with the intervals given. */
function one(auc: AuditEstimate, tpr: AuditEstimate, more: Partial<AuditRecord['attacks'][number]> = {}): AuditRecord {
  const audit = fakeAudit({ attacks: 1 });
  const [attack] = audit.attacks;
  return {
    ...audit,
    attacks: [{ ...attack!, auc, tprAtFpr: { '0.1': tpr, '0.01': null, '0.001': null }, ...more }],
  };
}
const chance = estimate(0.1, 0.07, 0.13);

test('levels', () => {
  assert.is(judge(one(estimate(0.5, 0.46, 0.54), chance)).level, 'none');
  assert.is(judge(one(estimate(0.6, 0.56, 0.64), chance)).level, 'visible');
  assert.is(judge(one(estimate(0.8, 0.76, 0.84), chance)).level, 'strong');
  assert.is(judge(one(estimate(0.5, 0.46, 0.54), estimate(0.6, 0.55, 0.65))).level, 'strong');
  assert.is(judge(fakeAudit({ attacks: 0 })).level, 'none');
});

test('an interval that only just clears chance is a hint when others were looked at', () => {
  // z for 1 - 0.05 / 2 and two intervals is 2.241 against 1.960: the half-width of 0.040 becomes 0.0457
  assert.is(judge(one(estimate(0.545, 0.505, 0.585), chance)).level, 'hint');
  assert.is(judge(one(estimate(0.546, 0.506, 0.586), chance)).level, 'visible');
});

test('more intervals need more evidence', () => {
  const audit = one(estimate(0.547, 0.507, 0.587), chance);
  assert.is(judge(audit).level, 'visible');
  const quiet = { ...audit.attacks[0]!, auc: estimate(0.5, 0.46, 0.54) };
  assert.is(judge({ ...audit, attacks: [...audit.attacks, quiet, quiet, quiet] }).level, 'hint');
});

test('balanced accuracy and advantage alone decide nothing', () => {
  const audit = one(estimate(0.5, 0.46, 0.54), chance, {
    balancedAccuracy: estimate(0.9, 0.88, 0.92),
    advantage: estimate(0.8, 0.76, 0.84),
  });
  assert.is(judge(audit).level, 'none');
});

test('the headline rests on the lowest false-positive rate that shows the leak', () => {
  const { key, reasons } = judge(fakeAudit({ leak: 0.5, members: 10_000, nonMembers: 10_000, attacks: 3 }));
  assert.is(key!.fpr, 0.001);
  assert.match(reasons[0]!, 'while wrongly accusing 0.1 %');
  const auc = judge(one(estimate(0.6, 0.56, 0.64), chance));
  assert.is(auc.key!.fpr, null);
  assert.match(auc.reasons[0]!, 'in 60.0 % of all pairs (at least 56.0 %); guessing gets 50 %');
});

test('no leak names the leak that would have gone unseen', () => {
  const { reasons } = judge(one(estimate(0.5, 0.46, 0.54), chance));
  assert.match(reasons.join(' '), 'AUC of up to 0.54 would fit');
});

test(
  'false alarms: 100 audits of a model that leaks nothing, four attacks each',
  () => {
    let alarms = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { level } = judge(fakeAudit({ leak: 0, seed, members: 120, nonMembers: 120, attacks: 4 }));
      if (level === 'visible' || level === 'strong') alarms++;
    }
    // one-sided, at most 2.5 % of audits by the union bound over the intervals: 2.5 of 100, plus four standard errors
    // of sqrt(100 * 0.025 * 0.975) = 1.6
    assert.ok(alarms <= 8, `${alarms} false alarms`);
  },
  { timeout: 60_000 },
);
