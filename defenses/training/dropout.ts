import { ConfigError, type Layer, type Model, type ModelName, modelNames, models, nn } from '../../engine/index.ts';
import { defineDefense } from '../define-defense.ts';

/** A layer that drops some of its inputs in training. Its parameters are the layer's own, so that saved models stay what they were. */
function droppingInputs(layer: Layer, rate: number): Layer {
  const drop = nn.dropout(rate);
  const dropped =
    (apply: Layer['apply']): Layer['apply'] =>
    (params, x, context) =>
      apply(params, drop.apply(null, x, context), context);
  return {
    ...layer,
    apply: dropped(layer.apply),
    ...(layer.fuse && {
      fuse(next) {
        const { taken, apply } = layer.fuse!(next);
        return { taken, apply: dropped(apply) };
      },
    }),
  };
}

/**
 * A named model with dropout before each dense layer that does not read the input itself; its parameters and its answers are
 * the named model's.
 * @throws ConfigError for a model without a name in the registry, or without such a layer
 */
export function withDropout(model: Model, rate: number): Model {
  if (!Object.hasOwn(models, model.name)) {
    throw new ConfigError(
      `dropout: expected one of the models ${modelNames.join(', ')}, got '${model.name}'. Put nn.dropout into your own model.`,
      'model',
      modelNames,
    );
  }
  const layers: readonly Layer[] = models[model.name as ModelName].layers(model.inputShape, model.classes);
  let hidden = false;
  let dropping = 0;
  const changed = layers.map((layer) => {
    const dense = layer.name.startsWith('linear ');
    const here = dense && hidden;
    hidden ||= layer.name !== 'flatten';
    if (here) dropping++;
    return here ? droppingInputs(layer, rate) : layer;
  });
  if (dropping === 0)
    throw new ConfigError(`dropout: expected a model with a hidden layer, got '${model.name}'.`, 'model');
  return { ...nn.sequential(changed), name: model.name, inputShape: model.inputShape, classes: model.classes };
}

/** Each input of the last dense layers is 0 with probability `rate` in training, and the rest scaled by 1 / (1 - rate). */
export const dropout = defineDefense({
  name: 'dropout',
  title: 'Dropout before the dense layers',
  paper: 'Srivastava et al. 2014, Dropout (JMLR); as a defence Salem et al. 2019, ML-Leaks (NDSS), section VI',
  stage: 'training',
  options: { rate: { about: 'probability with which an input is dropped', default: 0.5, min: 0, max: 0.99 } },
  off: { rate: 0 },
  needsReserve: false,
  canary: { lowers: 'loss', options: { rate: 0.7 } },
  model: (model, { rate }) => withDropout(model, rate),
});
