/** The jobs of the shadow-model experiment: models, their answers, an attack model for each class, and the verdicts. */
import {
  attackModel,
  type DefenceSettings,
  membershipModel,
  modelOutputs,
  ONE_VIEW,
  shokriAttack,
  type Which,
} from '../../membership/index.ts';
import type { Job } from '../../runner/index.ts';
import type { Kind, Settings } from './settings.ts';

/** A model in the ordinary way, or otherwise. */
export interface Trained {
  readonly defence: DefenceSettings | null;
  readonly epochs: number;
  /** in the names of its jobs */
  readonly how: string;
}

const designOf = (s: Settings, size: number) => ({ kind: 'apart', train: size, seed: s.seed }) as const;
const dataOf = (s: Settings) => [{ data: s.data }];

export const usual = (s: Settings): Trained => ({ defence: null, epochs: s.recipe.epochs, how: '' });

export function modelJob(s: Settings, size: number, which: Which, { defence, epochs, how } = usual(s)) {
  const name = `${which === 'target' ? 'target' : `shadow ${which + 1}`} of ${size} rows${how && `, ${how}`}`;
  const { model, seed } = s;
  const recipe = { ...s.recipe, epochs };
  return membershipModel.job(
    { model, recipe, augmentation: null, defence, design: designOf(s, size), which, seed },
    { name, data: dataOf(s) },
  );
}

/** What the model of a job answers about its own members and non-members, behind a defence where there is one. */
export function outputsJob(
  s: Settings,
  size: number,
  which: Which,
  model: Job,
  defence: DefenceSettings | null = null,
) {
  const name = `outputs of ${model.name}${defence ? `, ${defence.name}` : ''}`;
  const asked = { design: designOf(s, size), which, views: ONE_VIEW, population: 0 };
  const before = defence && { defence: { ...defence, seed: s.seed } };
  return modelOutputs.job({ ...asked, ...before }, { name, data: dataOf(s), needs: [model] });
}

interface Learning {
  readonly size: number;
  readonly attack: Kind;
  /** outputs of the shadow models */
  readonly shadows: readonly Job[];
  readonly how?: string;
  /** fits of all classes only where a class is in need of it */
  readonly ifNeeded?: true;
}

/** An attack model for each class, and one of all. */
export function fitJobs(s: Settings, { size, attack, shadows, how = '', ifNeeded }: Learning) {
  const { classes, minRows, seed } = s;
  const settings = { attack, options: s.options[attack] ?? {}, classes, design: designOf(s, size), minRows, seed };
  const fit = (label: number | null) => {
    const name = `${attack}, ${label === null ? 'all classes' : `class ${label}`}, ${size} rows${how && `, ${how}`}`;
    const when = label === null && ifNeeded ? { ifNeeded } : {};
    return attackModel.job({ ...settings, label, ...when }, { name, data: dataOf(s), needs: shadows });
  };
  return [...Array.from({ length: classes }, (_, label) => fit(label)), fit(null)];
}

export function judgeJob(
  s: Settings,
  o: { size: number; attack: Kind; target: Job; fits: readonly Job[]; how?: string },
) {
  const { classes, seed } = s;
  const name = `${o.attack} on ${o.size} rows${o.how ? `, ${o.how}` : ''}`;
  return shokriAttack.job(
    { attack: o.attack, classes, design: designOf(s, o.size), seed },
    { name, data: dataOf(s), needs: [o.target, ...o.fits] },
  );
}

export function jobsOf(s: Settings, size: number, attack: Kind) {
  const target = modelJob(s, size, 'target');
  const outputs = (which: Which) => outputsJob(s, size, which, modelJob(s, size, which));
  const fits = fitJobs(s, { size, attack, shadows: Array.from({ length: s.shadows }, (_, i) => outputs(i)) });
  return { target, fits, judged: judgeJob(s, { size, attack, target: outputs('target'), fits }) };
}
