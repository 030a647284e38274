/**
 * Rows that the target itself is sure of, found by asking it: the attacker has no data at all. Classes take turns; one of which
 * most searches find nothing is given up, and the others fill its place: classes that training barely showed may be missing.
 * Shokri et al. 2017, section V-C, "Model-based synthesis", Algorithm 1 (climb.ts).
 */
import { climb } from './climb.ts';
import { defineSynthesis } from './define-synthesis.ts';
import { widthOf } from './fields.ts';

/** Searches of a class that may fail before the first row, and before each further one. */
const FAILURES = 10;

export const hillClimbing = defineSynthesis({
  name: 'hill-climbing',
  title: 'Hill climbing on the target',
  paper:
    'Shokri, Stronati, Song, Shmatikov 2017, Membership Inference Attacks Against Machine Learning Models, S&P, section V-C, Algorithm 1',
  knows: 'no data, only the answers of the target and the values that features may take',
  needs: ['target'],
  options: {
    kMax: { about: 'features changed in a step at first; at most all', kind: 'whole', default: 128, min: 1, max: 1e6 },
    kMin: { about: 'features changed in a step at last', kind: 'whole', default: 4, min: 1, max: 1e6 },
    rejMax: {
      about: 'steps rejected in a row after which half as many features change',
      kind: 'whole',
      default: 10,
      min: 0,
      max: 1e6,
    },
    confMin: {
      about: "the target's confidence in the class, above which a row may be taken",
      default: 0.2,
      min: 0,
      max: 0.999,
    },
    iterMax: { about: 'steps of a search', kind: 'whole', default: 1000, min: 1, max: 1e6 },
    queryBudget: {
      about: 'rows that the target may be asked about in all',
      kind: 'whole',
      default: 1e9,
      min: 1,
      max: 1e15,
    },
  },
  async make({ target, fields, classes, rows, options, rng, signal, onProgress }) {
    const { queryBudget, ...settings } = options;
    const width = widthOf(fields);
    const x = new Float32Array(rows * width);
    const y = new Int32Array(rows);
    const rowsOf = new Int32Array(classes);
    const failuresOf = new Int32Array(classes);
    let [made, queries, round] = [0, 0, 0];
    let stopped: 'budget' | null = null;
    while (stopped === null) {
      const mayFail = failuresOf.map((failures, label) => FAILURES * (1 + rowsOf[label]!) - failures);
      const wanted = inTurns(mayFail, rows - made);
      if (wanted.length === 0) break;
      const before = made;
      const result = await climb({
        ...settings,
        target,
        fields,
        y: wanted,
        queryBudget: queryBudget - queries,
        rng: rng.split(`round ${round++}`),
        signal,
        onProgress: (found) => onProgress?.((before + found) / rows),
      });
      queries += result.queries;
      stopped = result.stopped;
      for (const [i, label] of wanted.entries()) {
        if (!result.found[i]) {
          if (result.iterations[i]! > 0) failuresOf[label]!++;
          continue;
        }
        x.set(result.x.subarray(i * width, (i + 1) * width), made * width);
        y[made++] = label;
        rowsOf[label]!++;
      }
    }
    const failed = failuresOf.reduce((a, b) => a + b, 0);
    return { x: x.slice(0, made * width), y: y.slice(0, made), queries, failed, stopped };
  },
});

/** Classes of the next searches, `most` at most: they take turns, each as often as its searches may still fail. */
function inTurns(mayFail: Int32Array, most: number): Int32Array {
  const turns: number[] = [];
  for (let turn = 0; turns.length < most && mayFail.some((left) => left > turn); turn++)
    for (const [label, left] of mayFail.entries()) if (left > turn && turns.length < most) turns.push(label);
  return Int32Array.from(turns);
}
