/** What can be fitted to the answers of shadow models. Adding a kind of attack model is an entry here, and an attack in index.ts. */
import type { Engine, Pacer, Rng } from '../../../engine/index.ts';
import {
  type BinaryModel,
  type BoostedTreesData,
  boostedTrees,
  boostedTreesSteps,
  fitLogistic,
} from '../../../engine/learn/index.ts';
import type { OptionDef, OptionsOf } from '../../define-attack.ts';
import { fitNetwork, type NetworkData, network } from './network.ts';
import type { AttackRows } from './outputs.ts';
import { attackSvm, fitAttackSvm, svmOptions } from './svm.ts';

export interface AttackModelDef<O extends Record<string, OptionDef>, Data> {
  readonly title: string;
  readonly options: O;
  /** whether a decision is the log-odds of "member" among the rows that were fitted; otherwise the sides weigh the same already */
  readonly logOdds: boolean;
  fit(rows: AttackRows, tools: FitTools<OptionsOf<O>>): Promise<Fitted<Data>>;
  restore(data: Data): BinaryModel | Promise<BinaryModel>;
}

interface Fitted<Data> {
  /** JSON */
  readonly data: Data;
  /** what is wrong with the fit, in words; null when nothing is */
  readonly warning: string | null;
}

export interface FitTools<O> {
  readonly options: O;
  readonly rng: Rng;
  readonly engine: () => Promise<Engine>;
  readonly signal: AbortSignal | undefined;
  readonly pacer: Pacer;
}

function defineAttackModel<const O extends Record<string, OptionDef>, Data>(def: AttackModelDef<O, Data>) {
  return def;
}

interface LogisticData {
  /** of the standardised features */
  readonly weights: readonly number[];
  readonly bias: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const logistic = defineAttackModel({
  title: 'logistic regression',
  options: { l2: { about: 'weight of the L2 penalty of the attack models', default: 1, min: 0, max: 1e6 } },
  logOdds: true,
  async fit({ x, member }, { options }) {
    const { weights, bias, mean, std } = fitLogistic(x, member, { l2: options.l2 });
    const data: LogisticData = { weights: [...weights], bias, mean: [...mean], std: [...std] };
    return { data, warning: null };
  },
  restore({ weights, bias, mean, std }) {
    const decide = (x: ArrayLike<number>, from: number) =>
      weights.reduce((sum, w, f) => sum + (w * (x[from + f]! - mean[f]!)) / std[f]!, bias);
    return {
      decision: (row) => decide(row, 0),
      decisions: (x) =>
        Float64Array.from({ length: x.length / weights.length }, (_, i) => decide(x, i * weights.length)),
    };
  },
});

const boosted = defineAttackModel({
  title: 'gradient-boosted trees',
  options: {
    trees: { about: 'trees of an attack model', kind: 'whole', default: 100, min: 1, max: 10_000 },
    depth: { about: 'questions on the way through a tree, at most', kind: 'whole', default: 3, min: 1, max: 30 },
    learningRate: { about: 'share of each tree that is added', default: 0.1, min: 0.001, max: 1 },
  },
  logOdds: true,
  async fit({ x, member }, { options, pacer }) {
    const steps = boostedTreesSteps(x, member, options);
    for (;;) {
      const step = steps.next();
      if (step.done) {
        const { features, bias, trees } = step.value;
        const data: BoostedTreesData = { features, bias, trees };
        return { data, warning: null };
      }
      await pacer.breathe();
    }
  },
  restore: boostedTrees,
});

const neural = defineAttackModel({
  title: 'a network of 64 hidden units',
  options: {
    units: { about: 'hidden units of an attack model', kind: 'whole', default: 64, min: 1, max: 4096 },
    epochs: { about: 'passes over the rows of an attack model', kind: 'whole', default: 50, min: 1, max: 10_000 },
    learningRate: { about: 'of Adam', default: 0.01, min: 1e-6, max: 1 },
    batchSize: { about: 'rows of one step', kind: 'whole', default: 100, min: 1, max: 1e6 },
  },
  logOdds: true,
  async fit({ x, member }, { options, engine, rng, signal }) {
    const data: NetworkData = await fitNetwork(await engine(), x, member, { ...options, rng, signal });
    return { data, warning: null };
  },
  restore: network,
});

const svm = defineAttackModel({
  title: 'a support vector machine with an RBF kernel',
  options: svmOptions,
  logOdds: false,
  fit: (rows, { options, rng, signal }) => fitAttackSvm(rows, options, { rng, signal }),
  restore: attackSvm,
});

export const attackModelKinds = { svm, network: neural, logistic, boosted } as const;

export type AttackModelKind = keyof typeof attackModelKinds;
