/** A made-up audit with real statistics: scores are drawn from normals, everything else is computed as in a run. */
import { scoreHistogram, summarise } from '../../attacks/metrics/index.ts';
import type { AuditAttack, AuditRecord } from '../../experiments/audit-record.ts';
import { testRng } from '../attacks/random.ts';

type Threat = AuditAttack['threat'];
const SHADOW = ['training-distribution', 'architecture'];

const ATTACKS: readonly { name: string; title: string; paper: string; strength: number; threat: Threat }[] = [
  {
    name: 'gap',
    title: 'Gap (is it right?)',
    paper: 'Yeom et al. 2018, Privacy risk in machine learning: analyzing the connection to overfitting (CSF)',
    strength: 0.5,
    threat: { access: 'label-only', knowledge: ['labels'], goal: 'membership' },
  },
  {
    name: 'loss',
    title: 'Loss threshold',
    paper: 'Yeom et al. 2018, Privacy risk in machine learning: analyzing the connection to overfitting (CSF)',
    strength: 0.6,
    threat: { access: 'probabilities', knowledge: ['labels', 'training-distribution'], goal: 'membership' },
  },
  {
    name: 'modified-entropy',
    title: 'Modified entropy',
    paper: 'Song and Mittal 2021, Systematic evaluation of privacy risks of machine learning models (USENIX Security)',
    strength: 0.55,
    threat: { access: 'probabilities', knowledge: ['labels', 'training-distribution'], goal: 'membership' },
  },
  {
    name: 'shadow-svm',
    title: 'Shadow models, one SVM per class',
    paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P)',
    strength: 0.7,
    threat: { access: 'probabilities', knowledge: ['labels', ...SHADOW], goal: 'membership' },
  },
  {
    name: 'lira-offline',
    title: 'LiRA offline',
    paper: 'Carlini et al. 2022, Membership inference attacks from first principles (S&P)',
    strength: 0.85,
    threat: { access: 'logits', knowledge: ['labels', ...SHADOW], goal: 'membership' },
  },
  {
    name: 'lira-online',
    title: 'LiRA online',
    paper: 'Carlini et al. 2022, Membership inference attacks from first principles (S&P)',
    strength: 1,
    threat: { access: 'logits', knowledge: ['labels', ...SHADOW], goal: 'membership' },
  },
];

export interface FakeOptions {
  /** 0 = no leak; 1 = the strongest attack separates by one standard deviation, and a tail of records by four */
  readonly leak?: number;
  readonly members?: number;
  readonly nonMembers?: number;
  readonly seed?: number;
  readonly attacks?: number;
}

export function fakeAudit(o: FakeOptions = {}): AuditRecord {
  const { leak = 1, members = 450, nonMembers = 450, seed = 1, attacks = ATTACKS.length } = o;
  const rng = testRng(seed);
  const warnings: AuditRecord['warnings'] = [];
  const results = ATTACKS.slice(0, attacks).map(({ strength, ...rest }): AuditAttack => {
    const shift = leak * strength;
    // some records are remembered far better than the rest: what low false-positive rates show
    const scores = {
      members: rng.normals(members).map((x) => (rng.uniform() < 0.15 * shift ? x + 4 : x + 0.5 * shift)),
      nonMembers: rng.normals(nonMembers),
    };
    if (rest.name === 'gap') {
      scores.members = scores.members.map((x) => (x > -1 - 0.2 * Math.min(1, leak) ? 1 : 0));
      scores.nonMembers = scores.nonMembers.map((x) => (x > -1 ? 1 : 0));
    }
    const s = summarise({ ...scores, threshold: rest.name === 'lira-offline' ? null : 0.5, rng });
    warnings.push(...(warnings.length === 0 ? s.warnings : []));
    const { precision: _p, recall: _r, tprAtFpr, roc, warnings: w, ...metrics } = s;
    return {
      ...rest,
      ...metrics,
      access: rest.threat.access,
      tprAtFpr: { '0.1': tprAtFpr['0.1']!, '0.01': tprAtFpr['0.01']!, '0.001': tprAtFpr['0.001']! },
      queries: members + nonMembers,
      seconds: 0.4 + 20 * strength ** 4,
      warnings: [...w],
      roc: { fpr: [...roc.fpr], tpr: [...roc.tpr] },
      histogram: scoreHistogram({ ...scores, bins: rest.name === 'gap' ? 20 : 36 }),
    };
  });
  return {
    schema: 'keyhole.audit/1',
    dataset: {
      name: 'Handwritten digits (8 × 8)',
      sha256: '3f1c0a5be2d94c7786f0b1d2a9e8c7d65b4f3e2a1908f7e6d5c4b3a291807f6e',
      members,
      nonMembers,
      classes: 10,
    },
    model: { name: 'mlp 64-128-10', parameters: 9610 },
    train: { accuracy: 1, testAccuracy: leak > 0 ? 0.9333 : 0.9956, epochs: 120, seconds: 3.81 },
    attacks: results,
    seed: 1,
    build: 'base',
    seconds: 94.2,
    warnings: [...warnings],
    command: 'keyhole audit --data digits --out keyhole-report',
    date: '2026-01-15',
    version: '0.1.0',
  };
}
