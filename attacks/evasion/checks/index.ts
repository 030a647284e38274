/** Whether to believe an evaluation of robustness: the checklist of Carlini et al. 2019 and AutoAttack's warnings, as code. */
export type { Finding, RobustnessCheck } from './define-check.ts';
export type {
  AnswerEvidence,
  AttackEvidence,
  ConvergenceEvidence,
  GradientEvidence,
  NoiseEvidence,
  RobustnessEvidence,
} from './evidence.ts';
export {
  type JudgedCheck,
  type Judgement,
  judgeRobustness,
  type Masking,
  maskingLevels,
  robustnessChecks,
} from './judge.ts';
export { askTwice, gradientNorms, noiseSearch, type ProbedRows } from './probes.ts';
