/**
 * How many threads a training uses, and how: several models at the same time, or the kernels of one model after another.
 * The choice never changes a bit of the result, only when it is there.
 */
import { coreCount, hasModuleThreads } from '#platform';
import { type Engine, leaf, type Model, mapTree, nn, Rng, type Tensor } from '../../engine/index.ts';
import type { Recipe } from '../recipe.ts';

/** Trainings of one size. */
export interface TrainingWork {
  readonly models: number;
  /** of one model */
  readonly steps: number;
  /** of the forward pass of one step */
  readonly multiplyAdds: number;
}

export interface ThreadPlan {
  /** `models`: one whole model a thread; `kernels`: one model after another, its kernels split; `one`: one thread */
  readonly how: 'one' | 'models' | 'kernels';
  /** that compute at the same time */
  readonly count: number;
}

// Rough figures, in seconds, of a current core: they decide which way is taken, never what comes out.
const STEP = 3e-4;
const SECONDS_PER_FLOP = 1 / 30e9;
/** forward, gradient of the weights, gradient of the inputs: two operations a multiply-add each */
const FLOPS_PER_MULTIPLY_ADD = 6;
/** what splitting a step over threads costs */
const KERNEL_SPLIT = 3e-4;
/** share of the kernels' work that is split: two threads make 1.8 of one */
const KERNEL_SHARE = 0.89;
/** what threads must save to be started unasked: their own start, and then some */
const WORTH_IT = 0.5;

/**
 * The rule. `auto` takes the quickest of the three ways by a rough estimate, and one thread where others save less than
 * 0.5 s; a number is taken by its word, as models at the same time where there are several and that is the quicker way.
 * @param asked threads, or 'auto' for at most one a core
 * @param machine its cores, and whether kernels can be split over threads
 */
export function planThreads(
  asked: number | 'auto',
  work: TrainingWork,
  { cores = coreCount(), kernels: canSplit = true }: { cores?: number; kernels?: boolean } = {},
): ThreadPlan {
  const most = asked === 'auto' ? cores : asked;
  const one: ThreadPlan = { how: 'one', count: 1 };
  if (most <= 1 || work.models === 0) return one;
  const kernels: ThreadPlan = { how: 'kernels', count: most };
  const models: ThreadPlan = { how: 'models', count: Math.min(most, work.models) };
  const ways = [...(models.count > 1 && hasModuleThreads ? [models] : []), ...(canSplit ? [kernels] : [])];
  const [best, ...others] = ways.map((plan) => ({ plan, seconds: estimate(plan, work) }));
  if (!best) return one;
  const quickest = others.reduce((a, b) => (b.seconds < a.seconds ? b : a), best);
  if (asked === 'auto' && estimate(one, work) - quickest.seconds < WORTH_IT) return one;
  return quickest.plan;
}

/** How many of the models train at the same time under a plan; in a page, one. */
export function modelsAtOnce({ how, count }: ThreadPlan, models: number): number {
  return how === 'models' && hasModuleThreads ? Math.max(1, Math.min(count, models)) : 1;
}

/** seconds, roughly */
function estimate({ how, count }: ThreadPlan, { models, steps, multiplyAdds }: TrainingWork): number {
  const computing = multiplyAdds * FLOPS_PER_MULTIPLY_ADD * SECONDS_PER_FLOP;
  const model = steps * (STEP + computing);
  if (how === 'models') return Math.ceil(models / count) * model;
  if (how === 'one') return models * model;
  const split = 1 - KERNEL_SHARE + KERNEL_SHARE / count;
  return models * steps * (STEP + KERNEL_SPLIT + computing * split);
}

/** The work of training models of one kind on so many rows each. */
export function trainingWork(
  engine: Engine,
  { model, models, rows, recipe }: { model: Model; models: number; rows: number; recipe: Recipe },
): TrainingWork {
  const batch = Math.min(recipe.batchSize, rows);
  const steps = recipe.epochs * Math.ceil(rows / recipe.batchSize);
  return { models, steps, multiplyAdds: batch * multiplyAdds(engine, model) };
}

/**
 * Multiply-adds of the forward pass of one sample: the size of each weight matrix or filter bank, once for every place
 * of the result that it makes ([..., places, outputs]). Biases and what has no parameters are not counted.
 */
export function multiplyAdds(engine: Engine, model: Model): number {
  const before = engine.recording;
  engine.recording = true;
  try {
    return engine.run('multiply-adds', () => {
      const params = mapTree(model.init({ engine, rng: Rng.from(0), dtype: 'f32' }), leaf);
      const out = model.apply(params, engine.zeros([1, ...model.inputShape]), nn.EVAL);
      let sum = 0;
      const seen = new Set<Tensor>();
      const open = [out];
      for (let result = open.pop(); result; result = open.pop()) {
        if (!result.node || seen.has(result)) continue;
        seen.add(result);
        for (const name of result.node.op.inputs) {
          const input = result.node.inputs[name]!;
          const isWeight = input.node === null && input.requiresGrad && input.rank >= 2;
          if (isWeight) sum += input.size * (result.size / result.shape.at(-1)!);
          open.push(input);
        }
      }
      return sum;
    });
  } finally {
    engine.recording = before;
  }
}
