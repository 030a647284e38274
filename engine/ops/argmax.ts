import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import type { Tensor } from '../tensor/index.ts';
import { defineOp } from './define-op.ts';
import { aroundAxis, normaliseAxis, without } from './shapes.ts';

const op = defineOp<{ x: Tensor }, { axis: number }>({
  name: 'argmax',
  about: 'y = index (i32) of the first largest x along one axis, which is dropped',
  inputs: ['x'],
  dtype: 'i32',
  shape: ({ x }, { axis }) => without(x.shape, axis),
  forward: ({ x }, y, { axis }) => launch(k.argmax, x, y, ...aroundAxis(x.shape, axis)),
  backward: null,
  samples: [
    { name: '[3,9] axis 1', inputs: { x: [3, 9] }, attrs: { axis: 1 } },
    { name: '[2,4,3] axis 1', inputs: { x: [2, 4, 3] }, attrs: { axis: 1 } },
    { name: '[1] axis 0', inputs: { x: [1] }, attrs: { axis: 0 } },
    { name: '[0,3] axis 1', inputs: { x: [0, 3] }, attrs: { axis: 1 } },
  ],
});

/** Index of the first largest element along an axis, which is dropped. @throws ShapeError */
export const argmax = (x: Tensor, axis = -1): Tensor => op({ x }, { axis: normaliseAxis('argmax', axis, x.shape) });
