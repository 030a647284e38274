/** A made-up audit with real statistics: scores are drawn from normals, everything else is computed as in a run. */
import { clopperPearson, scoreHistogram, summarise } from '../../attacks/metrics/index.ts';
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

export interface FakePartsOptions {
  readonly broken?: boolean;
  /** of every class, column and value */
  readonly name?: (place: number) => string;
}

/** The same audit with every optional part. */
export function withParts(audit: AuditRecord, o: FakePartsOptions = {}): AuditRecord {
  const { broken = false, name = (place) => `n${place}` } = o;
  const [a, b] = [audit.attacks.at(-1)!, audit.attacks[0]!];
  const rate = (hits: number, n: number) => clopperPearson({ hits, n });
  const difference = {
    value: -0.02,
    low: -0.05,
    high: 0.01,
    n: 900,
    confidence: 0.95,
    method: 'paired-bootstrap',
  } as const;
  const perClass = {
    classes: [0, 1, 2].map((c) => ({
      name: name(c),
      members: 100,
      nonMembers: 50,
      baseline: 2 / 3,
      precision: rate(40 + 20 * c, 90),
      recall: rate(40 + 20 * c, 100),
    })),
    medianPrecision: { ...rate(60, 90), method: 'bootstrap' as const },
    medianRecall: { ...rate(60, 100), method: 'bootstrap' as const },
  };
  const none = { '0.1': null, '0.01': null, '0.001': null };
  const slices = [
    ...[0, 1].map((s) => ({
      value: name(10 + s),
      members: 200,
      nonMembers: 150,
      tooSmall: false,
      // the second is above chance alone, and not with allowance for four looks
      auc: { ...a.auc, value: s === 0 ? 0.9 : 0.545, low: s === 0 ? 0.87 : 0.505, high: s === 0 ? 0.93 : 0.585 },
      balancedAccuracy: rate(s === 0 ? 160 : 100, 200),
      tprAtFpr: none,
    })),
    { value: name(12), members: 4, nonMembers: 2, tooSmall: true, auc: null, balancedAccuracy: null, tprAtFpr: none },
  ];
  const auc = (value: number) => ({
    ...{ value, low: value - 0.06, high: value + 0.06, n: 900, confidence: 0.9995 },
    method: 'delong' as const,
  });
  return {
    ...audit,
    attacks: audit.attacks.map((attack) => (attack.balancedAccuracy ? { ...attack, perClass } : attack)),
    slices: [
      { attack: a.name, by: 'class', looks: 4, slices },
      { attack: a.name, by: name(20), looks: 0, slices: slices.slice(2) },
    ],
    exposed: {
      signal: 'modified-entropy',
      prior: 0.5,
      records: [0, 1].map((r) => ({ row: 1200 + r, class: name(r), score: -0.1, risk: 0.93 - r / 100 })),
      histogram: { edges: [0, 0.5, 1], members: [10, 40], nonMembers: [30, 20] },
    },
    control: {
      classifiers: [
        { name: 'logistic', auc: auc(broken ? 0.71 : 0.49) },
        { name: 'boosted-trees', auc: auc(broken ? 0.83 : 0.51) },
      ],
      folds: 5,
      features: 28,
      broken,
    },
    paired: [
      {
        ...{ a: a.name, b: b.name, pValue: 0.21 },
        auc: difference,
        aucDeLong: { ...difference, method: 'delong' },
        tprAtFpr: { ...none, '0.1': { ...difference, value: 0.1, low: 0.05, high: 0.15 } },
      },
    ],
  };
}
