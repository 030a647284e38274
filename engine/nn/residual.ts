import { add } from '../ops/index.ts';
import type { Layer } from './layer.ts';

export type ResidualParams = { readonly body: unknown; readonly shortcut?: unknown };

/** body(x) + shortcut(x) (He et al. 2016); without a shortcut, body(x) + x. */
export function residual(body: Layer, shortcut?: Layer): Layer<ResidualParams> {
  return {
    name: 'residual',
    init: (context) => ({
      body: body.init({ ...context, rng: context.rng.split('body') }),
      ...(shortcut && { shortcut: shortcut.init({ ...context, rng: context.rng.split('shortcut') }) }),
    }),
    apply: (params, x, context) =>
      add(body.apply(params.body, x, context), shortcut ? shortcut.apply(params.shortcut, x, context) : x),
  };
}
