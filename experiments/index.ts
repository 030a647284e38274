/** Experiments: from a spec over training and attacks to a record, and from a record to a report. */
export { type Audit, type AuditOptions, type AuditProgress, audit, auditSizes } from './audit.ts';
export {
  type AuditAttack,
  type AuditEstimate,
  type AuditRecord,
  auditAttackSchema,
  auditSchema,
  parseAudit,
} from './audit-record.ts';
export { defaultRecipe, optimizerNames, optimizerOf, type Recipe, recipeFor } from './recipe.ts';
export * from './report/index.ts';
export { VERSION } from './version.ts';
