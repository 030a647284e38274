/** Whether attacks did what they are built to do: climb, arrive, and get further where they are given more room. */
import { clopperPearson } from '../../metrics/index.ts';
import type { StepTrace } from '../define-evasion.ts';
import { countOf, countOver, defineCheck, onlyFirst, percent } from './define-check.ts';

/** of the rows: restarts and steps always find a few more */
const FEW_MORE = 0.01;
/** a fall below this share of the whole climb is the step's size at work, near the top */
const RIPPLE = 0.05;
/** of all steps */
const FALLS = 0.1;

interface Climb {
  readonly steps: number;
  readonly falls: number;
  readonly first: number;
  readonly highest: number;
}

/** Steps of one restart that climbed the same rows, and how many of them lost what the noise of a top does not explain. */
export function climbOf(trace: readonly StepTrace[]): Climb | null {
  const losses = trace.map(({ loss }) => loss);
  if (losses.length < 2) return null;
  const [least, highest] = [Math.min(...losses), Math.max(...losses)];
  const ripple = RIPPLE * (highest - least);
  let [steps, falls] = [0, 0];
  for (let k = 1; k < trace.length; k++) {
    const [before, now] = [trace[k - 1]!, trace[k]!];
    // where rows have left, the mean is another one
    if (now.restart !== before.restart || now.rows !== before.rows) continue;
    steps++;
    if (!(now.loss >= before.loss - ripple)) falls++;
  }
  return { steps, falls, first: losses[0]!, highest };
}

export const lossRises = defineCheck({
  name: 'loss-does-not-rise',
  question: 'Does the loss that the attack climbs rise from step to step?',
  source: 'Carlini et al. 2019, section 5; Tramer et al. 2020, On Adaptive Attacks, section 3',
  remedy:
    'Lower the step size; where the model answers at random, average its gradients (EOT); where its gradients vanish, attack the logits.',
  ofMasking: true,
  judge({ convergence }) {
    const climb = convergence && climbOf(convergence.trace);
    if (!climb || climb.steps === 0) return null;
    const { steps, falls, first, highest } = climb;
    const rose = highest > first;
    const often = clopperPearson({ hits: falls, n: steps }).low > FALLS;
    const from = `${+first.toPrecision(3)} to at most ${+highest.toPrecision(3)}`;
    return {
      flag: often || !rose,
      grave: !rose,
      evidence: `${convergence.attack}: the mean loss ${rose ? `rose from ${from}` : `never rose above ${+first.toPrecision(3)}`}, and fell in ${falls} of ${steps} steps (${percent(falls / steps)}).`,
    };
  },
});

export const converges = defineCheck({
  name: 'no-convergence',
  question: 'Does twice the steps, or twice the starts, fool rows that all attacks here left right?',
  source: 'Carlini et al. 2019, section 5 (plots of success by iterations)',
  remedy: 'The figure is not final: raise steps and restarts until it stays.',
  ofMasking: false,
  judge({ convergence }) {
    if (!convergence || convergence.fooled.length === 0) return null;
    const { attack, steps, restarts, fooled, bySteps, byStarts, epsilon } = convergence;
    const n = fooled.length;
    const [moreSteps, moreStarts] = [bySteps, byStarts].map((more) => countOver(onlyFirst(more, fooled), n, FEW_MORE));
    return {
      flag: moreSteps!.flag || moreStarts!.flag,
      grave: false,
      evidence: `At epsilon ${+epsilon.toPrecision(4)} the attacks fool ${countOf(fooled)} of ${n} rows; ${attack} with ${2 * steps} steps in place of ${steps} fools ${moreSteps!.text} more, with ${2 * restarts} starts in place of ${restarts} ${moreStarts!.text} more.`,
    };
  },
});

export const monotone = defineCheck({
  name: 'not-monotone',
  question: 'Is the model ever right on more rows when the attacker has more room?',
  source: 'Carlini et al. 2019, section 5',
  remedy:
    'Whatever is found in a small ball lies in the larger one: the attack lost its way there. Use more steps, and report the worst case over epsilons.',
  ofMasking: true,
  judge({ runs, attacked }) {
    const own = runs.filter(({ family }) => family === 'iterative' || family === 'ensemble');
    let asked = 0;
    let most: { readonly lost: number; readonly won: number; readonly text: string } | null = null;
    for (const place of new Set(own.map((run) => run.place))) {
      const curve = own.filter((run) => run.place === place).sort((a, b) => a.epsilon - b.epsilon);
      for (let k = 1; k < curve.length; k++) {
        const [small, large] = [curve[k - 1]!, curve[k]!];
        asked++;
        const [lost, won] = [onlyFirst(small.fooled, large.fooled), onlyFirst(large.fooled, small.fooled)];
        if (most && lost - won <= most.lost - most.won) continue;
        const text = `${large.attack}: from epsilon ${+small.epsilon.toPrecision(4)} to ${+large.epsilon.toPrecision(4)}, ${lost} rows are fooled no more and ${won} are fooled anew`;
        most = { lost, won, text };
      }
    }
    if (asked === 0 || !most || countOf(attacked) === 0) return null;
    const { lost, won, text } = most;
    // a sign test: as many may come as go
    const flag = lost > won && clopperPearson({ hits: lost, n: lost + won, confidence: 0.98 }).low > 0.5;
    return { flag, grave: false, evidence: `${text}.` };
  },
});

export const reachesZero = defineCheck({
  name: 'large-epsilon',
  question: 'Is the model fooled on all rows when the attacker may change everything?',
  source: 'Athalye, Carlini, Wagner 2018, section 3.1; Carlini et al. 2019, section 5',
  remedy:
    'The attack fails where it cannot fail: its gradients do not lead anywhere. No figure that it gives means robustness.',
  ofMasking: true,
  judge({ unbounded }) {
    if (!unbounded || unbounded.fooled.length === 0) return null;
    const { attack, epsilon, fooled } = unbounded;
    const { flag, grave, text } = countOver(fooled.length - countOf(fooled), fooled.length, FEW_MORE);
    return {
      flag,
      grave,
      evidence: `${attack} at epsilon ${+epsilon.toPrecision(4)} leaves the model right on ${text}.`,
    };
  },
});
