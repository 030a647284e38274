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
  /** Takes rows that an attack fools, those of classes that are not there yet first. */
  note(attack: string, epsilon: number, fooled: Uint8Array, result: EvasionResult): void;
  /** Those of the smallest epsilon that fools half of the rows, or of the largest that fools any. @param shares fooled, by epsilon */
  shown(shares: readonly number[]): Example[];
}

export function exampleKeeper(of: Shown): ExampleKeeper {
  const { dataset, epsilons, y } = of;
  /** by epsilon, then by row */
  const kept = new Map(epsilons.map((epsilon) => [epsilon, new Map<number, Example>()]));
  return {
    note(attack, epsilon, fooled, result) {
      const found = kept.get(epsilon)!;
      if (!isPicture(dataset.inputShape)) return;
      const taken = new Set(Array.from(found.keys(), (i) => y[i]!));
      for (const anyClass of [false, true]) {
        for (let i = 0; i < y.length && found.size < SHOWN; i++) {
          if (!fooled[i] || found.has(i) || !(anyClass || !taken.has(y[i]!))) continue;
          found.set(i, exampleOf(of, attack, epsilon, i, result));
          taken.add(y[i]!);
        }
      }
    },
    shown(shares) {
      const any = epsilons.filter((epsilon) => kept.get(epsilon)!.size > 0);
      const enough = any.find((epsilon) => shares[epsilons.indexOf(epsilon)]! >= 0.5) ?? any.at(-1);
      return enough === undefined ? [] : [...kept.get(enough)!.values()];
    },
  };
}

function exampleOf(of: Shown, attack: string, epsilon: number, i: number, result: EvasionResult): Example {
  const { dataset, rows, x, y, space, norm } = of;
  const { width } = space;
  const [from, to] = [i * width, (i + 1) * width];
  const clean = x.subarray(from, to);
  const values = result.x.subarray(from, to);
  const pixels = { shape: dataset.inputShape, space };
  const name = (label: number) => dataset.classNames[label] ?? String(label);
  const changed = perturbationPicture({ ...pixels, values }, clean);
  return {
    row: rows[i]!,
    label: name(y[i]!),
    before: name(result.before[i]!),
    after: name(result.after[i]!),
    attack,
    epsilon,
    distance: result.distances[norm][i]!,
    clean: picture({ ...pixels, values: clean }),
    adversarial: picture({ ...pixels, values }),
    perturbation: changed.picture,
    magnified: changed.magnified,
  };
}
