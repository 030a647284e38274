/** Whole training steps of the reference nets: forward, backward, SGD with momentum; and forward passes alone. */
import {
  createEngine,
  type Engine,
  namedModel,
  nn,
  ops,
  optim,
  Rng,
  type Shape,
  sizeOf,
  type Tensor,
  valueAndGrad,
} from '../engine/index.ts';
import { type Job, threadCounts } from './job.ts';
import { keyhole, type Row, rateRow, type Work } from './row.ts';
import { stepMemory } from './step-memory.ts';
import { timeOf } from './timing.ts';

/**
 * The nets of the published comparisons: name, shape of one sample, classes, and how often a sample is multiplied on its
 * way forward, by the first layer and by the others.
 */
export const nets = [
  { name: 'mlp', shape: [28, 28, 1], classes: 10, first: 784 * 256, others: 256 * 128 + 128 * 10 },
  { name: 'mnist', shape: [28, 28, 1], classes: 10, first: 14 * 14 * 16 * 64, others: 25 * 32 * 256 + 512 * 32 + 320 },
  {
    name: 'cifar',
    shape: [32, 32, 3],
    classes: 10,
    first: 32 * 32 * 32 * 75,
    others: 16 * 16 * 64 * 800 + 4096 * 128 + 128 * 10,
  },
] as const;

/**
 * GFLOP of one sample's training step, counted as direct products: forward, gradients of the weights, gradients of the
 * inputs (but for those of the first layer, which nobody asks for), two operations each. Zero for an unknown net.
 */
export function stepWork(name: string): number {
  const net = nets.find((n) => n.name === name);
  return net ? (2 * (2 * net.first + 3 * net.others)) / 1e9 : 0;
}

/**
 * So small that the weights stay as they were drawn. A net that learns its batch by heart has fewer nonzeros after every step,
 * and a private one others than a plain one, so rates would depend on how long they are measured.
 */
export const LEARNING_RATE = 1e-9;

/** Of warm-up, and of measurement: until the code between the kernels is compiled. */
export const STEADY_MS = 1500;

export const batchSizes = [64, 256] as const;

export interface Net {
  readonly name: string;
  readonly shape: Shape;
  readonly classes: number;
}

/** A freshly drawn net with its optimiser: `train` takes one step, and all that it allocates is freed or replaces what was. */
export function trainer(engine: Engine, { name, shape, classes }: Net, rng: Rng) {
  const model = namedModel(name, shape, classes);
  const params = engine.keep(model.init({ engine, rng, dtype: 'f32' }));
  const optimizer = optim.sgd({ learningRate: LEARNING_RATE, momentum: 0.9 });
  let state = engine.keep(optimizer.init(params));
  return {
    train: (x: Tensor, y: Tensor) =>
      engine.run('step', () => {
        const loss = (p: typeof params) => ops.mean(nn.losses.crossEntropy(model.apply(p, x, { mode: 'train' }), y));
        const { grads } = valueAndGrad(loss, params, { release: true });
        state = optimizer.step(params, grads, state);
      }),
    dispose: () => engine.free([params, state]),
  };
}

/** Uniform random inputs and labels. */
export function randomBatch(engine: Engine, { shape, classes }: Net, batch: number, rng: Rng): [x: Tensor, y: Tensor] {
  const values = Float32Array.from({ length: batch * sizeOf(shape) }, () => rng.uniform());
  const labels = Int32Array.from({ length: batch }, () => rng.below(classes));
  return [engine.tensor(values, [batch, ...shape]), engine.tensor(labels)];
}

/** A function that trains one step of a net on fixed random rows. */
export function trainingStep(engine: Engine, net: Net, batch: number): Stepper {
  const rng = Rng.from(1);
  const { train, dispose } = trainer(engine, net, rng.split('init'));
  const [x, y] = engine.keep(randomBatch(engine, net, batch, rng));
  return {
    step: () => train(x, y),
    dispose() {
      dispose();
      engine.free([x, y]);
    },
  };
}

/** What a row does again and again, and how to give back what it has. */
export interface Stepper {
  step(): void;
  dispose(): void;
}

/** A job `KIND/NET/bBATCH` for each net and batch size, on one thread and on two. */
export function netJobs(
  kind: string,
  batches: readonly number[],
  open: (engine: Engine, net: Net, batch: number) => Stepper | Promise<Stepper>,
): Job[] {
  return nets.flatMap((net) =>
    batches.map((batch): Job => {
      const name = `${kind}/${net.name}/b${batch}`;
      const work: Work = { amount: batch, unit: 'samples/s' };
      return {
        name,
        work,
        milliseconds: STEADY_MS,
        async run(build, time) {
          const rows: Row[] = [];
          for (const threads of threadCounts(time)) {
            const engine = await createEngine({ build, threads });
            const { step, dispose } = await open(engine, net, batch);
            await engine.startThreads();
            const memory = stepMemory(engine, step);
            const seconds = timeOf(name, step, time);
            dispose();
            engine.dispose();
            rows.push({ ...rateRow(name, { ...keyhole(build), threads }, work, seconds), memory });
          }
          return rows;
        },
      };
    }),
  );
}

export const stepJobs = (): Job[] => netJobs('step', batchSizes, trainingStep);

/** Logits of fixed random rows that are in the engine's memory already. */
function forwardPass(engine: Engine, net: Net, batch: number): Stepper {
  const rng = Rng.from(1);
  const model = namedModel(net.name, net.shape, net.classes);
  const params = engine.keep(model.init({ engine, rng: rng.split('init'), dtype: 'f32' }));
  const [x, y] = engine.keep(randomBatch(engine, net, batch, rng));
  return {
    step: () => engine.run('forward', () => void model.apply(params, x, { mode: 'eval' })),
    dispose: () => engine.free([params, x, y]),
  };
}

/** What a model's answers cost at best: the other rows of a set of steps are forward and backward. */
export const forwardJobs = (): Job[] => netJobs('forward', [256], forwardPass);
