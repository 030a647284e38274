/** How robust a model is, and whether to believe it: attacks, worst case, controls, checklist, one record. */
export { type AttackChoice, accessOfTarget, goingOn } from './choice.ts';
export { evaluateRobustness, type RobustnessOptions, type RobustnessProgress } from './evaluate.ts';
export { isPicture, perturbationPicture, picture } from './pictures.ts';
export {
  type Attacker,
  attackers,
  type RobustnessAttack,
  type RobustnessFlag,
  type RobustnessPoint,
  type RobustnessRecord,
  robustnessSchema,
} from './record.ts';
