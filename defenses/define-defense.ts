/** Defences as data: who wrote them, where they act, what they can be told, and the functions that do it. */
import type { InputSpace, Norm } from '../attacks/evasion/index.ts';
import type { OptionDef, OptionsOf, Target } from '../attacks/index.ts';
import type { Classifier, Engine, Evaluation, Examples, FitOptions, Model, Rng } from '../engine/index.ts';

export const stages = ['data', 'training', 'update', 'aggregation', 'inference'] as const;
export type Stage = (typeof stages)[number];

/** What a defended model is trained by, whatever the defence. */
export type TrainingRecipe = Pick<FitOptions, 'epochs' | 'batchSize' | 'optimizer' | 'augment'>;
export type Watch = Pick<FitOptions, 'checkpoint' | 'signal' | 'onProgress'>;

export interface TrainingContext<O = Readonly<Record<string, number>>> {
  readonly engine: Engine;
  /** with its initial parameters */
  readonly classifier: Classifier;
  /** the rows to train on */
  readonly data: Examples;
  /** rows of the same distribution that the classifier is not fitted to; empty unless the defence needs them */
  readonly reserve: Examples;
  /** what inputs may be, in the units that the model sees */
  readonly space: InputSpace;
  readonly options: O;
  readonly recipe: TrainingRecipe;
  readonly seed: number;
}

/** What training does differently. */
export interface FitChanges
  extends Pick<FitOptions, 'loss' | 'augment' | 'batch' | 'optimizer' | 'companions' | 'validation' | 'earlyStopping'> {
  /** tensors to give back when training is over */
  readonly free?: unknown;
}

/** What a training loop of its own leaves behind, beside the parameters. */
export interface OwnTraining {
  readonly epochs: number;
  readonly steps: number;
  readonly epsilon?: number;
  readonly notes?: readonly string[];
  /** how well the classifier fits what it was taught, where that is not the data with its labels */
  readonly learnt?: Evaluation;
}

/** A model's answers to n rows, as an output defence gets them. */
export interface Answers {
  readonly classes: number;
  /** [n, classes] */
  readonly probabilities: Float64Array;
  /** [n, classes]; the logarithm of the probabilities where the target gives no more */
  readonly logits: Float64Array;
  /** answers given before, counted in calls */
  readonly asked: number;
}

export interface OutputDefense {
  /** other probabilities for the same rows [n, classes] */
  readonly change: (answers: Answers) => Float64Array | Promise<Float64Array>;
  /** the label that is answered stays the model's own; otherwise it is that of the changed probabilities */
  readonly keepsLabels: boolean;
  /** the same rows get other answers when they are asked about again */
  readonly varies: boolean;
}

export type AnyTarget = Target<'white-box'> | Target<'probabilities'>;
/**
 * What stands before a trained model.
 * @param attacker adaptive: grants the gradients that an attacker estimates who knows a defence that has none (straight through
 * transforms, over draws of noise); otherwise such a defence grants none
 */
export type Wrap = (target: AnyTarget, attacker?: { readonly adaptive?: boolean }) => AnyTarget;

export interface OutputContext<O = Readonly<Record<string, number>>> {
  readonly engine: Engine;
  readonly classifier: Classifier;
  /** the rows that the classifier was fitted to, and others */
  readonly data: Examples;
  readonly reserve: Examples;
  /** what inputs may be, in the units that the model sees */
  readonly space: InputSpace;
  readonly options: O;
  readonly rng: Rng;
  readonly signal: AbortSignal | undefined;
}

/** A small setting in which a defence against adversarial examples must show: a net that tells digits apart. */
export interface RobustCanary<O extends Record<string, OptionDef> = Record<string, OptionDef>> {
  readonly norm: Norm;
  readonly epsilon: number;
  readonly options: { readonly [K in keyof O]?: number };
  /**
   * resists: more rows than undefended stay right under an attack that knows the defence; masks: only attacks that do not
   * know it fare worse, and one that does undoes it; certifies: it proves, and is tested by its proofs
   */
  readonly claim: 'resists' | 'masks' | 'certifies';
}

export interface DefenseDef<O extends Record<string, OptionDef> = Record<string, OptionDef>> {
  readonly name: string;
  readonly title: string;
  /** authors, year, title, venue, section */
  readonly paper: string;
  readonly stage: Stage;
  readonly options: O;
  /** values at which it changes nothing; null where there are none */
  readonly off: { readonly [K in keyof O]?: number } | null;
  /** needs rows beside the ones that it trains on: a share `held` of them is held back where nobody gives others */
  readonly needsReserve: boolean;
  /**
   * a setting in which it must lower an attack by this signal on a model that has memorised noise; null, with the reason beside
   * it, for a defence that does not
   */
  readonly canary: {
    readonly lowers: 'loss' | 'entropy';
    readonly options: { readonly [K in keyof O]?: number };
  } | null;
  /** of a defence against adversarial examples */
  readonly robust?: RobustCanary<O>;
  /** refuses rows outside the input bounds: it moves inputs between them */
  readonly needsBounds?: boolean;
  /** refuses a model or a recipe that it does not work with, before training @throws ConfigError */
  readonly check?: (at: { readonly model: Model; readonly augmented: boolean }) => void;
  /** the network that is trained instead; its parameters are those of the model */
  readonly model?: (model: Model, options: OptionsOf<O>) => Model;
  /** changes to the training loop */
  readonly fit?: (context: TrainingContext<OptionsOf<O>>) => FitChanges;
  /** another training loop, which fits the context's classifier */
  readonly train?: (context: TrainingContext<OptionsOf<O>> & { readonly watch: Watch }) => Promise<OwnTraining>;
  /** what changes the answers of the trained model */
  readonly outputs?: (context: OutputContext<OptionsOf<O>>) => OutputDefense | Promise<OutputDefense>;
  /** its answers are labels: what it gives as probabilities is 1 for one class and 0 for the others */
  readonly answersLabels?: boolean;
  /** what changes the questions, or asks several: stands before the trained model */
  readonly wrap?: (context: OutputContext<OptionsOf<O>>) => Wrap;
}

/** Types a defence's functions against its own options. */
export function defineDefense<const O extends Record<string, OptionDef>>(defense: DefenseDef<O>): DefenseDef<O> {
  return defense;
}

/** The option of every defence that needs rows beside those it trains on. */
export const held: OptionDef = {
  about: 'share of the training rows that is held back where no other rows are given',
  default: 0.2,
  min: 0.01,
  max: 0.9,
};
