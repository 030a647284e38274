/** Label-only membership: a record that was trained on keeps its label when it is moved, turned or disturbed a little. */
import { flip, type ImageShape, rotate, shift } from '../../data/index.ts';
import { type Rng, type Rows, type Shape, sizeOf } from '../../engine/index.ts';
import { askLabels } from '../boundary/index.ts';
import { defineMembershipAttack, type MembershipKnowledge } from '../define-attack.ts';
import type { LabelTarget, Samples } from '../target/index.ts';
import { learnedScores } from './learned.ts';

/** Ways to disturb rows, and which of them are counted together. */
interface Disturbances {
  readonly count: number;
  /** of each: the feature that counts its right answers */
  readonly feature: Int32Array;
  /** rows [n, ...inputShape] disturbed the k-th way */
  apply(rows: Float32Array, k: number): Float32Array;
}

/** Turns of so many degrees either way, a mirror image, and every shift by so many pixels in all (the paper's |i| + |j| = d). */
function ofImages([h, w, c]: Shape, o: { readonly shift: number; readonly degrees: number }): Disturbances {
  const by = (rows: Float32Array): ImageShape => [rows.length / (h! * w! * c!), h!, w!, c!];
  const ways: ((rows: Float32Array) => Float32Array)[] = [(rows) => flip(rows, by(rows))];
  for (const degrees of o.degrees > 0 ? [o.degrees, -o.degrees] : [])
    ways.push((rows) => rotate(rows, by(rows), { degrees }));
  for (let down = -o.shift; down <= o.shift; down++) {
    const rest = o.shift - Math.abs(down);
    for (const right of rest > 0 ? [-rest, rest] : [0]) {
      if (down !== 0 || right !== 0) ways.push((rows) => shift(rows, by(rows), { down, right }));
    }
  }
  return { count: ways.length, feature: Int32Array.from(ways.keys()), apply: (rows, k) => ways[k]!(rows) };
}

const SCALES = 4;

/**
 * Gaussian noise at four scales, each twice the one before, in units of each feature's standard deviation among the
 * attacker's rows. The same noise for every record; the right answers of one scale are counted together.
 */
function ofVectors(std: Float64Array, o: { readonly copies: number; readonly noise: number }, rng: Rng): Disturbances {
  const count = SCALES * o.copies;
  const feature = Int32Array.from({ length: count }, (_, k) => Math.floor(k / o.copies));
  const noises = Array.from(feature, (scale, k) => {
    const draw = rng.split(`noise ${k}`);
    return Float64Array.from(std, (s) => s * o.noise * (1 << scale) * draw.normal());
  });
  return {
    count,
    feature,
    apply: (rows, k) => rows.map((v, at) => v + noises[k]![at % std.length]!),
  };
}

/** How many ways there are to disturb a row of this shape. */
function waysOf(
  inputShape: Shape,
  o: { readonly copies: number; readonly shift: number; readonly degrees: number },
): number {
  return inputShape.length === 3 ? 1 + (o.degrees > 0 ? 2 : 0) + 4 * o.shift : SCALES * o.copies;
}

/** [features]: of the rows of all shadow models */
function spread(shadows: MembershipKnowledge['shadows'], width: number): Float64Array {
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  let n = 0;
  for (const { members, nonMembers } of shadows) {
    for (const { x, y } of [members, nonMembers]) {
      n += y.length;
      for (let at = 0; at < x.length; at++) {
        sums[at % width]! += x[at]!;
        squares[at % width]! += x[at]! * x[at]!;
      }
    }
  }
  return sums.map((sum, j) => Math.sqrt(Math.max(0, squares[j]! / n - (sum / n) * (sum / n))));
}

export const labelOnlyAugmentation = defineMembershipAttack({
  name: 'label-only-augmentation',
  title: 'Label-only: right answers about disturbed copies',
  paper:
    'Choquette-Choo et al. 2021, Label-only membership inference attacks (ICML), section 3.3; Gaussian noise for vectors, section 3.4',
  threat: {
    access: 'label-only',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    shift: { about: 'images are moved by this many pixels in all', kind: 'whole', default: 1, min: 0, max: 16 },
    degrees: { about: 'images are turned by this many degrees either way', default: 5, min: 0, max: 180 },
    noise: {
      about: 'the least of four scales of noise for vectors, each twice the one before',
      default: 0.25,
      min: 1e-3,
      max: 1e3,
    },
    copies: { about: 'noisy copies of a vector at each scale', kind: 'whole', default: 8, min: 1, max: 1000 },
    l2: { about: 'weight of the L2 penalty of the attack model', default: 1, min: 0, max: 1e6 },
  },
  needs: { shadowRows: 25 },
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
  queries: ({ options, inputShape, candidates, views }) => candidates * (views + waysOf(inputShape, whole(options))),
  async run({ target, candidates, known, options: given, rng, signal }) {
    const options = whole(given);
    const { inputShape } = target;
    const width = sizeOf(inputShape);
    const ways =
      inputShape.length === 3
        ? ofImages(inputShape, options)
        : ofVectors(spread(known.shadows, width), options, rng.split('noise'));
    const views = known.views?.count ?? 1;
    const counts = views + (ways.feature.at(-1) ?? -1) + 1;
    const features = async (model: LabelTarget, { x, y }: Rows): Promise<Float64Array> => {
      const out = new Float64Array(y.length * counts);
      const add = (labels: Int32Array, feature: number) => {
        for (const [i, label] of labels.entries()) if (label === y[i]) out[i * counts + feature]!++;
      };
      // the ways in which training may have shown a record (view 0 is the record itself), then ours
      for (let k = 0; k < views; k++) add(await model.labels(known.views?.view(x, k) ?? x), k);
      for (let k = 0; k < ways.count; k++) {
        const copy = disturbed(x, width, (rows) => ways.apply(rows, k));
        const ask = { labels: (rows: Samples) => model.labels(rows), width, signal };
        add(await askLabels(ask, y.length, copy), views + ways.feature[k]!);
      }
      return out;
    };
    return learnedScores({
      target,
      candidates,
      shadows: known.shadows,
      features,
      model: { kind: 'logistic', l2: options.l2 },
    });
  },
});

/** Writes one disturbed row after the other. */
function disturbed(x: Samples, width: number, apply: (rows: Float32Array) => Float32Array) {
  return (i: number, into: Float32Array, at: number) => {
    into.set(apply(Float32Array.from(x.subarray(i * width, (i + 1) * width))), at);
  };
}

const whole = <O extends { readonly shift: number; readonly copies: number }>(o: O): O => ({
  ...o,
  shift: o.shift,
  copies: o.copies,
});
