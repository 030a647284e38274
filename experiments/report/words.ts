/** The report's vocabulary: threat models and metrics, in words for a reader who is not an expert. */
import type { AuditAttack, AuditRecord } from '../audit-record.ts';
import { integer } from './format.ts';

type Access = AuditAttack['access'];

/** What the attacker sees of the model; each level includes the ones before it. */
export const ACCESS: Readonly<Record<Access, { short: string; long: string }>> = {
  none: { short: 'nothing', long: 'Does not query the model at all.' },
  'label-only': { short: 'labels', long: 'Sees only which class the model predicts.' },
  probabilities: {
    short: 'probabilities',
    long: 'Sees the probability of every class, as a typical prediction service returns.',
  },
  logits: { short: 'logits', long: 'Sees the unrounded scores behind the probabilities.' },
  gradients: { short: 'gradients', long: 'Sees how the output changes with the input.' },
  'white-box': { short: 'white-box', long: 'Has the model itself, with all its parameters.' },
};

const KNOWLEDGE: Readonly<Record<string, string>> = {
  'training-distribution': 'other data of the same kind',
  'partial-training-data': 'part of the training data',
  architecture: 'the architecture and training recipe',
  defence: 'the defence in use',
  labels: 'the true label of each record',
  'mean-training-loss': 'the mean loss on the training data',
};

const GOAL: Readonly<Record<string, string>> = {
  membership: 'tell whether a given record was in the training data',
  attribute: 'infer a hidden attribute of a record',
  property: 'infer a property of the training data as a whole',
  reconstruction: 'reconstruct training records',
  extraction: 'copy the model',
  evasion: 'make the model misclassify',
  poisoning: 'corrupt the model through its training data',
  backdoor: 'plant a hidden trigger in the model',
};

/** An unknown term is shown as it is: a record may be newer than the program that renders it. */
export function knowledgeWords(knowledge: readonly string[]): string {
  if (knowledge.length === 0) return 'nothing else';
  const words = knowledge.map((k) => KNOWLEDGE[k] ?? k);
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export function goalWords(goal: string): string {
  return GOAL[goal] ?? goal;
}

/** What the attacker had besides the target, in sentences; null where there was nothing but the usual shadow models. */
export function attackersHelp({ references = 0, population = 0, attacks }: AuditRecord): string | null {
  const stronger = attacks.filter((a) => a.shadowData === 'overlapping').map((a) => a.title);
  const sentences = [
    ...(references > 0
      ? [
          `${integer(references)} reference models were each trained on a random half of the tested records, members and ` +
            'non-members alike, and the attacker knows who on which: a stronger attacker than one who only has data of the same kind.',
        ]
      : []),
    ...(stronger.length > 0 ? [`Results that rest on such overlapping data: ${stronger.join(', ')}.`] : []),
    ...(population > 0
      ? [`${integer(population)} records that no model was trained on are the attacker's population.`]
      : []),
  ];
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** What records were grouped by, where it is no column of the data: in a sentence, and over a table. */
export const SLICES_BY: Readonly<Record<string, { readonly by: string; readonly head: string }>> = {
  class: { by: 'class', head: 'Class' },
  prediction: { by: 'the model’s prediction', head: 'Prediction' },
};

export const CLASSIFIERS: Readonly<Record<string, string>> = {
  logistic: 'Logistic regression',
  'boosted-trees': 'Boosted trees',
};

export const METRICS: readonly { readonly term: string; readonly text: string }[] = [
  {
    term: 'Member, non-member',
    text: 'A record that the model was trained on, and one from the same source that it never saw. An attack gives every record a score; higher means “more likely a member”.',
  },
  {
    term: 'TPR at 1 % FPR',
    text: 'The share of members that the attack finds (true-positive rate) when it may wrongly accuse 1 in 100 non-members (false-positive rate). Guessing finds 1 %. At low rates this is the number that matters most: an attack that is rarely wrong is believed. Ties count against the attacker.',
  },
  {
    term: 'AUC',
    text: 'The chance that a random member gets a higher score than a random non-member. Guessing gives 0.5, a perfect attack 1. It is an average: an attack can have an AUC near 0.5 and still be certain about a few people.',
  },
  {
    term: 'Balanced accuracy',
    text: 'How often one fixed yes-or-no rule is right, counting members and non-members equally. Guessing gives 50 %. The threshold was fixed without looking at who is a member.',
  },
  {
    term: 'Advantage',
    text: 'For the same rule, the true-positive rate minus the false-positive rate. Guessing gives 0, a perfect attack 1.',
  },
];

/** Said only where the record has the part. */
export const PART_METRICS = {
  perClass: {
    term: 'Precision, recall',
    text: 'For the attack’s own yes-or-no rule: of the records it calls members, the share that are; and of the members, the share it calls so. Precision depends on how many members and non-members were tested: guessing has the members’ share of all.',
  },
  exposed: {
    term: 'Privacy risk score',
    text: 'The probability that one record is a member, given how the model treats it, if members and non-members were equally likely before. Densities come from the shadow models, so the target’s own members are not used. 50 % says nothing; a high score of a member is a record that can be accused with confidence.',
  },
  control: {
    term: 'Control',
    text: 'Classifiers that never see the model. If they tell members from non-members, the two groups differ by how they were collected, and the split, not the model, explains what attacks find.',
  },
} as const;
