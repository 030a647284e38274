/** Training with a defence on rows that can only be memorised. */
import { createHash } from 'node:crypto';
import { deLong, type Estimate, rank, score } from '../../attacks/index.ts';
import { type AnyTarget, type Defended, type DefendedTraining, trainDefended } from '../../defenses/index.ts';
import { type Engine, type Examples, type Model, namedModel, type Rows } from '../../engine/index.ts';
import { noise } from './data.ts';

type SignalName = keyof typeof score.signals;

/** Images of 4 x 3 pixels, so that every defence can work on them. */
export const model: Model = namedModel('mlp', [4, 3, 1], 5);

export const noiseRows = (seed: number, n: number): Examples & Rows => noise(seed, n, model.inputShape, model.classes);

/** Options with which a defence runs on so few rows in a moment. */
export const quick: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'adversarial-regularisation': { steps: 1 },
  relaxloss: { alpha: 1.5 },
  memguard: { epochs: 3 },
  'dp-sgd': { delta: 1e-3 },
  'adversarial-pgd': { steps: 3 },
  trades: { steps: 2 },
  'randomised-smoothing': { draws: 20 },
};

export function trained(
  engine: Engine,
  defence: DefendedTraining['defence'],
  data: Examples,
  more: Partial<DefendedTraining> = {},
): Promise<Defended> {
  const options = { ...quick[defence], ...more.options };
  return trainDefended(engine, model, data, {
    defence,
    recipe: { epochs: 3, batchSize: 8 },
    inputBounds: [-8, 8], // noise is normal
    seed: 3,
    ...more,
    options,
  });
}

export const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** The parameters, whatever the file says of them otherwise. */
export const hashOf = ({ classifier }: Pick<Defended, 'classifier'>) => sha(classifier.save());

/** How well a signal of the target's probabilities tells members from others. */
export async function aucOf(target: AnyTarget, signal: SignalName, members: Rows, others: Rows): Promise<Estimate> {
  const scores = async ({ x, y }: Rows) => {
    const p = await target.probabilities(x);
    const { classes } = target;
    return Float64Array.from(y, (label, i) =>
      score.signals[signal].score({
        kind: 'probabilities',
        row: p.subarray(i * classes, (i + 1) * classes),
        label,
      }),
    );
  };
  const ranking = rank({ members: await scores(members), nonMembers: await scores(others) });
  return deLong({ ranking, confidence: 0.999 });
}
