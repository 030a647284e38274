/** Learning rates as functions of the step, counted from 0. Written without Math.pow and Math.cos, which differ between engines. */
import { ConfigError } from '../errors.ts';
import { exp, log } from '../math/index.ts';

export type Schedule = (step: number) => number;

function positive(schedule: string, name: string, value: number): void {
  if (value > 0) return;
  throw new ConfigError(`${schedule}: expected ${name} to be a number of steps > 0, got ${value}.`, name);
}

export const constant =
  (rate: number): Schedule =>
  () =>
    rate;

/** rate * factor^floor(step / every) */
export function stepDecay(rate: number, every: number, factor: number): Schedule {
  positive('stepDecay', 'every', every);
  return (step) => {
    let r = rate;
    for (let i = Math.floor(step / every); i > 0; i--) r *= factor;
    return r;
  };
}

/** rate * factor^(step / over): falls by `factor` in every `over` steps, smoothly */
export function exponential(rate: number, over: number, factor: number): Schedule {
  positive('exponential', 'over', over);
  return (step) => rate * exp((step / over) * log(factor));
}

/** rate / (1 + decay * step): Keras' "decay", as Shokri et al. 2017 train */
export const inverseTime =
  (rate: number, decay: number): Schedule =>
  (step) =>
    rate / (1 + decay * step);

/** From `rate` to `last` along half a cosine over `steps` steps (Loshchilov & Hutter 2017, eq. 5). */
export function cosine(rate: number, steps: number, last = 0): Schedule {
  positive('cosine', 'steps', steps);
  return (step) => last + (rate - last) * halfCosine(Math.min(1, step / steps));
}

/** Rises from 0 over `steps` steps, then follows another schedule from its start. */
export const warmup =
  (steps: number, then: Schedule): Schedule =>
  (step) =>
    step < steps ? (then(0) * (step + 1)) / steps : then(step - steps);

/** (1 + cos(pi x)) / 2 for x in [0, 1], by the Taylor series about the nearest multiple of a quarter turn. */
function halfCosine(x: number): number {
  const a = Math.PI * (x <= 0.5 ? x : 1 - x);
  const s = a * a;
  let c = 0;
  for (let k = 11; k >= 1; k--) c = 1 - (s / (2 * k * (2 * k - 1))) * (k === 11 ? 1 : c);
  return x <= 0.5 ? (1 + c) / 2 : (1 - c) / 2;
}

/** A number as a constant schedule. @throws ConfigError for a rate that is not positive and finite */
export function toSchedule(rate: number | Schedule): Schedule {
  if (typeof rate === 'function') return rate;
  if (!(rate > 0 && Number.isFinite(rate)))
    throw new ConfigError(`learningRate: expected a number > 0, got ${rate}.`, 'learningRate');
  return constant(rate);
}
