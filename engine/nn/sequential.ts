import type { Layer } from './layer.ts';

/** Layers one after the other; the parameters are a list in the same order. */
export function sequential(layers: readonly Layer[]): Layer<readonly unknown[]> {
  return {
    name: 'sequential',
    init: (context) => layers.map((layer, i) => layer.init({ ...context, rng: context.rng.split(String(i)) })),
    apply: (params, x, context) => layers.reduce((y, layer, i) => layer.apply(params[i], y, context), x),
  };
}
