import type { DefenseDef } from './define-defense.ts';
import { outputDefenses } from './inference/index.ts';
import { trainingDefenses } from './training/index.ts';

export const defenses = { ...trainingDefenses, ...outputDefenses } as const;
export type DefenseName = keyof typeof defenses;

/** The registry with each defence's own options erased, for code that runs over all of them. */
export const allDefenses = Object.values(defenses) as unknown as readonly DefenseDef[];
