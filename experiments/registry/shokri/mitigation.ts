/**
 * The mitigation stage: every defence in the same setting, attacked twice. The naive attacker's shadow models are undefended, the
 * adaptive one's have the defence of the target; both have as many, on the same rows. A defence that changes answers stands before
 * the undefended models, which are trained once. Undefended models of fewer epochs show what stopping earlier gives by itself.
 *
 * Source: Shokri et al. 2017 (S&P), section VIII; at equal footing as Song and Mittal 2021 (USENIX Security), section 5, ask.
 */
import {
  changesAnswers,
  type DefenceSettings,
  type Further,
  reserveSize,
  thresholdAttack,
} from '../../membership/index.ts';
import type { Job } from '../../runner/index.ts';
import { fitJobs, judgeJob, modelJob, outputsJob, type Trained, usual } from './jobs.ts';
import type { Mitigation } from './mitigation-settings.ts';
import { dataOf, type Settings } from './settings.ts';

/** A row of the table: how models are trained, and what stands before them. */
export interface Treatment {
  readonly name: string;
  readonly trained: Trained;
  readonly answers: DefenceSettings | null;
  /** undefended, of fewer epochs */
  readonly shorter: boolean;
}

export function treatmentsOf(s: Settings, { defences, shorter }: Mitigation): Treatment[] {
  const plain = usual(s);
  const earlier = shorter.map((epochs): Treatment => {
    const name = `undefended, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
    return { name, trained: { ...plain, epochs, how: name }, answers: null, shorter: true };
  });
  const defended = defences.map(({ name, options, label }): Treatment => {
    const set = Object.entries(options).map(([option, value]) => `${option} ${value}`);
    const said = label ?? [name, ...set].join(', ');
    const defence = { name, options };
    return changesAnswers(defence)
      ? { name: said, trained: plain, answers: defence, shorter: false }
      : { name: said, trained: { ...plain, defence, how: said }, answers: null, shorter: false };
  });
  return [{ name: 'undefended', trained: plain, answers: null, shorter: false }, ...earlier, ...defended];
}

/** Each attacker's verdict on a treatment: attack models by kind, then signals. */
export function mitigationJobs(s: Settings, m: Mitigation, treatment: Treatment) {
  const { size, attacks, signals } = m;
  const model = (which: 'target' | number) => modelJob(s, size, which, treatment.trained);
  const further = furtherOf(s, m, treatment);
  const outputs = (which: 'target' | number) =>
    outputsJob(s, size, which, model(which), {
      defence: treatment.answers,
      further: which === 'target' ? further : null,
    });
  const target = outputs('target');
  const indices = Array.from({ length: m.shadows }, (_, i) => i);
  const shadows = {
    naive: indices.map((i) => outputsJob(s, size, i, modelJob(s, size, i))),
    adaptive: indices.map(outputs),
  };
  const by = (attacker: 'naive' | 'adaptive') => {
    const how = attacker === 'naive' ? `${m.shadows} undefended shadows` : `${m.shadows} shadows, ${treatment.name}`;
    const needs = shadows[attacker];
    const judged = `${treatment.name}, ${attacker} attacker`;
    return [
      ...attacks.map((attack) => {
        const fits = fitJobs(s, { size, attack, shadows: needs, how, ifNeeded: true });
        return { name: attack as string, job: judgeJob(s, { size, attack, target, fits, how: judged, further }) };
      }),
      ...signals.map((signal) => ({
        name: signal as string,
        job: signalJob(s, { size, signal, target, shadows: needs, how: judged, further }),
      })),
    ];
  };
  return { model: model('target'), outputs: target, naive: by('naive'), adaptive: by('adaptive') };
}

/** Non-members of the target beside as many as it has members. */
function furtherOf(s: Settings, { size, shadows, nonMembers }: Mitigation, treatment: Treatment): Further | null {
  if (nonMembers === null || nonMembers <= size) return null;
  const defence = treatment.answers ?? treatment.trained.defence;
  const reserve = defence ? reserveSize(defence, { kind: 'apart', train: size, seed: s.seed }) : 0;
  return { rows: nonMembers - size, shadows, reserve };
}

interface Signalled {
  readonly size: number;
  readonly signal: Mitigation['signals'][number];
  readonly target: Job;
  readonly shadows: readonly Job[];
  readonly how: string;
  readonly further: Further | null;
}

function signalJob(s: Settings, { size, signal, target, shadows, how, further }: Signalled) {
  const design = { kind: 'apart', train: size, seed: s.seed } as const;
  return thresholdAttack.job(
    { signal, design, seed: s.seed, ...(further && { further }) },
    { name: `${signal} on ${size} rows, ${how}`, data: [dataOf(s)], needs: [target, ...shadows] },
  );
}

/** All that the report reads. */
export const allMitigationJobs = (s: Settings): Job[] =>
  s.mitigation === null
    ? []
    : treatmentsOf(s, s.mitigation).flatMap((treatment) => {
        const { naive, adaptive } = mitigationJobs(s, s.mitigation!, treatment);
        return [...naive, ...adaptive].map(({ job }) => job);
      });
