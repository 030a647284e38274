import { mapTree, ops, optim, type Tensor, type TreeMap, tensorsOf } from '../../engine/index.ts';

import { defineDefense } from '../define-defense.ts';

/** The optimiser with the gradient of weight |p|^2, 2 weight p, added to what it is given: a penalty in the loss. */
export function withPenalty(optimizer: optim.Optimizer, weight: number): optim.Optimizer {
  const penalised = <P>(params: P, grads: TreeMap<P, Tensor>): TreeMap<P, Tensor> => {
    const list = tensorsOf(grads);
    let i = 0;
    return mapTree(params, (p) => ops.add(list[i++]!, ops.scale(p, 2 * weight)));
  };
  return {
    name: `${optimizer.name} with ${weight} |w|^2`,
    init: (params) => optimizer.init(params),
    step: (params, grads, state) => optimizer.step(params, penalised(params, grads), state),
    update: (params, grads, state) => optimizer.update(params, penalised(params, grads), state),
  };
}

/** loss + weight sum of all parameters squared, biases too. In the loss, so Adam scales it like any other gradient. */
export const l2 = defineDefense({
  name: 'l2',
  title: 'L2 regularisation of all parameters, in the loss',
  paper: 'Shokri et al. 2017, Membership inference attacks against machine learning models (S&P), section VIII',
  stage: 'training',
  options: { weight: { about: 'of the sum of squared parameters in the loss', default: 1e-3, min: 0, max: 10 } },
  off: { weight: 0 },
  needsReserve: false,
  canary: { lowers: 'loss', options: { weight: 0.05 } },
  fit: ({ options, recipe }) => ({ optimizer: withPenalty(recipe.optimizer ?? optim.adam(), options.weight) }),
});
