/** Attack models fitted on the answers of shadow models: the attacks, and their parts for experiments that store the answers. */
import { shokriAttack } from './shokri-attack.ts';

export {
  type AttackModelData,
  type AttackModels,
  type AttackModelsData,
  attackModelOptions,
  attackModels,
  classesWithFewRows,
  type FitAttackModels,
  fitAttackModel,
  fitAttackModels,
} from './attack-models.ts';
export { type AttackModelKind, attackModelKinds } from './kinds.ts';
export { fitNetwork, network } from './network.ts';
export { askShadows, foldsByShadow, type Outputs, type ShadowOutputs } from './outputs.ts';

const PAPER = 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section V';

export const shokriSvm = shokriAttack('svm', {
  title: 'Shadow models, a support vector machine per class',
  paper: `${PAPER}; attack model: Cortes & Vapnik 1995, Support-vector networks (Machine Learning)`,
});

export const shokriNetwork = shokriAttack('network', {
  title: 'Shadow models, a network of 64 units per class',
  paper: `${PAPER}, VI`,
});

export const shokriLogistic = shokriAttack('logistic', {
  title: 'Shadow models, logistic regression per class',
  paper: `${PAPER}; attack model: Cox 1958`,
});

export const shokriBoosted = shokriAttack('boosted', {
  title: 'Shadow models, gradient-boosted trees per class',
  paper: `${PAPER}; attack model: Friedman 2001, Greedy function approximation (Annals of Statistics)`,
});
