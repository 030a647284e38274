/** Keyhole: find out what a trained model gives away. The engine, the data sets, the attacks and the audit in one place. */
export * from '../attacks/index.ts';
export {
  type Column,
  type Dataset,
  examples,
  fitStandardiser,
  loadSet,
  type MembershipSplit,
  makeDataset,
  membershipSplit,
  poissonBatches,
  SETS,
  shuffledBatches,
  stratifiedSplit,
  take,
  withTransform,
} from '../data/index.ts';
export * from '../defenses/index.ts';
export * from '../engine/index.ts';
export {
  type Audit,
  type AuditOptions,
  type AuditProgress,
  type AuditSizes,
  audit,
  auditPlan,
  auditSizes,
} from './audit.ts';
export {
  type AuditAttack,
  type AuditEstimate,
  type AuditRecord,
  auditAttackSchema,
  auditSchema,
  parseAudit,
  threadsSchema,
} from './audit-record.ts';
export type { AuditRows } from './audit-sets.ts';
export { type AuditTargetOptions, type AuditTargetProgress, auditTarget } from './audit-target.ts';
export { type AuditedTraining, type DpAuditOptions, type DpAuditProgress, dpAudit } from './dp-audit.ts';
export { type DpAuditRecord, dpAuditSchema, provedUpper } from './dp-audit-record.ts';
export { defaultRecipe, optimizerNames, optimizerOf, type Recipe, recipeFor } from './recipe.ts';
export {
  renderAuditReport,
  renderAuditTable,
  renderDpAuditReport,
  renderDpAuditText,
  renderRobustnessReport,
  renderRobustnessText,
} from './report/index.ts';
export type { ShadowRecipe } from './shadow-recipe.ts';
export * from './training/index.ts';
export { VERSION } from './version.ts';
