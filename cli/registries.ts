/**
 * What `keyhole list` lists: each registry read into items of one shape. A new kind is an entry here. Nobody waits for the
 * registries of other kinds to load.
 */
import type { OptionDef } from '../attacks/index.ts';

export interface ListOption {
  readonly name: string;
  readonly about?: string;
  /** number, whole (numbers), switch (1 or 0); of data sets and experiments string, boolean and so on */
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
  /** evasion: norms that its perturbations can be measured in */
  readonly norms?: readonly string[];
  /** evasion: whether it can aim at a class */
  readonly targeted?: boolean;
  /** evasion: the worst row inside the ball, or the nearest that errs */
  readonly seeks?: 'within' | 'nearest';
  /** defences: where they act */
  readonly stage?: string;
  /** data sets: files, embedded or synthetic */
  readonly kind?: string;
  readonly licence?: string;
  readonly home?: string;
  readonly options: readonly ListOption[];
  /** experiments: named settings */
  readonly profiles?: readonly { readonly name: string; readonly about: string }[];
}

interface Registry {
  readonly about: string;
  items(): Promise<ListItem[]>;
}

const numericOptions = (defs: Readonly<Record<string, OptionDef>>): ListOption[] =>
  Object.entries(defs).map(([name, { kind = 'number', ...def }]) => ({ name, type: kind, ...def }));

export const registries = {
  attacks: {
    about: 'what an audit tries: `keyhole audit --attacks NAME,NAME`',
    async items() {
      const { allMembershipAttacks } = await import('../attacks/index.ts');
      return allMembershipAttacks.map(({ name, title, paper, threat, options }) => ({
        name,
        title,
        paper,
        access: threat.access,
        options: numericOptions(options),
      }));
    },
  },
  evasion: {
    about: 'what makes a model err: `keyhole attack NAME`',
    async items() {
      const { allEvasionAttacks } = await import('../attacks/evasion/index.ts');
      return allEvasionAttacks.map(({ name, title, paper, threat, norms, targeted, seeks, options }) => ({
        name,
        title,
        paper,
        access: threat.access,
        norms,
        targeted,
        seeks,
        options: numericOptions(options),
      }));
    },
  },
  defenses: {
    about: 'what makes a model, or its answers, give away less',
    async items() {
      const { allDefenses } = await import('../defenses/index.ts');
      return allDefenses.map(({ name, title, paper, stage, options }) => ({
        name,
        title,
        paper,
        stage,
        options: numericOptions(options),
      }));
    },
  },
  datasets: {
    about: 'what can be trained on: `--data NAME`',
    async items() {
      const [{ SETS }, { optionsOf }] = await Promise.all([import('../data/index.ts'), import('./datasets.ts')]);
      return Object.values(SETS).map((set) => ({
        name: set.name,
        title: set.title,
        paper: set.citation,
        kind: set.kind,
        licence: set.licence,
        home: set.home,
        options: optionsOf(set),
      }));
    },
  },
  models: {
    about: 'what can be trained: `--model NAME`',
    async items() {
      const { models } = await import('../engine/index.ts');
      return Object.values(models).map(({ name, title, paper }) => ({ name, title, paper, options: [] }));
    },
  },
  experiments: {
    about: 'results to reproduce: `keyhole run NAME --profile NAME --set path=value`',
    async items() {
      const [{ experiments }, { settingsNear }] = await Promise.all([
        import('../experiments/registry/index.ts'),
        import('../experiments/runner/index.ts'),
      ]);
      return Object.values(experiments).map((experiment) => ({
        name: experiment.name,
        title: experiment.about,
        paper: experiment.paper,
        profiles: Object.entries(experiment.profiles).map(([name, { about }]) => ({ name, about })),
        // of the profile that runs where none is named; those without a default too
        options: settingsNear(experiment.schema, []).map((name) => {
          const value = (
            experiment.settings(experiment.profiles['quick']!.settings) as Readonly<Record<string, unknown>>
          )[name];
          if (value === undefined) return { name, type: 'word', default: null };
          return {
            name,
            type: Array.isArray(value) ? 'list' : typeof value,
            default: typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean),
          };
        }),
      }));
    },
  },
} as const satisfies Record<string, Registry>;

export type Kind = keyof typeof registries;
export const kinds = Object.keys(registries) as Kind[];
