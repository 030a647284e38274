/** What training and attacks report, as steps of a progress meter. */
import type { Progress } from '../engine/index.ts';
import type { AuditProgress, TrainingProgress } from '../experiments/index.ts';
import type { ProgressMeter } from './progress.ts';

export function showTraining(meter: ProgressMeter, phase: string, p: Progress): void {
  meter.update({ phase, done: p.step, total: p.steps, unit: 'steps', note: `epoch ${p.epoch}/${p.epochs}` });
}

/** One bar a model, or one for all where there are many or they train at the same time. */
function showModels(meter: ProgressMeter, p: TrainingProgress): void {
  const { models, finished, step, steps, atOnce } = p.all;
  if (models <= 2 && atOnce === 1) showTraining(meter, `${p.model} model`.padEnd(12), p);
  else {
    const note = `${finished}/${models} done`;
    meter.update({ phase: `${models} models`.padEnd(12), done: step, total: steps, unit: 'steps', note });
  }
}

export function showAudit(meter: ProgressMeter): (progress: AuditProgress) => void {
  return (p) => {
    if (p.phase === 'train') showModels(meter, p);
    else meter.update({ phase: 'attacks'.padEnd(12), done: p.done, total: p.of, unit: 'attacks', note: p.attack });
  };
}
