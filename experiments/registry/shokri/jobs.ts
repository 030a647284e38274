/** The jobs of the shadow-model experiment: models, their answers, an attack model for each class, and the verdicts. */
import {
  asksTarget,
  attackModel,
  type Knowledge,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  shadowData,
  shokriAttack,
  titleOf,
  type Which,
} from '../../membership/index.ts';
import type { Job } from '../../runner/index.ts';
import type { Kind, Settings } from './settings.ts';

const realDesign = (s: Settings, size: number) => ({ kind: 'apart', train: size, seed: s.seed }) as const;
/** The target's rows stay what they are; shadow models draw from made ones. */
const madeDesign = (s: Settings, size: number) => ({ ...realDesign(s, size), shadowRows: 'made' }) as const;

/** @param made the job whose rows shadow models draw from; null: real ones */
const modelJob = (s: Settings, size: number, which: Which, made: Job | null = null) => {
  const name = `${which === 'target' ? 'target' : `shadow ${which + 1}`} of ${size} rows${made ? ` (${made.name})` : ''}`;
  const { model, recipe } = s;
  const design = made ? madeDesign(s, size) : realDesign(s, size);
  return membershipModel.job(
    { model, recipe, augmentation: null, defence: null, design, which, seed: s.seed },
    { name, data: [{ data: s.data }], ...(made && { needs: [made] }) },
  );
};

/** The job that makes the shadow data of an attacker with partial knowledge. */
export function madeJob(s: Settings, size: number, knowledge: Knowledge) {
  const other = knowledge.kind === 'other' ? [{ data: knowledge.data }] : [];
  return shadowData.job(
    { design: realDesign(s, size), knowledge, seed: s.seed },
    {
      name: `shadow data, ${titleOf(knowledge)}`,
      data: [{ data: s.data }, ...other],
      needs: asksTarget(knowledge) ? [modelJob(s, size, 'target')] : [],
    },
  );
}

/** @param made see `modelJob` */
export function jobsOf(s: Settings, size: number, attack: Kind, made: Job | null = null) {
  const { classes, minRows, seed } = s;
  const design = realDesign(s, size);
  const data = [{ data: s.data }];
  const target = modelJob(s, size, 'target');
  const outputs = (which: Which): Job => {
    const ofShadow = which !== 'target' && made !== null;
    const model = which === 'target' ? target : modelJob(s, size, which, made);
    const asked = { design: ofShadow ? madeDesign(s, size) : design, which, views: ONE_VIEW, population: 0 };
    const needs = ofShadow ? [model, made] : [model];
    return modelOutputs.job(asked, { name: `outputs of ${model.name}`, data, needs });
  };
  const shadows = Array.from({ length: s.shadows }, (_, i) => outputs(i));
  const fit = (label: number | null) => {
    const name = `${attack}, ${label === null ? 'all classes' : `class ${label}`}, ${size} rows${made ? ` (${made.name})` : ''}`;
    const options = s.options[attack] ?? {};
    const shared = { attack, options, label, classes, minRows, seed };
    return attackModel.job(
      { ...shared, design: made ? madeDesign(s, size) : design },
      { name, data, needs: made ? [...shadows, made] : shadows },
    );
  };
  const fits = [...Array.from({ length: classes }, (_, label) => fit(label)), fit(null)];
  const judged = shokriAttack.job(
    { attack, classes, design, seed },
    { name: `${attack} on ${size} rows${made ? ` (${made.name})` : ''}`, data, needs: [outputs('target'), ...fits] },
  );
  return { target, fits, judged };
}
