/** What can be set of attackers with partial knowledge, and how they are named: apart where their settings are. */
import * as v from 'valibot';
import { syntheses } from '../../../attacks/synthesis/index.ts';
import { type Knowledge, otherKnowledge, syntheticKnowledge } from '../../membership/index.ts';
import { dataEntries, dataOf } from './data-settings.ts';

export const knowledgeSetting = v.variant('kind', [
  ...syntheticKnowledge,
  v.strictObject({ ...otherKnowledge.entries, ...dataEntries }),
]);
export type KnowledgeSetting = v.InferOutput<typeof knowledgeSetting>;

/** As the job that makes the rows has it, where its other data set has no name. */
export function knowledgeOf(setting: KnowledgeSetting): Knowledge {
  if (setting.kind !== 'other') return setting;
  const { kind, rows } = setting;
  return { kind, ...(rows !== undefined && { rows }) };
}

/** The data sets beside the target's. */
export const otherData = (setting: KnowledgeSetting) => (setting.kind === 'other' ? [dataOf(setting)] : []);

const share = (p: number) => `${Number((100 * p).toPrecision(12))} %`;
const isByClass = (setting: KnowledgeSetting) => setting.kind === 'marginals' && setting.perClass >= 0.5;

/** A short name. */
export function titleOf(setting: KnowledgeSetting): string {
  return [inShort(setting), ...unsaid(setting)].join(', ');
}

function inShort(setting: KnowledgeSetting): string {
  if (setting.kind === 'other') return `rows of ${setting.data}`;
  if (setting.kind === 'noisy') return `noisy, ${share(setting.p)}`;
  return isByClass(setting) ? 'marginals by class' : setting.kind;
}

/** What the attacker has, for tables and sentences. */
export function knows(setting: KnowledgeSetting): string {
  const more = unsaid(setting);
  return `${inWords(setting)}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

function inWords(setting: KnowledgeSetting): string {
  if (setting.kind === 'other') return `the rows of ${setting.data}`;
  if (setting.kind === 'noisy') return `real rows, ${share(setting.p)} of whose features were changed`;
  if (isByClass(setting)) return 'the marginal distribution of each feature in each class';
  return syntheses[setting.kind].knows;
}

/** What differs from the defaults and the words leave unsaid, so that no two settings have one name. */
function unsaid(setting: KnowledgeSetting): string[] {
  const { kind, rows, ...options } = setting;
  const defaults: Readonly<Record<string, { readonly default: number }>> =
    kind === 'other' ? {} : syntheses[kind].options;
  const isSaid = (name: string, value: unknown) =>
    name === 'data' || name === 'p' || (name === 'perClass' && value === 1) || value === defaults[name]?.default;
  const set = Object.entries(options).filter(([name, value]) => !isSaid(name, value));
  return [...set.map(([name, value]) => `${name} ${value}`), ...(rows === undefined ? [] : [`${rows} rows`])];
}
