/** Whether records that an audit compares can be compared: no row in two sets, and numbers of one scale. */
import { bytesOf } from './digest.ts';
import type { Records } from './records.ts';

export interface RecordsFault {
  readonly code: 'overlap' | 'scaling';
  readonly message: string;
}

/** Deviations of sets from one source differ less; of bytes and shares of 255, or of raw and standardised numbers, more. */
const SCALE_FACTOR = 4;

/** What is wrong between two sets of rows of one shape. */
export function compareRecords(a: Records, b: Records): RecordsFault[] {
  const faults: RecordsFault[] = [];
  const shared = rowsIn(a, b);
  if (shared > 0)
    faults.push({
      code: 'overlap',
      message: `${shared} of ${b.size} rows of ${b.name} are in ${a.name} as well: a record cannot be member and non-member at once`,
    });
  const [p, q] = [spread(a.x), spread(b.x)];
  const factor = Math.max(p.deviation, q.deviation) / Math.min(p.deviation, q.deviation);
  if (factor > SCALE_FACTOR || (p.deviation === 0) !== (q.deviation === 0))
    faults.push({
      code: 'scaling',
      message: `${a.name} and ${b.name} are scaled differently: ${words(p)}, and ${words(q)}`,
    });
  return faults;
}

/** How many rows of b occur in a, labels aside. */
function rowsIn(a: Records, b: Records): number {
  const width = a.x.length / a.size;
  const rows = new Map<number, number[]>();
  const [of, other] = [a, b].map(({ x }) => new Uint32Array(bytesOf(x).slice().buffer)) as [Uint32Array, Uint32Array];
  for (let row = 0; row < a.size; row++) {
    const hash = hashOf(of, row * width, width);
    const bucket = rows.get(hash);
    if (bucket) bucket.push(row);
    else rows.set(hash, [row]);
  }
  const same = (mine: number, theirs: number) => {
    for (let j = 0; j < width; j++) if (of[mine * width + j] !== other[theirs * width + j]) return false;
    return true;
  };
  let shared = 0;
  for (let row = 0; row < b.size; row++)
    if (rows.get(hashOf(other, row * width, width))?.some((mine) => same(mine, row))) shared++;
  return shared;
}

// FNV-1a over the words of a row; collisions are settled by comparing.
function hashOf(words: Uint32Array, start: number, length: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < start + length; i++) {
    h = Math.imul(h ^ (words[i]! & 0xffff), 0x01000193);
    h = Math.imul(h ^ (words[i]! >>> 16), 0x01000193);
  }
  return h >>> 0;
}

interface Spread {
  readonly low: number;
  readonly high: number;
  readonly deviation: number;
}

function spread(x: Float32Array): Spread {
  let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const v of x) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
  }
  const mean = sum / x.length;
  let squares = 0;
  for (const v of x) squares += (v - mean) * (v - mean);
  return { low, high, deviation: Math.sqrt(squares / x.length) };
}

const words = ({ low, high, deviation }: Spread) =>
  `from ${+low.toPrecision(3)} to ${+high.toPrecision(3)}, deviation ${+deviation.toPrecision(3)}`;
