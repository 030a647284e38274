/** What to do about it: advice that follows from what was found, most effective first. */
import { nonMembersNeeded } from '../../attacks/metrics/index.ts';
import type { AuditRecord } from '../audit-record.ts';
import { FPRS, integer, percent } from './format.ts';
import type { Verdict } from './verdict.ts';

export interface Advice {
  readonly title: string;
  readonly text: string;
}

// below two points between training and test accuracy, regularisation has little left to close
const NOTICEABLE_GAP = 0.02;
const SHADOW_ATTACK = /lira|rmia|shadow/i;

export function advise(audit: AuditRecord, verdict: Verdict): readonly Advice[] {
  const leaking = verdict.level === 'strong' || verdict.level === 'visible';
  if (audit.control?.broken) return [fairSplit, ...onSampleSize(audit)];
  return [
    ...(leaking ? onLeak(audit, verdict) : []),
    ...(verdict.level === 'hint' ? [moreRecords] : []),
    ...(leaking ? [] : onNoLeak(audit)),
    ...onSampleSize(audit),
  ];
}

function onLeak({ train }: AuditRecord, verdict: Verdict): Advice[] {
  const { accuracy, testAccuracy } = train;
  const gap = accuracy === null || testAccuracy === null ? null : accuracy - testAccuracy;
  const accesses = new Set(verdict.evidence.filter((e) => e.certain).map((e) => e.attack.access));
  const rates = `${percent(accuracy ?? 0)} of its training records and ${percent(testAccuracy ?? 0)} of new ones`;
  return [
    {
      title: 'Handle the model like the data',
      text:
        'Until a new audit says otherwise, whoever can query this model can learn something about who is in the training ' +
        'data. Where membership itself is sensitive (a clinic, a list of debtors), restrict access as for the data.',
    },
    gap === null
      ? {
          title: 'Compare it on training and new records',
          text:
            'Without true labels nothing was measured about how much better the model is on its training records; the attacks ' +
            'live on such differences. Where it is much better, regularise, stop earlier, or train on more data; then audit again.',
        }
      : gap >= NOTICEABLE_GAP
        ? {
            title: 'Close the gap between training and test',
            text:
              `The model is right on ${rates}; the attacks live on such differences. Regularise (weight decay, dropout, ` +
              'augmentation), stop earlier, use a smaller model or more training data. Test accuracy often rises along with ' +
              'it. Then audit again: a small average gap can still hide a few strongly remembered records.',
          }
        : {
            title: 'Look at the unusual records',
            text:
              `The model is right on ${rates}: on average it hardly overfits, so the leak sits in few records, typically rare ` +
              'or mislabelled ones. More regularisation will do little; check the records with the highest scores.',
          },
    {
      title: 'For a guarantee, train with differential privacy',
      text:
        'DP-SGD clips the gradient of every record and adds noise. It bounds every attack, known or not: with ' +
        'budget (ε, δ) no attack has a TPR above exp(ε) × FPR + δ. It costs accuracy and tuning; everything else on ' +
        'this list lowers what today’s attacks find and promises nothing about tomorrow’s.',
    },
    accesses.has('label-only')
      ? {
          title: 'Do not count on hiding the probabilities',
          text:
            'An attack that sees only the predicted class already succeeds here, so returning labels, rounded or top-k ' +
            'outputs will not stop it.',
        }
      : {
          title: 'Give out less, but do not count on it',
          text:
            'Rounding, top-k outputs or labels alone make these attacks harder and cost little. They hide the leak, they do ' +
            'not remove it: label-only attacks work against them (Choquette-Choo et al. 2021). Measure with an attack that ' +
            'knows the defence.',
        },
  ];
}

const fairSplit: Advice = {
  title: 'Draw members and non-members from one source',
  text:
    'Take all records that could have been trained on, and split them at random before training: by person where a person ' +
    'has several records, not by date, source or file. Where the model is given and its members are fixed, find ' +
    'non-members of the same time and origin, prepared in the same way.',
};

const moreRecords: Advice = {
  title: 'Decide it with more records',
  text: 'Repeat the audit with more members and non-members and another seed. Twice the records make intervals 1.4 times narrower.',
};

function onNoLeak({ attacks }: AuditRecord): Advice[] {
  const shadow = attacks.some((a) => SHADOW_ATTACK.test(a.name));
  const couldOverlap = attacks.some((a) => a.shadowData) && !attacks.some((a) => a.shadowData === 'overlapping');
  return [
    {
      title: 'Claim no more than was tested',
      text:
        'Say which attacks were run, with which access and on how many records. No attack that failed can prove that all ' +
        'would: only differential privacy gives a bound for attacks that were not run.',
    },
    ...(shadow
      ? []
      : [
          {
            title: 'Try the stronger attacks',
            text: 'Attacks with shadow models (LiRA, RMIA) find leaks at low false-positive rates that simple thresholds miss.',
          },
        ]),
    ...(shadow && couldOverlap
      ? [
          {
            title: 'Try the strongest attacks',
            text:
              'LiRA and RMIA find most with reference models that were trained on halves of the tested records (--references 16): ' +
              'they compare how models answer about a record with and without it.',
          },
        ]
      : []),
  ];
}

function onSampleSize({ attacks, dataset }: AuditRecord): Advice[] {
  const open = FPRS.filter(({ key }) => attacks.some((a) => a.tprAtFpr[key] === null));
  if (open.length === 0) return [];
  return [
    {
      title: 'Hold out more non-members',
      text:
        `With ${integer(dataset.nonMembers)} non-members nothing can be said about a false-positive rate of ` +
        `${open.map((f) => f.label).join(' or ')}: it takes ${open.map((f) => integer(nonMembersNeeded(f.rate))).join(' or ')}. ` +
        'The most damaging attacks are the ones that are rarely wrong, and only low rates show them.',
    },
  ];
}
