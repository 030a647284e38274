/** All sets by name. Adding one is a file beside this, and a line here. */
import { ConfigError } from '../../engine/index.ts';
import type { Dataset } from '../dataset.ts';
import { adult } from './adult.ts';
import { attFaces } from './att-faces.ts';
import { cifar10 } from './cifar10.ts';
import type { LoadOptions, SetDef } from './define.ts';
import { digits } from './digits.ts';
import { fashionMnist, mnist } from './idx.ts';
import { iris } from './iris.ts';
import { location30 } from './location30.ts';
import { csv, npz } from './own.ts';
import { syntheticBlobs, syntheticImages, syntheticLinear } from './synthetic.ts';

export { defineSet, type LoadContext, type LoadOptions, noOptions, type SetDef } from './define.ts';
export { SET_FILES } from './files.ts';

export const SETS: Readonly<Record<string, SetDef>> = {
  digits,
  mnist,
  'fashion-mnist': fashionMnist,
  cifar10,
  adult,
  location30,
  'att-faces': attFaces,
  iris,
  csv,
  npz,
  'synthetic-blobs': syntheticBlobs,
  'synthetic-linear': syntheticLinear,
  'synthetic-images': syntheticImages,
};

/**
 * The definition of the set of that name.
 * @throws ConfigError listing the names (`allowed`) when there is none
 */
export function setNamed(name: string): SetDef {
  if (Object.hasOwn(SETS, name)) return SETS[name]!;
  const names = Object.keys(SETS);
  throw new ConfigError(`data set '${name}': expected one of ${names.join(', ')}.`, 'data', names);
}

/** Loads a set by name; see `SetDef.load`. */
export async function loadSet(name: string, options?: LoadOptions): Promise<Dataset> {
  return setNamed(name).load(options);
}
