/** What an evaluation of robustness leaves for those who judge whether to believe it. */
import type { AccessLevel } from '../../target/index.ts';
import type { EvasionAttack, StepTrace } from '../define-evasion.ts';
import type { Norm } from '../norms.ts';

/** One attack at one epsilon, on the same rows as all others. */
export interface AttackEvidence {
  readonly attack: string;
  /** its place in the evaluation: one attack may be run with several settings */
  readonly place: number;
  readonly family: EvasionAttack['family'];
  readonly access: AccessLevel;
  readonly epsilon: number;
  /** 1: was right before, and is fooled inside the ball [n] */
  readonly fooled: Uint8Array;
  /** the same when rows are stored in whole steps of the data; null where they are not */
  readonly rounded: Uint8Array | null;
}

/** Uniform draws from the ball: what needs no attack at all. */
export interface NoiseEvidence {
  readonly epsilon: number;
  /** draws a row */
  readonly tries: number;
  readonly fooled: Uint8Array;
}

/** What more steps and more starts find on rows that every attack of the evaluation left right, and how the loss climbs. */
export interface ConvergenceEvidence {
  readonly attack: string;
  readonly epsilon: number;
  /** of the evaluation's own run */
  readonly steps: number;
  readonly restarts: number;
  /** of [m] rows: fooled by any attack of the evaluation; by this one with twice the steps, or twice the starts, alone */
  readonly fooled: Uint8Array;
  readonly bySteps: Uint8Array;
  readonly byStarts: Uint8Array;
  /** of one start that climbs on where the model is fooled */
  readonly trace: readonly StepTrace[];
}

/** Gradients of the cross-entropy by the inputs at rows that no attack has touched. */
export interface GradientEvidence {
  /** L2 norms [m]; NaN or Infinity where one is not finite */
  readonly norms: Float64Array;
}

/** The same questions, asked twice. */
export interface AnswerEvidence {
  /** what was compared */
  readonly of: 'logits' | 'probabilities' | 'labels';
  readonly asked: number;
  /** rows whose answers differ */
  readonly differ: number;
  /** rows of logits that lie in [0, 1] and sum to 1; null where the target gives none */
  readonly likeProbabilities: number | null;
}

export interface RobustnessEvidence {
  readonly norm: Norm;
  /** 1: right before any attack, and attacked [n] */
  readonly attacked: Uint8Array;
  /** ascending */
  readonly epsilons: readonly number[];
  readonly runs: readonly AttackEvidence[];
  readonly noise: readonly NoiseEvidence[];
  /** as large as the bounds leave room for; null where it cannot be asked: columns that cannot change, wanted classes, no attack */
  readonly unbounded: { readonly attack: string; readonly epsilon: number; readonly fooled: Uint8Array } | null;
  readonly convergence: ConvergenceEvidence | null;
  readonly gradients: GradientEvidence | null;
  readonly answers: AnswerEvidence | null;
}
