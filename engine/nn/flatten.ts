import { reshape } from '../ops/index.ts';
import { stateless } from './layer.ts';

/** [n, ...] -> [n, features], images in the order height, width, channel. */
export const flatten = () =>
  stateless('flatten', (x) => reshape(x, [x.shape[0]!, x.shape.slice(1).reduce((a, b) => a * b, 1)]));
