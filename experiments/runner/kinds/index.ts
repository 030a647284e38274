/** Kinds of jobs that experiments share. An experiment may have kinds of its own beside it. */
export { membership } from './membership.ts';
export { shareSchema, tprAtFprOf, tprAtFprSchema } from './shares.ts';
export { measureSide, sideSchema } from './sides.ts';
export { checkSplit, membersOf, type Part, type SplitSettings, splitSchema } from './split.ts';
export { MODEL_FILE, recipeSchema, trainModel } from './train-model.ts';
