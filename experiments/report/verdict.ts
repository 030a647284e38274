/**
 * From many intervals to one careful sentence. Only AUC and TPR at low FPR are asked: accuracy is never the headline.
 *
 * An audit looks at k intervals at once (attacks x metrics), and with enough of them one lies above chance by luck. A leak
 * is therefore certain only where the lower end stays above chance after each interval is widened, on the scale of a
 * normal error, from level 1 - alpha to level 1 - alpha / k (Bonferroni).
 */
import { aboveAfter } from '../../attacks/metrics/index.ts';
import type { AuditAttack, AuditEstimate, AuditRecord } from '../audit-record.ts';
import { FPRS, integer, percent } from './format.ts';

export interface Evidence {
  readonly attack: AuditAttack;
  /** null for AUC, else the false-positive rate */
  readonly fpr: number | null;
  readonly estimate: AuditEstimate & { readonly value: number };
  /** what guessing achieves */
  readonly chance: number;
  /** the lower end is above chance; `certain`: also after the allowance for looking k times */
  readonly aboveChance: boolean;
  readonly certain: boolean;
}

export type VerdictLevel = 'strong' | 'visible' | 'hint' | 'none';

export interface Verdict {
  readonly level: VerdictLevel;
  /** one plain sentence */
  readonly headline: string;
  /** what it rests on, in plain sentences */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
  /** what the headline rests on; null when nothing is above chance */
  readonly key: Evidence | null;
}

// A judgement, stated in the report: five times more often than guessing, or an AUC that is above 0.75, at the lower end
const STRONG_LIFT = 5;
const STRONG_AUC = 0.75;

export const VERDICT_MEANING =
  'A leak is called when the lower end of an interval is above guessing, with allowance for how many intervals were looked ' +
  `at. It is called strong when that lower end is ${STRONG_LIFT} times what guessing finds, or an AUC of ${STRONG_AUC}. Only AUC and TPR count.`;

export function judge(audit: AuditRecord): Verdict {
  const evidence = gather(audit);
  if (audit.control?.broken) return unsound(audit.control, evidence);
  const certain = evidence.filter((e) => e.certain);
  const above = evidence.filter((e) => e.aboveChance);
  const key = strongest(certain.length > 0 ? certain : above);
  const level =
    certain.length > 0 ? (certain.some(isStrong) ? 'strong' : 'visible') : above.length > 0 ? 'hint' : 'none';
  return { level, headline: HEADLINES[level], reasons: reasons(level, audit, evidence, key), evidence, key };
}

/** Where the two groups differ without the model, no number about the model can be read from how they differ. */
function unsound(control: NonNullable<AuditRecord['control']>, evidence: readonly Evidence[]): Verdict {
  const best = control.classifiers.reduce((a, b) => ((b.auc.value ?? 0) > (a.auc.value ?? 0) ? b : a));
  return {
    level: 'hint',
    headline: 'Members and non-members differ without the model: this audit cannot tell whether it leaks.',
    reasons: [
      `A classifier that never sees the model ranks a member above a non-member in ${percent(best.auc.value ?? 0)} of all ` +
        `pairs (at least ${percent(best.auc.low)}); it should be 50 %.`,
      'The attacks below profit from the same difference, by an amount that nobody knows.',
    ],
    evidence,
    key: null,
  };
}

const HEADLINES: Readonly<Record<VerdictLevel, string>> = {
  strong: 'This model reveals which records it was trained on.',
  visible: 'This model visibly leaks which records it was trained on.',
  hint: 'There are signs of a leak, too weak to be sure.',
  none: 'No leak detected at this sample size.',
};

function isStrong(e: Evidence): boolean {
  return e.fpr === null ? e.estimate.low >= STRONG_AUC : e.estimate.low >= STRONG_LIFT * e.chance;
}

function gather(audit: AuditRecord): Evidence[] {
  const found: Omit<Evidence, 'aboveChance' | 'certain'>[] = [];
  for (const attack of audit.attacks) {
    const ask = (estimate: AuditEstimate | null, fpr: number | null, chance: number) => {
      if (estimate !== null && estimate.value !== null) {
        found.push({ attack, fpr, chance, estimate: { ...estimate, value: estimate.value } });
      }
    };
    ask(attack.auc, null, 0.5);
    for (const { key, rate } of FPRS) ask(attack.tprAtFpr[key], rate, rate);
  }
  return found.map((e) => {
    const certain = aboveAfter(found.length, e.estimate, e.chance);
    return { ...e, aboveChance: e.estimate.low > e.chance, certain };
  });
}

/** The lowest false-positive rate that shows anything says most; there, the highest lower end. */
function strongest(list: readonly Evidence[]): Evidence | null {
  return list.reduce<Evidence | null>((best, e) => {
    if (best === null) return e;
    const [a, b] = [e.fpr ?? 1, best.fpr ?? 1];
    return a < b || (a === b && e.estimate.low > best.estimate.low) ? e : best;
  }, null);
}

/** "finds 24.1 % of the training records (at least 19.0 %) while wrongly accusing 1 % of the others; ..." */
export function inWords({ attack, fpr, estimate: e, chance }: Evidence): string {
  if (fpr === null) {
    return (
      `${attack.title} ranks a training record above a record the model never saw in ${percent(e.value)} of all pairs ` +
      `(at least ${percent(e.low)}); guessing gets 50 %.`
    );
  }
  return (
    `${attack.title} finds ${percent(e.value)} of the training records (at least ${percent(e.low)}) while wrongly accusing ` +
    `${fprLabel(chance)} of the records the model never saw; guessing would find ${fprLabel(chance)}.`
  );
}

export function fprLabel(rate: number): string {
  return FPRS.find((f) => f.rate === rate)?.label ?? percent(rate);
}

function reasons(
  level: VerdictLevel,
  audit: AuditRecord,
  evidence: readonly Evidence[],
  key: Evidence | null,
): readonly string[] {
  const confidence = `${+((evidence[0]?.estimate.confidence ?? 0.95) * 100).toFixed(4)} %`;
  const sizes = `${integer(audit.dataset.members)} training records and ${integer(audit.dataset.nonMembers)} others`;
  const worst = Math.max(...evidence.map((e) => (e.fpr === null ? e.estimate.high : 0)));
  if (level === 'none') {
    return [
      evidence.length === 0
        ? 'No attack was run, so nothing can be said.'
        : `No attack did better than guessing by more than the ${confidence} intervals allow, on ${sizes}.`,
      ...(evidence.length === 0
        ? []
        : [
            `A leak with an AUC of up to ${worst.toFixed(2)} would fit these results as well, and a stronger attack may exist.`,
          ]),
    ];
  }
  const say = key === null ? [] : [inWords(key)];
  if (level === 'hint') {
    return [
      ...say,
      `But ${evidence.length} intervals were looked at, and one this far above chance may be luck. More records would decide it.`,
    ];
  }
  return [
    ...say,
    `This holds at the lower end of the ${confidence} intervals on ${sizes}, with allowance for all ${evidence.length} ` +
      'of them being looked at. A stronger attack may find more.',
  ];
}
