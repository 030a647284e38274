/** What `keyhole list` lists: each registry read into items of one shape. A new kind is an entry here. */
import { allMembershipAttacks } from '../attacks/index.ts';
import { SETS } from '../data/index.ts';
import { models } from '../engine/index.ts';
import { optionsOf } from './datasets.ts';

export interface ListOption {
  readonly name: string;
  readonly about?: string;
  readonly type: string;
  readonly default: string | number | boolean | null;
  readonly min?: number;
  readonly max?: number;
}

export interface ListItem {
  readonly name: string;
  readonly title: string;
  /** who made it known: authors and year, or the citation that a set's authors ask for */
  readonly paper: string;
  /** attacks: what the attacker must be able to ask of the model */
  readonly access?: string;
  /** defences: where they act */
  readonly stage?: string;
  /** data sets: files, embedded or synthetic */
  readonly kind?: string;
  readonly licence?: string;
  readonly home?: string;
  readonly options: readonly ListOption[];
}

interface Registry {
  readonly about: string;
  items(): ListItem[];
}

export const registries = {
  attacks: {
    about: 'what an audit tries: `keyhole audit --attacks NAME,NAME`',
    items: () =>
      allMembershipAttacks.map(({ name, title, paper, threat, options }) => ({
        name,
        title,
        paper,
        access: threat.access,
        options: Object.entries(options).map(
          ([option, def]) => ({ name: option, type: 'number', ...(def as object) }) as ListOption,
        ),
      })),
  },
  defenses: { about: 'what makes a model give away less', items: () => [] },
  datasets: {
    about: 'what can be trained on: `--data NAME`',
    items: () =>
      Object.values(SETS).map((set) => ({
        name: set.name,
        title: set.title,
        paper: set.citation,
        kind: set.kind,
        licence: set.licence,
        home: set.home,
        options: optionsOf(set),
      })),
  },
  models: {
    about: 'what can be trained: `--model NAME`',
    items: () => Object.values(models).map(({ name, title, paper }) => ({ name, title, paper, options: [] })),
  },
  experiments: { about: 'published results to reproduce', items: () => [] },
} as const satisfies Record<string, Registry>;

export type Kind = keyof typeof registries;
export const kinds = Object.keys(registries) as Kind[];
