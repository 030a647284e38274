/** Each defence against adversarial examples of the registry with the jobs that try it: who knows it, who does not, and its proofs. */
import * as v from 'valibot';
import { type Norm, norms } from '../../attacks/evasion/index.ts';
import { allDefenses, type DefenseDef, type RobustCanary } from '../../defenses/index.ts';
import { modelNames } from '../../engine/index.ts';
import {
  attackSchema,
  certificates,
  robustModel,
  robustnessEvaluation,
  squeezersSchema,
  squeezingDetection,
} from '../adversarial/index.ts';
import { count, listOf, positive, seedField } from '../fields.ts';
import { defenceSchema } from '../membership/index.ts';
import { type Job, type Results, recipeSchema } from '../runner/index.ts';
import { withRadius } from './radius.ts';

const attacks = listOf(attackSchema);
const optionsSchema = v.record(v.string(), v.number());

/** A defence that claims something about adversarial examples. */
interface Claiming extends DefenseDef {
  readonly robust: RobustCanary;
}

/** All of the registry, in its order. */
const claiming = allDefenses.filter((def): def is Claiming => def.robust !== undefined);

/** By the names of those defences. */
const byDefence = <Value extends v.GenericSchema>(value: Value) =>
  v.record(v.picklist(claiming.map(({ name }) => name)), value);

export const settings = v.strictObject({
  data: v.optional(v.string(), 'digits'),
  model: v.optional(v.picklist(modelNames), 'mlp'),
  /** null: all training rows */
  train: v.optional(v.nullable(count), null),
  recipe: v.optional(recipeSchema, {
    epochs: 30,
    batchSize: 32,
    optimizer: 'adam',
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 0,
  }),
  /** radius of the ball, by the norm that a defence is made for */
  epsilons: v.optional(v.strictObject({ linf: positive, l2: positive }), { linf: 0.15, l2: 0.5 }),
  /** by defence, beside those of its setting in the registry; `epsilon` is the radius unless it is here */
  options: v.optional(byDefence(optionsSchema), {}),
  /** what the model behind a defence of answers is trained with, where that is not nothing */
  behind: v.optional(byDefence(defenceSchema), {
    'randomised-smoothing': { name: 'gaussian-augmentation', options: { sigma: 0.25 } },
  }),
  seed: v.optional(seedField, 0),
  /** test rows that are attacked, from the first */
  attacked: v.optional(count, 200),
  /** of who knows the defence; row by row the worst of them counts */
  knowing: v.optional(attacks, [
    { name: 'fgsm', options: {} },
    { name: 'pgd', options: { steps: 20, restarts: 2, full: 1 } },
    { name: 'apgd-dlr', options: { steps: 30 } },
    { name: 'square', options: { queries: 300 } },
  ]),
  /** of who does not, run on the undefended model */
  unknowing: v.optional(attacks, [
    { name: 'pgd', options: { steps: 20 } },
    { name: 'pgd', options: { steps: 20, full: 1 } },
  ]),
  /** draws that certify a row, of a defence that proves */
  certify: v.optional(v.strictObject({ certified: count, n0: count, n: count, alpha: positive }), {
    certified: 200,
    n0: 100,
    n: 1000,
    alpha: 0.001,
  }),
  /** null: no detector */
  detector: v.optional(
    v.nullable(
      v.strictObject({
        squeezers: squeezersSchema,
        /** test rows after the attacked ones that choose the threshold */
        clean: count,
        falsePositiveRate: v.pipe(positive, v.ltValue(1, 'expected a rate below 1')),
        norm: v.picklist(norms),
        epsilon: positive,
        unaware: attacks,
        adaptive: v.strictObject({ steps: count, classes: count }),
      }),
    ),
    {
      squeezers: { bits: [1], medians: [] },
      clean: 150,
      falsePositiveRate: 0.05,
      norm: 'l2',
      epsilon: 1,
      unaware: [
        { name: 'fgsm', options: {} },
        { name: 'pgd', options: {} },
        { name: 'pgd', options: { full: 1 } },
        { name: 'carlini-wagner', options: { searches: 5, iterations: 200 } },
      ],
      adaptive: { steps: 100, classes: 9 },
    },
  ),
});
export type Settings = v.InferOutput<typeof settings>;
export type Section = keyof Settings['epsilons'];
export const sections: readonly Section[] = ['linf', 'l2'];

type Attacked = ReturnType<typeof robustnessEvaluation.parseResult>;
type Certified = ReturnType<typeof certificates.parseResult>;

const rowsOf = ({ train }: Settings) => ({ train, seed: 0 });

type Defence = v.InferOutput<typeof defenceSchema>;

function modelJob(s: Settings, defence: Defence | null): Job<ReturnType<typeof robustModel.parseResult>> {
  const { model, recipe, seed } = s;
  return robustModel.job(
    { model, recipe, augmentation: null, defence, rows: rowsOf(s), seed },
    { name: `${defence?.name ?? 'undefended'} model`, data: [{ data: s.data }] },
  );
}

interface Attacking {
  readonly norm: Section;
  readonly inference: (Defence & { readonly adaptive: boolean }) | null;
  /** undefined: on the model as it is asked */
  readonly craftedOn?: 'bare' | 'other';
}

function attackJob(s: Settings, name: string, needs: readonly Job[], o: Attacking): Job<Attacked> {
  const knows = o.craftedOn === undefined;
  return robustnessEvaluation.job(
    {
      rows: rowsOf(s),
      attacked: s.attacked,
      norm: o.norm,
      epsilons: [s.epsilons[o.norm]],
      attacks: knows ? s.knowing : s.unknowing,
      controls: knows,
      inference: o.inference,
      ...(o.craftedOn && { craftedOn: o.craftedOn }),
      seed: s.seed,
    },
    {
      name: `attacks on ${name} in ${o.norm} by who ${knows ? 'knows it' : 'does not know it'}`,
      data: [{ data: s.data }],
      needs,
    },
  );
}

export function optionsOf(s: Settings, { name, robust }: Claiming): Readonly<Record<string, number>> {
  const { epsilon: _, ...own } = robust.options as Readonly<Record<string, number>>;
  return withRadius(name, s.epsilons[robust.norm as Section], { ...own, ...s.options[name] });
}

interface DefenceJobs {
  readonly knowing: Job<Attacked>;
  readonly unknowing: Job<Attacked>;
  readonly certified: Job<Certified> | null;
}

function jobsOfDefence(s: Settings, def: Claiming): DefenceJobs {
  const { name, stage, robust } = def;
  const norm = robust.norm as Section;
  const own = { name, options: { ...optionsOf(s, def) } };
  const plain = modelJob(s, null);
  if (stage !== 'inference') {
    const model = modelJob(s, own);
    return {
      knowing: attackJob(s, name, [model], { norm, inference: null }),
      unknowing: attackJob(s, name, [model, plain], { norm, inference: null, craftedOn: 'other' }),
      certified: null,
    };
  }
  const beneath = s.behind[name];
  const model = beneath ? modelJob(s, beneath) : plain;
  const { certified, ...draws } = s.certify;
  return {
    knowing: attackJob(s, name, [model], { norm, inference: { ...own, adaptive: true } }),
    unknowing: attackJob(s, name, [model], { norm, inference: { ...own, adaptive: false }, craftedOn: 'bare' }),
    certified:
      robust.claim === 'certifies'
        ? certificates.job(
            {
              rows: rowsOf(s),
              certified,
              smoothing: { sigma: own.options['sigma']!, ...draws },
              radii: [0, s.epsilons[norm]],
              seed: s.seed,
            },
            { name: `certificates of ${name}`, data: [{ data: s.data }], needs: [model] },
          )
        : null,
  };
}

const undefendedJob = (s: Settings, norm: Section) =>
  attackJob(s, 'undefended', [modelJob(s, null)], { norm, inference: null });

const detectorJob = (s: Settings) =>
  s.detector &&
  squeezingDetection.job(
    { rows: rowsOf(s), attacked: s.attacked, ...s.detector, seed: s.seed },
    { name: 'squeezing detector', data: [{ data: s.data }], needs: [modelJob(s, null)] },
  );

export function jobs(s: Settings): Job[] {
  const detector = detectorJob(s);
  return [
    ...sections.map((norm) => undefendedJob(s, norm)),
    ...claiming.flatMap((def) => Object.values(jobsOfDefence(s, def)).filter((job): job is Job => job !== null)),
    ...(detector ? [detector] : []),
  ];
}

export interface Row {
  readonly name: string;
  readonly trains: boolean;
  readonly options: Readonly<Record<string, number>>;
  readonly claim: RobustCanary['claim'];
  /** what its model was trained with, of a defence of answers */
  readonly behind: string | null;
  readonly knowing: Attacked | null;
  readonly unknowing: Attacked | null;
  readonly certified: Certified | null;
}

export interface Found {
  readonly sections: readonly {
    readonly norm: Norm & Section;
    readonly epsilon: number;
    readonly undefended: Attacked | null;
    readonly rows: readonly Row[];
  }[];
  readonly detection: ReturnType<typeof squeezingDetection.parseResult> | null;
}

export function found(results: Results, s: Settings): Found {
  const detector = detectorJob(s);
  return {
    sections: sections.map((norm) => ({
      norm,
      epsilon: s.epsilons[norm],
      undefended: results.of(undefendedJob(s, norm)),
      rows: claiming
        .filter(({ robust }) => robust.norm === norm)
        .map((def) => {
          const { knowing, unknowing, certified } = jobsOfDefence(s, def);
          return {
            name: def.name,
            trains: def.stage !== 'inference',
            options: optionsOf(s, def),
            claim: def.robust.claim,
            behind: s.behind[def.name]?.name ?? null,
            knowing: results.of(knowing),
            unknowing: results.of(unknowing),
            certified: certified && results.of(certified),
          };
        }),
    })),
    detection: detector && results.of(detector),
  };
}
