/** Long work on standard error: a bar with rate and time left on a terminal, a line now and then elsewhere. */
import cliProgress from 'cli-progress';
import { bytesText, clockText, countText } from './output.ts';
import type { Stream } from './terminal.ts';

export interface Step {
  /** what is being done: `target model`; a new name begins a new bar */
  readonly phase: string;
  readonly done: number;
  /** null: not known */
  readonly total: number | null;
  /** what `done` counts, for the rate */
  readonly unit: 'steps' | 'bytes' | 'attacks' | 'jobs' | 'rows';
  /** `epoch 3/60` */
  readonly note?: string;
  /** seconds, where more is known than the rate so far; null: nothing is known */
  readonly left?: number | null;
}

export interface ProgressMeter {
  update(step: Step): void;
  /** leaves the last state on the screen */
  stop(): void;
}

const SILENT: ProgressMeter = { update() {}, stop() {} };
const LINE_EVERY_MS = 2000;
/** `  50 %  epoch 203/400  1,767 steps/s  10:04 left`, so that the bar keeps its length */
const WIDEST_FACTS = 52;

export function progressOn(stream: Stream, { quiet = false } = {}): ProgressMeter {
  if (quiet) return SILENT;
  return stream.isTTY ? bars(stream) : plainLines(stream);
}

/** Where a phase began: a resumed one does not begin at 0, and its rate must not count what was there. */
interface Begin {
  readonly phase: string;
  readonly done: number;
  readonly at: number;
}

function beginOf(step: Step): Begin {
  return { phase: step.phase, done: step.done, at: performance.now() };
}

interface Pace {
  readonly rate: number;
  /** seconds; null: not known */
  readonly left: number | null;
}

function paceOf(step: Step, begin: Begin): Pace {
  const seconds = (performance.now() - begin.at) / 1000;
  const rate = seconds > 0 ? (step.done - begin.done) / seconds : 0;
  return { rate, left: step.total !== null && rate > 0 ? (step.total - step.done) / rate : null };
}

function rateText(rate: number, unit: Step['unit']): string {
  if (unit === 'bytes') return `${bytesText(rate)}/s`;
  return rate >= 10 ? `${countText(Math.round(rate))} ${unit}/s` : `${rate.toFixed(1)} ${unit}/s`;
}

function facts(step: Step, begin: Begin): string[] {
  const pace = paceOf(step, begin);
  const { rate } = pace;
  const left = step.left === undefined ? pace.left : step.left;
  const volume =
    step.unit === 'bytes' ? [bytesText(step.done) + (step.total === null ? '' : ` of ${bytesText(step.total)}`)] : [];
  const speed = rate > 0 && step.unit !== 'attacks' && step.unit !== 'jobs' ? [rateText(rate, step.unit)] : [];
  const remaining = left !== null && step.done < step.total! ? [`${clockText(left)} left`] : [];
  return [...(step.note ? [step.note] : []), ...volume, ...speed, ...remaining];
}

function bars(stream: Stream): ProgressMeter {
  let bar: cliProgress.SingleBar | null = null;
  let begin: Begin | null = null;
  let last: Step | null = null;
  const draw = () => {
    const share = last!.total ? Math.min(1, last!.done / last!.total) : 0;
    const tail = facts(last!, begin!).join('  ');
    const percent = last!.total ? `${String(Math.floor(100 * share)).padStart(3)} %  ` : '';
    const room = (stream.columns ?? 80) - last!.phase.length - WIDEST_FACTS;
    const size = Math.max(0, Math.min(30, room));
    const filled = Math.round(size * share);
    return `${last!.phase}  ${'━'.repeat(filled)}${'─'.repeat(size - filled)}  ${percent}${tail}`;
  };
  const stop = () => {
    bar?.update(last!.done);
    bar?.stop();
    bar = null;
  };
  return {
    update(step) {
      if (begin?.phase !== step.phase) {
        stop();
        begin = beginOf(step);
        last = step;
        bar = new cliProgress.SingleBar({ stream, format: draw, fps: 8, hideCursor: true, gracefulExit: false });
        bar.start(step.total ?? 0, step.done);
      }
      last = step;
      bar?.update(step.done);
    },
    stop,
  };
}

function plainLines(stream: Stream): ProgressMeter {
  let begin: Begin | null = null;
  let last: Step | null = null;
  let saidAt = Number.NEGATIVE_INFINITY;
  let said: Step | null = null;
  const say = (step: Step) => {
    const percent = step.total ? [`${Math.floor((100 * step.done) / step.total)} %`] : [];
    stream.write(`${step.phase.trimEnd()}: ${[...percent, ...facts(step, begin!)].join(', ')}\n`);
    saidAt = performance.now();
    said = step;
  };
  const stop = () => {
    if (last && last !== said) say(last);
    last = null;
  };
  return {
    update(step) {
      if (begin?.phase !== step.phase) {
        stop();
        begin = beginOf(step);
        // The first line comes after a while: quick work says only how it ended.
        saidAt = begin.at;
      }
      last = step;
      if (performance.now() - saidAt >= LINE_EVERY_MS) say(step);
    },
    stop,
  };
}
