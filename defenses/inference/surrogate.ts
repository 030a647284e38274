/** The defender's own attack model: it tells members from others by a prediction's probabilities, largest first. */
import {
  Classifier,
  type Engine,
  type Examples,
  examplesOf,
  type Model,
  mapTree,
  nn,
  ops,
  type Tensor,
  type TypedArray,
} from '../../engine/index.ts';

export interface Surrogate {
  /** its parameters as tensors of the current scope */
  params(): unknown;
  /** log-odds of membership [n] from probabilities [n, classes]; `order` lists each row's places, largest first */
  odds(params: unknown, probabilities: Tensor, order: Tensor): Tensor;
}

/** Places of each row's numbers in falling order, as indices into all of them: [n * classes]. */
export function fallingOrder(rows: ArrayLike<number>, classes: number): Int32Array {
  const out = new Int32Array(rows.length);
  for (let at = 0; at < out.length; at += classes) {
    const places = Array.from({ length: classes }, (_, c) => at + c);
    out.set(
      places.sort((a, b) => rows[b]! - rows[a]! || a - b),
      at,
    );
  }
  return out;
}

function network(classes: number): Model<readonly unknown[]> {
  const layers = [
    nn.linear({ inputs: classes, outputs: 64 }),
    nn.relu(),
    nn.linear({ inputs: 64, outputs: 32 }),
    nn.relu(),
    nn.linear({ inputs: 32, outputs: 2 }),
  ];
  return { ...nn.sequential(layers), name: 'surrogate', inputShape: [classes], classes: 2 };
}

export interface SurrogateOptions {
  /** probabilities of members and of others, as many of each, row-major [n, classes] */
  readonly members: Float64Array;
  readonly others: Float64Array;
  readonly classes: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

/** Trains it. Nothing of it stays in the engine: each use brings the parameters along. */
export async function trainSurrogate(engine: Engine, o: SurrogateOptions): Promise<Surrogate> {
  const { classes, members, others } = o;
  const model = network(classes);
  const classifier = Classifier.create(engine, model, { seed: o.seed });
  let stored: unknown;
  try {
    await classifier.fit(labelled(members, others, classes), {
      epochs: o.epochs,
      batchSize: 64,
      seed: o.seed,
      ...(o.signal && { signal: o.signal }),
    });
    stored = mapTree(classifier.params, (t) => ({ shape: t.shape, data: t.toArray() }) satisfies Stored);
  } finally {
    classifier.dispose();
  }
  return {
    params: () =>
      (stored as readonly ({ weight: Stored; bias: Stored } | null)[]).map(
        (layer) =>
          layer && {
            weight: engine.tensor(layer.weight.data, layer.weight.shape),
            bias: engine.tensor(layer.bias.data, layer.bias.shape),
          },
      ),
    odds(params, probabilities, order) {
      const [n] = probabilities.shape as readonly [number, number];
      const column = ops.reshape(probabilities, [probabilities.size, 1]);
      const sorted = ops.reshape(ops.gather(column, order), [n, classes]);
      const two = model.apply(params as readonly unknown[], sorted, nn.EVAL);
      const weights = engine.tensor([-1, 1], [1, 2], { dtype: two.dtype });
      return ops.sum(ops.mul(two, weights), 1);
    },
  };
}

interface Stored {
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Sorted rows, members under 1 and others under 0. */
function labelled(members: Float64Array, others: Float64Array, classes: number): Examples {
  const all = new Float64Array(members.length + others.length);
  all.set(members);
  all.set(others, members.length);
  const x = Float32Array.from(fallingOrder(all, classes), (place) => all[place]!);
  const y = Int32Array.from({ length: all.length / classes }, (_, i) => (i < members.length / classes ? 1 : 0));
  return examplesOf(x, y, [classes], 2);
}
