/**
 * Where walks of label-only attacks start: for each row the nearest of the attacker's own rows that the target takes for another class
 * (the wanted one), and random noise where there is none.
 *
 * Source: Chen, Jordan & Wainwright 2020, HopSkipJumpAttack (S&P), section V-A: blended noise, or a row of the target class.
 */
import { ConfigError } from '../../../engine/index.ts';
import { type AcrossQuestions, crosses } from '../../boundary/index.ts';
import type { LabelTarget } from '../../target/index.ts';
import type { EvasionContext } from '../define-evasion.ts';
import { distance } from '../norms.ts';
import { settle } from '../space.ts';

type Task = Omit<EvasionContext<'label-only'>, 'target' | 'options'> & { readonly target: LabelTarget };

/** Own rows that are tried for each row, and then random ones. */
const OWN_TRIES = 10;
const NOISE_TRIES = 50;

/** @throws ConfigError when a class is wanted and there are no rows to start from */
export function checkStarts({ known, targets }: Pick<Task, 'known' | 'targets'>): void {
  if (!targets || known.rows) return;
  throw new ConfigError(
    'targets: expected rows of the wanted classes, where the walks start, got none. Give some (known.rows).',
    'known.rows',
  );
}

/** The questions of a walk: about points that are inputs, categories decided. */
export function acrossQuestions(task: Task): AcrossQuestions {
  const { target, x, y, targets, space, norm, signal } = task;
  const { width } = space;
  return {
    x,
    width,
    signal,
    norm: norm === 'linf' ? 'linf' : 'l2',
    labels: (points) => target.labels(points),
    across: (label, i) => (targets ? label === targets[i] : label !== y[i]),
    fit: (values, at, i) => settle(space, norm, Infinity, { values, at }, { values: x, at: i * width }),
    asked: new Int32Array(y.length),
  };
}

/**
 * Puts `best` of each row at a point that is across.
 * @param most questions about each row
 * @returns the rows for which one was found
 */
export async function startAcross(task: Task, questions: AcrossQuestions, most: number): Promise<Int32Array> {
  const { x, y, targets, space, best, known, rng } = task;
  const { width, low, high } = space;
  const own = known.rows;
  /** for each row the places of its own rows, nearest first */
  const candidates = Array.from(y, (label, i) => {
    if (!own) return [];
    const size = (k: number) => distance('l2', { values: own.x, at: k * width }, { values: x, at: i * width }, width);
    const places = Array.from(own.y.keys()).filter((k) => (targets ? own.y[k] === targets[i] : own.y[k] !== label));
    const sizes = new Map(places.map((k) => [k, size(k)]));
    return places.sort((a, b) => sizes.get(a)! - sizes.get(b)! || a - b).slice(0, OWN_TRIES);
  });
  let open = Int32Array.from(y.keys());
  for (let attempt = 0; attempt < Math.min(most, OWN_TRIES + (targets ? 0 : NOISE_TRIES)); attempt++) {
    const asked = open.filter((i) => attempt >= OWN_TRIES || attempt < candidates[i]!.length);
    const write = (k: number, into: Float32Array, at: number) => {
      const i = asked[k]!;
      const place = candidates[i]![attempt];
      if (place !== undefined) into.set(own!.x.subarray(place * width, (place + 1) * width), at);
      else {
        const stream = rng.split(`row ${i} start ${attempt}`);
        for (let j = 0; j < width; j++) into[at + j] = low[j]! + (high[j]! - low[j]!) * stream.uniform();
      }
      questions.fit?.(into, at, i);
    };
    const found = await crosses(questions, asked, write);
    for (const [k, i] of asked.entries()) if (found[k]) write(k, best, i * width);
    const done = new Set(asked.filter((_, k) => found[k] === 1));
    open = open.filter((i) => !done.has(i));
    if (open.length === 0) break;
  }
  const left = new Set(open);
  return Int32Array.from(y.keys()).filter((i) => !left.has(i));
}
