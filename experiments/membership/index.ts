/** Experiments on membership: who trains on what, models, what they answer, attacks on the answers. */
export { attackKinds, attackModel } from './attack-models.ts';
export {
  changesAnswers,
  checkOutputDefence,
  checkTrainingDefence,
  type DefenceSettings,
  defenceSchema,
  reserveSize,
} from './defence.ts';
export { checkDesign, type Design, designSchema, rowsOfModel, type Which } from './design.ts';
export type { Further } from './further.ts';
export { asksTarget, type Knowledge, otherKnowledge, shadowData, syntheticKnowledge } from './knowledge.ts';
export { type AugmentationSettings, augmentationSchema, augmenter, membershipModel, trainingCost } from './model.ts';
export { modelOutputs } from './outputs.ts';
export { referenceAttacks } from './reference-attacks.ts';
export { shokriAttack } from './shokri-attack.ts';
export { signalNames, thresholdAttack } from './threshold-attack.ts';
export { ONE_VIEW, type ViewSettings, viewsSchema } from './views.ts';
