/**
 * Adversarial examples: milliseconds of projected gradient descent on 1,000 rows, of one of its steps, of one of Auto-PGD's, and of
 * what no step can do without, a forward pass with the gradient of the inputs. No row stops early. One thread.
 */
import { ascend, boundedSpace, evasionAttacks, losses } from '../attacks/evasion/index.ts';
import { localTarget, type Target } from '../attacks/index.ts';
import { type Build, Classifier, createEngine, grad, leaf, namedModel, nn, Rng, sizeOf } from '../engine/index.ts';
import type { Job, JobOptions } from './job.ts';
import { keyhole, millisecondsRow, type Row } from './row.ts';
import { nets } from './steps.ts';
import { nowOf, summarise, timesOf } from './timing.ts';

const [ROWS, STEPS, EPSILON, EPSILON_L2] = [1000, 40, 0.3, 2];
/** A logit above all others, at every step: what it is divided by is how near a row seems. */
const FAR = 1e6;
/** Rows that a target asks for at a time. */
const AT_ONCE = 256;

async function setting(build: Build, name: string) {
  const net = nets.find((one) => one.name === name)!;
  const engine = await createEngine({ build, threads: 1 });
  const classifier = Classifier.create(engine, namedModel(name, net.shape, net.classes), { seed: 1 });
  const rng = Rng.from(2);
  const x = Float32Array.from({ length: ROWS * sizeOf(net.shape) }, () => rng.uniform());
  const y = Int32Array.from({ length: ROWS }, () => rng.below(net.classes));
  const dispose = () => {
    classifier.dispose();
    engine.dispose();
  };
  return { engine, classifier, shape: net.shape, x, y, dispose };
}

type Setting = Awaited<ReturnType<typeof setting>>;

const taskOf = ({ shape, x, y }: Setting, norm: 'linf' | 'l2', onStep: () => void) => ({
  x,
  y,
  targets: null,
  space: boundedSpace(shape, [0, 1]),
  norm,
  epsilon: norm === 'linf' ? EPSILON : EPSILON_L2,
  best: x.slice(),
  rng: Rng.from(3),
  signal: undefined,
  onStep,
});

/** Times of each step of a whole attack, in seconds. The first step compiles, the last one only asks. */
const timesBetween = (at: readonly number[]) => at.slice(2, -1).map((time, i) => (time - at[i + 1]!) / 1000);

async function attack(given: Setting, now: () => number): Promise<number[]> {
  const at: number[] = [];
  const task = taskOf(given, 'linf', () => void at.push(now()));
  await ascend(localTarget(given.classifier), task, {
    loss: losses.crossEntropy,
    steps: STEPS,
    stepSize: 0.01,
    restarts: 1,
    start: 'random',
    momentum: 0,
    full: true,
  });
  return timesBetween(at);
}

/** The same of Auto-PGD, whose rows leave once they fool: here their answers say that they are near it, and nearer with every step. */
async function adaptiveAttack(given: Setting, norm: 'linf' | 'l2', now: () => number): Promise<number[]> {
  const at: number[] = [];
  const target = localTarget(given.classifier);
  const unfooled: Target<'white-box'> = {
    ...target,
    async inputGradients(x, use) {
      const logits = await target.inputGradients(x, use);
      const { classes } = target;
      for (const [i, own] of given.y.entries()) logits[i * classes + own] = FAR / (1 + at.length);
      return logits;
    },
  };
  const task = taskOf(given, norm, () => void at.push(now()));
  const options = { steps: STEPS, restarts: 1, rho: 0.75 };
  await evasionAttacks['apgd-ce'].run({
    ...task,
    target: unfooled,
    options,
    known: {},
    engine: async () => given.engine,
  });
  return timesBetween(at);
}

function gradients({ engine, classifier: { model, params }, shape, x }: Setting): void {
  const width = sizeOf(shape);
  for (let at = 0; at < ROWS; at += AT_ONCE) {
    const rows = Math.min(AT_ONCE, ROWS - at);
    engine.run('input gradients', () => {
      const input = leaf(engine.tensor(x.subarray(at * width, (at + rows) * width), [rows, ...shape]));
      const logits = model.apply(params, input, nn.EVAL);
      grad(logits, [input], { cotangent: engine.ones(logits.shape), release: true });
    });
  }
}

type What = 'pgd' | 'pgd-step' | 'apgd-linf-step' | 'apgd-l2-step' | 'input-gradient';

function evasionJob(what: What, net: string): Job {
  const name = `evasion/${what}/${net}-n${ROWS}${what === 'pgd' ? `-s${STEPS}` : ''}`;
  return {
    name,
    work: { amount: 1, unit: 'ms' },
    milliseconds: 500,
    async run(build: Build, options: JobOptions): Promise<readonly Row[]> {
      const given = await setting(build, net);
      const now = nowOf(options.clock ?? 'wall');
      try {
        const samples =
          what === 'input-gradient'
            ? await timesOf(() => gradients(given), options)
            : what === 'pgd'
              ? await timesOf(async () => void (await attack(given, now)), options)
              : what === 'pgd-step'
                ? summarise(await attack(given, now))
                : summarise(await adaptiveAttack(given, what === 'apgd-l2-step' ? 'l2' : 'linf', now));
        return [millisecondsRow(name, keyhole(build), samples)];
      } finally {
        given.dispose();
      }
    },
  };
}

export const evasionJobs = (): Job[] =>
  ['mnist', 'cifar'].flatMap((net) => [
    evasionJob('input-gradient', net),
    evasionJob('pgd-step', net),
    evasionJob('apgd-linf-step', net),
    evasionJob('apgd-l2-step', net),
    ...(net === 'mnist' ? [evasionJob('pgd', net)] : []),
  ]);
