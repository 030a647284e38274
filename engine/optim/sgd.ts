import * as k from '../kernels/families/index.ts';
import { launch } from '../kernels/launch.ts';
import { add, affine, scale, sub } from '../ops/index.ts';
import { checkSetting, type Optimizer, optimizerOf } from './optimizer.ts';
import { type Schedule, toSchedule } from './schedules.ts';

export interface SgdOptions {
  readonly learningRate: number | Schedule;
  /** default 0 */
  readonly momentum?: number;
  /** Nesterov's look-ahead; default false */
  readonly nesterov?: boolean;
  /** L2 penalty added to the gradient; default 0 */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent as PyTorch has it: g += wd p; v = momentum v + g; p -= lr (nesterov ? g + momentum v : v)
 * (Sutskever et al. 2013, section 2).
 * @throws ConfigError for settings out of range
 */
export function sgd({ learningRate, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions): Optimizer {
  checkSetting('momentum', momentum, momentum >= 0 && momentum < 1, 'a number in [0, 1)');
  checkSetting('nesterov', nesterov, !nesterov || momentum > 0, 'momentum > 0 to look ahead with');
  checkSetting('weightDecay', weightDecay, weightDecay >= 0 && weightDecay < Infinity, 'a number >= 0');
  return optimizerOf({
    name: 'sgd',
    slots: momentum > 0 ? ['velocity'] : [],
    learningRate: toSchedule(learningRate),
    fused(p, g, [v], lr) {
      launch(k.sgd, p, g, v ?? null, p.size, lr, momentum, weightDecay, +nesterov);
    },
    pure(p, g, [v], lr) {
      const decayed = weightDecay > 0 ? add(g, scale(p, weightDecay)) : g;
      if (!v) return [sub(p, scale(decayed, lr))];
      const velocity = add(affine(v, momentum, 0), decayed);
      const direction = nesterov ? add(decayed, scale(velocity, momentum)) : velocity;
      return [sub(p, scale(direction, lr)), velocity];
    },
  });
}
