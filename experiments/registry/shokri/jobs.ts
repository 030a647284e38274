/** The jobs of the shadow-model experiment: models, their answers, an attack model for each class, and the verdicts. */
import {
  attackModel,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  shokriAttack,
  type Which,
} from '../../membership/index.ts';
import type { Job } from '../../runner/index.ts';
import { dataOf, type Kind, type Settings } from './settings.ts';

const modelJob = (s: Settings, size: number, which: Which) => {
  const name = `${which === 'target' ? 'target' : `shadow ${which + 1}`} of ${size} rows`;
  const { model, recipe } = s;
  const design = { kind: 'apart', train: size, seed: s.seed } as const;
  return membershipModel.job(
    { model, recipe, augmentation: null, defence: null, design, which, seed: s.seed },
    { name, data: [dataOf(s)] },
  );
};

export function jobsOf(s: Settings, size: number, attack: Kind) {
  const { classes, minRows, seed } = s;
  const design = { kind: 'apart', train: size, seed } as const;
  const data = [dataOf(s)];
  const target = modelJob(s, size, 'target');
  const outputs = (which: Which): Job => {
    const needs = [which === 'target' ? target : modelJob(s, size, which)];
    const asked = { design, which, views: ONE_VIEW, population: 0 };
    return modelOutputs.job(asked, { name: `outputs of ${needs[0]!.name}`, data, needs });
  };
  const shadows = Array.from({ length: s.shadows }, (_, i) => outputs(i));
  const fit = (label: number | null) => {
    const name = `${attack}, ${label === null ? 'all classes' : `class ${label}`}, ${size} rows`;
    const options = s.options[attack] ?? {};
    return attackModel.job({ attack, options, label, classes, design, minRows, seed }, { name, data, needs: shadows });
  };
  const fits = [...Array.from({ length: classes }, (_, label) => fit(label)), fit(null)];
  const judged = shokriAttack.job(
    { attack, classes, design, seed },
    { name: `${attack} on ${size} rows`, data, needs: [outputs('target'), ...fits] },
  );
  return { target, fits, judged };
}
