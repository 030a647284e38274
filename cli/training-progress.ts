/** What training and attacks report, as steps of a progress meter. */
import type { Progress } from '../engine/index.ts';
import type { AuditProgress } from '../experiments/index.ts';
import type { ProgressMeter } from './progress.ts';

export function showTraining(meter: ProgressMeter, phase: string, p: Progress): void {
  meter.update({ phase, done: p.step, total: p.steps, unit: 'steps', note: `epoch ${p.epoch}/${p.epochs}` });
}

export function showAudit(meter: ProgressMeter): (progress: AuditProgress) => void {
  return (p) => {
    if (p.phase === 'train') showTraining(meter, `${p.model} model`.padEnd(12), p);
    else meter.update({ phase: 'attacks'.padEnd(12), done: p.done, total: p.of, unit: 'attacks', note: p.attack });
  };
}
