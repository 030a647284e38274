/**
 * `keyhole/browser`: the package for a page or a worker, as one ES module with its files beside it and no import map.
 *
 *     import { audit, createEngine, loadSet } from './keyhole/keyhole.js';
 *
 * The same as `keyhole` (a test holds it so), except for four things: all of `keyhole/data` is there, since its readers
 * are in the bundle anyway; reports with their plots are a module of their own, `keyhole/browser/report`, and so is private
 * training, `keyhole/browser/privacy`, which has the statistics of its audits, but not the audit of a set by name (`dpAudit`);
 * defences are `keyhole/browser/defenses`.
 */
export * from '../attacks/index.ts';
export * as data from '../data/index.ts';
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
export * from '../engine/index.ts';
export * from './audit.ts';
export * from './audit-record.ts';
export type { AuditRows } from './audit-sets.ts';
export * from './audit-target.ts';
export * from './recipe.ts';
export type { ShadowRecipe } from './shadow-recipe.ts';
export * from './training/index.ts';
export { VERSION } from './version.ts';
