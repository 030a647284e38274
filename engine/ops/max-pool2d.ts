import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { type PoolAttrs, type PoolOptions, poolAttrsOf, poolSamples, poolShape, poolSizes } from './conv-geometry.ts';
import { defineOp } from './define-op.ts';
import { poolScatter } from './pool-index.ts';

const op = defineOp<{ x: Tensor }, PoolAttrs, Tensor>({
  name: 'maxPool2d',
  about: 'y = largest x of each window, per channel: [n,h,w,c] -> [n,oh,ow,c]; padding is never chosen',
  inputs: ['x'],
  shape: ({ x }, attrs) => poolShape('maxPool2d', x.shape, attrs),
  forward({ x }, y, attrs) {
    const indices = x.engine.alloc(y.shape, 'i32', 'maxPool2d');
    launch(k.maxPool2d, x, y, indices, ...poolSizes(x.shape, y.shape, attrs));
    return indices;
  },
  backward: ({ gradOut, inputs, saved }) => ({ x: poolScatter(gradOut, saved, inputs.x.shape) }),
  samples: poolSamples,
});

/**
 * Largest element of each window. x [n,h,w,c] -> [n,oh,ow,c]; the stride defaults to the window.
 * @throws ShapeError, ConfigError
 */
export const maxPool2d = (x: Tensor, options: PoolOptions): Tensor => op({ x }, poolAttrsOf('maxPool2d', options));
