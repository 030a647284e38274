/** Controls and judgements as the record has them. */
import type { Judgement } from '../../attacks/evasion/index.ts';
import type { Estimate } from '../../attacks/index.ts';
import type { Controls } from './controls.ts';
import type { RobustnessFlag, RobustnessRecord } from './record.ts';

/**
 * @param robust of all rows, those that are right when these are fooled
 * @param share of some rows
 */
export function controlsRecord(
  { noise, unbounded, convergence, gradients, answers }: Controls,
  robust: (fooled: Uint8Array) => Estimate,
  share: (hits: number, n: number) => Estimate,
): RobustnessRecord['controls'] {
  return {
    noise:
      noise.length === 0
        ? null
        : { tries: noise[0]!.tries, curve: noise.map(({ epsilon, fooled }) => ({ epsilon, robust: robust(fooled) })) },
    unbounded: unbounded && {
      attack: unbounded.attack,
      epsilon: unbounded.epsilon,
      right: share(unbounded.fooled.length - countOf(unbounded.fooled), unbounded.fooled.length),
    },
    convergence: convergence && {
      attack: convergence.attack,
      epsilon: convergence.epsilon,
      rows: convergence.fooled.length,
      steps: convergence.steps,
      restarts: convergence.restarts,
      fooled: countOf(convergence.fooled),
      bySteps: countOf(convergence.bySteps),
      byStarts: countOf(convergence.byStarts),
      losses: convergence.trace.map(({ loss }) => (Number.isFinite(loss) ? loss : null)),
    },
    gradients: gradients && gradientHistogram(gradients.norms),
    answers: answers && { ...answers },
  };
}

const DECADES = { least: -20, most: 4 };

/** Norms by their decades; those beyond the ends are counted in the outermost. */
export function gradientHistogram(norms: Float64Array): NonNullable<RobustnessRecord['controls']['gradients']> {
  const { least, most } = DECADES;
  const edges = Array.from({ length: most - least + 1 }, (_, k) => least + k);
  // floor of the decimal logarithm, without a logarithm, whose last bit differs between engines
  const reached = edges.map((edge) => Number(`1e${edge}`));
  const counts = new Array<number>(most - least).fill(0);
  let [zero, broken] = [0, 0];
  for (const norm of norms) {
    if (norm === 0) zero++;
    else if (!Number.isFinite(norm)) broken++;
    else counts[Math.min(counts.length - 1, Math.max(0, reached.filter((bound) => norm >= bound).length - 1))]!++;
  }
  return { rows: norms.length, zero, broken, edges, counts };
}

export const flagsRecord = ({ checks }: Judgement): RobustnessFlag[] =>
  checks.map(({ check: { name, question, source, remedy, ofMasking }, finding }) => ({
    name,
    question,
    source,
    remedy,
    flag: finding?.flag ?? null,
    grave: finding?.grave ?? false,
    ofMasking,
    evidence: finding?.evidence ?? null,
  }));

const countOf = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);
