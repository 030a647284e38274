/** Shadow data for attackers who have none of the target's kind. Adding a way to make them is a file beside this, and a line here. */
import { ConfigError } from '../../engine/index.ts';
import { parseOptions } from '../runner.ts';
import { restrict } from '../target/index.ts';
import type { SourceName, Synthesis, SynthesisSources, SynthesisTask, SyntheticRows } from './define-synthesis.ts';
import { hillClimbing } from './hill-climbing.ts';
import { marginals } from './marginals.ts';
import { noisy } from './noisy.ts';

export { type Climbed, type ClimbOptions, checkClimb, climb } from './climb.ts';
export {
  defineSynthesis,
  type SourceName,
  type Synthesis,
  type SynthesisSources,
  type SynthesisTask,
  type SyntheticRows,
} from './define-synthesis.ts';
export { type Field, fieldsOf, widthOf } from './fields.ts';

export const syntheses = { noisy, marginals, 'hill-climbing': hillClimbing } as const;
export type SynthesisName = keyof typeof syntheses;
export const synthesisNames = Object.keys(syntheses) as SynthesisName[];

export interface SynthesisRun extends SynthesisTask, Partial<SynthesisSources> {
  readonly options?: Readonly<Record<string, number>>;
}

/**
 * Makes shadow data in the way of that name, from what it needs and nothing else.
 * @throws ConfigError for a name that is none, options that it does not have, and sources that are missing
 */
export async function synthesise(name: string, run: SynthesisRun): Promise<SyntheticRows> {
  if (!Object.hasOwn(syntheses, name)) {
    const expected = synthesisNames.join(', ');
    throw new ConfigError(`synthesis: expected one of ${expected}, got '${name}'.`, 'kind', synthesisNames);
  }
  const method = syntheses[name as SynthesisName] as unknown as Synthesis;
  const { reference, target, options, ...task } = run;
  const sources = { reference, target: target && restrict(target, 'probabilities') };
  const missing = method.needs.find((need) => sources[need] === undefined);
  if (missing !== undefined) {
    const what: Record<SourceName, string> = { reference: 'rows to start from', target: 'a target to ask' };
    throw new ConfigError(`${name}: expected ${what[missing]}, got none. Pass it: ${missing}.`, missing);
  }
  if (!(Number.isInteger(task.rows) && task.rows >= 1))
    throw new ConfigError(`${name}: rows: expected a whole number >= 1, got ${task.rows}.`, 'rows');
  const granted = Object.fromEntries(method.needs.map((need) => [need, sources[need]])) as unknown as SynthesisSources;
  return method.make({ ...task, ...granted, options: parseOptions(name, method.options, options ?? {}) });
}
