/**
 * `keyhole/browser`: the package for a page or a worker, as one ES module with its files beside it and no import map.
 *
 *     import { audit, createEngine, loadSet } from './keyhole/keyhole.js';
 *
 * The same as `keyhole`, plus all of `keyhole/data` under `data`: the readers are in the bundle anyway, for the sets.
 */
export * as data from '../data/index.ts';
export * from './index.ts';
