/** The audit record: survives JSON, and a broken one is refused with the path of what is wrong. */
import { parseAudit } from '../../experiments/audit-record.ts';
import { assert, suite } from '../harness.ts';
import { fakeAudit } from './fake-audit.ts';

const test = suite('report: record');

test('survives JSON', () => {
  const audit = fakeAudit();
  assert.equal(parseAudit(JSON.parse(JSON.stringify(audit))), audit);
});

test('refuses what is wrong, naming the path', () => {
  const broken = (change: (audit: ReturnType<typeof fakeAudit>) => void) => {
    const audit = fakeAudit({ attacks: 2 });
    change(audit);
    return () => parseAudit(JSON.parse(JSON.stringify(audit)));
  };
  assert.throws(
    broken((a) => Object.assign(a, { schema: 'keyhole.audit/2' })),
    /audit record: schema: .*keyhole\.audit\/1/,
  );
  assert.throws(
    broken((a) => Object.assign(a.train, { accuracy: 93 })),
    /train\.accuracy/,
  );
  assert.throws(
    broken((a) => Object.assign(a.attacks[1]!, { access: 'everything' })),
    /attacks\.1\.access/,
  );
  assert.throws(
    broken((a) => Object.assign(a.attacks[0]!.auc, { high: Infinity })),
    /attacks\.0\.auc\.high/,
  );
  assert.throws(
    broken((a) => a.attacks[0]!.roc.fpr.pop()),
    /attacks\.0\.roc: roc: expected as many/,
  );
  assert.throws(
    broken((a) => a.attacks[0]!.histogram.edges.pop()),
    /one more edge than bins/,
  );
  assert.throws(() => parseAudit(null), /audit record: top level/);
});
