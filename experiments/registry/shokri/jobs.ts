/** The jobs of the shadow-model experiment: models, their answers, an attack model for each class, and the verdicts. */
import {
  asksTarget,
  attackModel,
  type DefenceSettings,
  type Further,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  shadowData,
  shokriAttack,
  type Which,
} from '../../membership/index.ts';
import type { Job } from '../../runner/index.ts';
import { type KnowledgeSetting, knowledgeOf, otherData, titleOf } from './knowledge-settings.ts';
import { dataOf, type Kind, type Settings } from './settings.ts';

/** A model in the ordinary way, or otherwise. */
export interface Trained {
  readonly defence: DefenceSettings | null;
  readonly epochs: number;
  /** the job whose rows shadow models draw from; null: real ones */
  readonly made: Job | null;
  /** in the names of its jobs */
  readonly how: string;
}

const realDesign = (s: Settings, size: number) => ({ kind: 'apart', train: size, seed: s.seed }) as const;
/** The target's rows stay what they are; shadow models draw from made ones. */
const designOf = (s: Settings, size: number, made: Job | null) =>
  made ? ({ ...realDesign(s, size), shadowRows: 'made' } as const) : realDesign(s, size);

export const usual = (s: Settings): Trained => ({ defence: null, epochs: s.recipe.epochs, made: null, how: '' });

export function modelJob(s: Settings, size: number, which: Which, { defence, epochs, made, how } = usual(s)) {
  const name = `${which === 'target' ? 'target' : `shadow ${which + 1}`} of ${size} rows${how && `, ${how}`}`;
  const { model, seed } = s;
  const recipe = { ...s.recipe, epochs };
  return membershipModel.job(
    { model, recipe, augmentation: null, defence, design: designOf(s, size, made), which, seed },
    { name, data: [dataOf(s)], ...(made && { needs: [made] }) },
  );
}

/** What the model of a job answers about its own members and non-members, behind a defence where there is one. */
export function outputsJob(
  s: Settings,
  size: number,
  which: Which,
  model: Job,
  o: { defence?: DefenceSettings | null; made?: Job | null; further?: Further | null } = {},
) {
  const { defence = null, made = null, further = null } = o;
  const name = `outputs of ${model.name}${defence ? `, ${defence.name}` : ''}`;
  const asked = { design: designOf(s, size, made), which, views: ONE_VIEW, population: 0 };
  const before = defence && { defence: { ...defence, seed: s.seed } };
  return modelOutputs.job(
    { ...asked, ...(further && { further }), ...before },
    { name, data: [dataOf(s)], needs: made ? [model, made] : [model] },
  );
}

interface Learning {
  readonly size: number;
  readonly attack: Kind;
  /** outputs of the shadow models */
  readonly shadows: readonly Job[];
  readonly made?: Job | null;
  readonly how?: string;
  /** fits of all classes only where a class is in need of it */
  readonly ifNeeded?: true;
}

/** An attack model for each class, and one of all. */
export function fitJobs(s: Settings, { size, attack, shadows, made = null, how = '', ifNeeded }: Learning) {
  const { classes, minRows, seed } = s;
  const design = designOf(s, size, made);
  const settings = { attack, options: s.options[attack] ?? {}, classes, design, minRows, seed };
  const needs = made ? [...shadows, made] : shadows;
  const fit = (label: number | null) => {
    const name = `${attack}, ${label === null ? 'all classes' : `class ${label}`}, ${size} rows${how && `, ${how}`}`;
    const when = label === null && ifNeeded ? { ifNeeded } : {};
    return attackModel.job({ ...settings, label, ...when }, { name, data: [dataOf(s)], needs });
  };
  return [...Array.from({ length: classes }, (_, label) => fit(label)), fit(null)];
}

export function judgeJob(
  s: Settings,
  o: { size: number; attack: Kind; target: Job; fits: readonly Job[]; how?: string; further?: Further | null },
) {
  const { classes, seed } = s;
  const { further = null } = o;
  const name = `${o.attack} on ${o.size} rows${o.how ? `, ${o.how}` : ''}`;
  return shokriAttack.job(
    { attack: o.attack, classes, design: realDesign(s, o.size), seed, ...(further && { further }) },
    { name, data: [dataOf(s)], needs: [o.target, ...o.fits] },
  );
}

/** The job that makes the shadow data of an attacker with partial knowledge. */
export function madeJob(s: Settings, size: number, setting: KnowledgeSetting) {
  return shadowData.job(
    { design: realDesign(s, size), knowledge: knowledgeOf(setting), seed: s.seed },
    {
      name: `shadow data, ${titleOf(setting)}`,
      data: [dataOf(s), ...otherData(setting)],
      needs: asksTarget(setting) ? [modelJob(s, size, 'target')] : [],
    },
  );
}

/** @param made the job whose rows the attacker has; null: real ones */
export function jobsOf(s: Settings, size: number, attack: Kind, made: Job | null = null) {
  const how = made?.name ?? '';
  const target = modelJob(s, size, 'target');
  const shadows = Array.from({ length: s.shadows }, (_, i) =>
    outputsJob(s, size, i, modelJob(s, size, i, { ...usual(s), made, how }), { made }),
  );
  const fits = fitJobs(s, { size, attack, shadows, made, how, ...(made && { ifNeeded: true }) });
  const asked = outputsJob(s, size, 'target', target);
  return { target, fits, judged: judgeJob(s, { size, attack, target: asked, fits, how }) };
}
