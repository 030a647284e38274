/**
 * What the peers have in common: the protocol with bench/peers.ts and the clock.
 *
 * A job is one line of JSON on standard input, `{ name, amount, unit, samples?, milliseconds, clock, spec }`; its answer is one
 * line on standard output, `{ row, note? }`, `{ note }` (it was tried and cannot be done) or `{ nothing }` (not this peer's).
 * With `--startup` the script prints milliseconds from the begin of its import instead, and ends.
 */
import { createInterface } from 'node:readline';

// The rule of bench/timing.ts, with an end for what takes seconds a call.
const SAMPLE_MS = 2;
const FIRST_CALLS = 20;
const PATIENCE_MS = 15_000;
const FEWEST_SAMPLES = 3;

function cpuMilliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Seconds of one call of `fn`, which may return a promise of its being done. */
async function timeOf(fn, { samples = 15, milliseconds = 500, clock = 'wall' }) {
  const now = clock === 'cpu' ? cpuMilliseconds : () => performance.now();
  const begun = performance.now();
  const outOfPatience = () => performance.now() - begun > PATIENCE_MS;
  let fastest = Infinity;
  let total = 0;
  for (let i = 0; i < FIRST_CALLS && total < SAMPLE_MS * FIRST_CALLS; i++) {
    const took = await once(fn, 1, now);
    fastest = Math.min(fastest, took);
    total += took;
  }
  const repeats = Math.max(1, Math.round(SAMPLE_MS / Math.max(1e-4, fastest)));
  for (let i = 0, spent = 0; (i < Math.min(5, samples) || spent < milliseconds) && !outOfPatience(); i++) {
    spent += await once(fn, repeats, now);
  }
  const times = [];
  for (let spent = 0; times.length < samples || spent < milliseconds; ) {
    if (outOfPatience() && times.length >= (fastest > PATIENCE_MS ? 1 : FEWEST_SAMPLES)) break;
    const took = await once(fn, repeats, now);
    times.push(took / repeats / 1000);
    spent += took;
  }
  times.sort((a, b) => a - b);
  const n = times.length;
  return { median: (times[(n - 1) >> 1] + times[n >> 1]) / 2, min: times[0], max: times[n - 1] };
}

// Only a promise is awaited: a turn of the event loop would be charged to those who compute at once.
async function once(fn, repeats, now) {
  const started = now();
  for (let i = 0; i < repeats; i++) {
    const pending = fn();
    if (pending instanceof Promise) await pending;
  }
  return now() - started;
}

/** Varied values, the same every time: a multiplicative step through [low, high). */
export function values(length, low = -1, high = 1) {
  return Float32Array.from({ length }, (_, i) => low + (high - low) * ((i * 0.6180339887498949) % 1));
}

/**
 * Answers jobs until standard input ends.
 * @param subject engine, build and threads of the rows
 * @param prepare spec -> `{ call, dispose?, build?, note? }`, `{ note }`, or null for what is not this peer's
 */
export async function serve(subject, prepare) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, amount, unit, spec, ...time } = JSON.parse(line);
    console.log(JSON.stringify(await answer(name, amount, unit, spec, time)));
  }

  async function answer(name, amount, unit, spec, time) {
    let work = null;
    try {
      work = prepare(spec);
      if (!work) return { nothing: true };
      if (!work.call) return { note: `${subject.engine} ${name}: ${work.note}` };
      const { median, min, max } = await timeOf(work.call, time);
      const who = { ...subject, build: work.build ?? subject.build };
      const row = { name, ...who, value: amount / median, unit, low: amount / max, high: amount / min };
      return work.note ? { row, note: work.note } : { row };
    } catch (error) {
      return { note: `${subject.engine} ${name}: ${error.message.split('\n')[0]}` };
    } finally {
      work?.dispose?.();
    }
  }
}
