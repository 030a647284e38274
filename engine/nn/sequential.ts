import type { Layer } from './layer.ts';

interface Step extends Pick<Layer, 'apply'> {
  /** whose parameters it takes */
  readonly layer: number;
}

/** The layers as calls: a layer that can compute the ones after it takes them along. */
function stepsOf(layers: readonly Layer[]): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i]!;
    const fused = layer.fuse?.(layers.slice(i + 1));
    steps.push({ layer: i, apply: fused?.apply ?? ((params, x, context) => layer.apply(params, x, context)) });
    i += fused?.taken ?? 0;
  }
  return steps;
}

/** Layers one after the other; the parameters are a list in the same order. */
export function sequential(layers: readonly Layer[]): Layer<readonly unknown[]> {
  const steps = stepsOf(layers);
  return {
    name: 'sequential',
    layers,
    init: (context) => layers.map((layer, i) => layer.init({ ...context, rng: context.rng.split(String(i)) })),
    apply: (params, x, context) => steps.reduce((y, { layer, apply }) => apply(params[layer], y, context), x),
  };
}
