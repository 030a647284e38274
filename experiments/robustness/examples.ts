/** Rows for the report to show: images that are fooled, with what was changed. Kept as attacks come by, for no attack's rows are kept whole. */
import type { EvasionResult, InputSpace, Norm } from '../../attacks/evasion/index.ts';
import type { Dataset } from '../../data/index.ts';
import { isPicture, perturbationPicture, picture } from './pictures.ts';
import type { RobustnessRecord } from './record.ts';

type Example = RobustnessRecord['examples'][number];

/** examples of each epsilon */
const SHOWN = 8;

interface Shown {
  readonly dataset: Pick<Dataset, 'classNames' | 'inputShape'>;
  /** of the data set [n] */
  readonly rows: Int32Array;
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly space: InputSpace;
  readonly norm: Norm;
  readonly epsilons: readonly number[];
}

export interface ExampleKeeper {
  /** Takes rows that an attack fools, of as many classes as there are. */
  note(attack: string, epsilon: number, fooled: Uint8Array, result: EvasionResult): void;
  /** Some of each attack, at the smallest epsilon that fools half of the rows, or the largest that fools any. @param shares fooled, by epsilon */
  shown(shares: readonly number[]): Example[];
}

export function exampleKeeper(of: Shown): ExampleKeeper {
  const { dataset, epsilons, y, space, norm } = of;
  /** by epsilon, then by attack: a few of each */
  const kept = new Map(epsilons.map((epsilon) => [epsilon, [] as Found[][]]));
  return {
    note(attack, epsilon, fooled, result) {
      if (!isPicture(dataset.inputShape)) return;
      const rowsFooled = Array.from(y.keys()).filter((i) => fooled[i]);
      const { width } = space;
      const found = classesFirst(rowsFooled, y, SHOWN).map((i) => ({
        i,
        attack,
        epsilon,
        x: result.x.slice(i * width, (i + 1) * width),
        distance: result.distances[norm][i]!,
        before: result.before[i]!,
        after: result.after[i]!,
      }));
      if (found.length > 0) kept.get(epsilon)!.push(found);
    },
    shown(shares) {
      const any = epsilons.filter((epsilon) => kept.get(epsilon)!.length > 0);
      const enough = any.find((epsilon) => shares[epsilons.indexOf(epsilon)]! >= 0.5) ?? any.at(-1);
      return enough === undefined ? [] : inTurn(kept.get(enough)!, y).map((found) => exampleOf(of, found));
    },
  };
}

/** A row that is fooled, before it is made a picture. */
interface Found {
  readonly i: number;
  readonly attack: string;
  readonly epsilon: number;
  readonly x: Float32Array;
  readonly distance: number;
  readonly before: number;
  readonly after: number;
}

/** The first row of each class, then others, at most `most`. */
function classesFirst(rows: readonly number[], y: Int32Array, most: number): number[] {
  const seen = new Set<number>();
  const first = rows.filter((i) => !seen.has(y[i]!) && seen.add(y[i]!));
  const taken = new Set(first);
  return [...first, ...rows.filter((i) => !taken.has(i))].slice(0, most);
}

/** One of each attack in turn, of a class that is not there yet where it has one; no row twice. */
function inTurn(attacks: readonly (readonly Found[])[], y: Int32Array): Found[] {
  const chosen: Found[] = [];
  const rows = new Set<number>();
  const classes = new Set<number>();
  for (let before = -1; before < chosen.length && chosen.length < SHOWN; ) {
    before = chosen.length;
    for (const own of attacks) {
      const free = own.filter(({ i }) => !rows.has(i));
      const next = free.find(({ i }) => !classes.has(y[i]!)) ?? free[0];
      if (!next || chosen.length === SHOWN) continue;
      chosen.push(next);
      rows.add(next.i);
      classes.add(y[next.i]!);
    }
  }
  return chosen;
}

function exampleOf(of: Shown, { i, attack, epsilon, x: values, distance, before, after }: Found): Example {
  const { dataset, rows, x, y, space } = of;
  const { width } = space;
  const clean = x.subarray(i * width, (i + 1) * width);
  const pixels = { shape: dataset.inputShape, space };
  const name = (label: number) => dataset.classNames[label] ?? String(label);
  const changed = perturbationPicture({ ...pixels, values }, clean);
  return {
    row: rows[i]!,
    label: name(y[i]!),
    before: name(before),
    after: name(after),
    attack,
    epsilon,
    distance,
    clean: picture({ ...pixels, values: clean }),
    adversarial: picture({ ...pixels, values }),
    perturbation: changed.picture,
    magnified: changed.magnified,
  };
}
