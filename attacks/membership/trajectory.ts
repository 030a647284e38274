/**
 * Membership by loss trajectories: a student that is taught the target's answers comes by a member's label early and
 * surely, since its teacher is sure of it. The losses of a record after each epoch of the student's training, and under the
 * target itself, go to an attack model that learnt from a shadow model and a student of its own.
 *
 * Both students start from the same parameters and see the rows in the same order, so that their trajectories compare.
 */
import { type Model, namedModel, type Rows } from '../../engine/index.ts';
import { defineMembershipAttack } from '../define-attack.ts';
import { signals } from '../score/index.ts';
import type { ProbabilityTarget } from '../target/index.ts';
import { distil } from './distil.ts';
import { learnedScores } from './learned.ts';
import { signalScores } from './signal-attack.ts';

export const trajectory = defineMembershipAttack({
  name: 'trajectory',
  title: 'Loss trajectory of a distilled model',
  paper: 'Liu, Zhao, Backes & Zhang 2022, Membership inference attacks by exploiting loss trajectory (CCS), section 4',
  threat: {
    access: 'probabilities',
    knowledge: ['training-distribution', 'architecture', 'labels'],
    goal: 'membership',
  },
  options: {
    epochs: {
      about: 'of the distillation, one loss of each record after each',
      kind: 'whole',
      default: 20,
      min: 1,
      max: 1000,
    },
    hidden: {
      about: 'units of the attack network; 0: logistic regression',
      kind: 'whole',
      default: 64,
      min: 0,
      max: 4096,
    },
    l2: { about: 'weight of the L2 penalty of the logistic regression', default: 1, min: 0, max: 1e6 },
  },
  needs: { shadowRows: 25, populationRows: 50 },
  costly: true,
  canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1, options: { epochs: 5 } },
  queries: ({ candidates, population }) => candidates + population,
  async run({ target, candidates, known, options, engine, rng, signal }) {
    const population = known.population!;
    const { inputShape, classes } = target;
    const student: Model = known.model ?? namedModel('mlp', inputShape, classes);
    const { epochs } = options;
    const trajectories = new Map<Rows, Float64Array[]>();
    /** the losses of rows after each epoch of a student of this model */
    const follow = async (model: ProbabilityTarget, sets: readonly Rows[]): Promise<void> => {
      for (const rows of sets) trajectories.set(rows, []);
      await distil({
        engine: await engine(),
        model: student,
        x: population.x,
        probabilities: await model.probabilities(population.x),
        epochs,
        rng: rng.split('distil'),
        signal,
        onEpoch: async (taught) => {
          for (const rows of sets) {
            const logits = await taught.logits(rows.x, signal ? { signal } : {});
            trajectories.get(rows)!.push(losses(logits, rows.y, classes));
          }
        },
      });
    };
    // one shadow model, as in the paper
    const shadow = known.shadows[0]!;
    await follow(shadow.target, [shadow.members, shadow.nonMembers]);
    await follow(target, [candidates]);
    const features = async (model: ProbabilityTarget, rows: Rows): Promise<Float64Array> => {
      const columns = [...trajectories.get(rows)!, await signalScores(model, rows, 'log-odds')];
      return Float64Array.from({ length: rows.y.length * columns.length }, (_, at) => {
        return columns[at % columns.length]![Math.floor(at / columns.length)]!;
      });
    };
    const { hidden } = options;
    const model =
      hidden > 0
        ? ({ kind: 'network', hidden, engine, rng: rng.split('attack network'), signal } as const)
        : ({ kind: 'logistic', l2: options.l2 } as const);
    return learnedScores({ target, candidates, shadows: [shadow], features, model });
  },
});

/** [n], with their sign turned */
function losses(logits: Float64Array, y: Int32Array, classes: number): Float64Array {
  return Float64Array.from(y, (label, i) =>
    signals.loss.score({ kind: 'logits', row: logits.subarray(i * classes, (i + 1) * classes), label }),
  );
}
