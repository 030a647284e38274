/** The radius of an experiment as an option of its defences. */
import { type DefenseName, defenseNamed } from '../../defenses/index.ts';

/** Options of a defence with the radius among them, where it has such an option and is given none of its own. */
export function withRadius(
  name: string,
  epsilon: number,
  options: Readonly<Record<string, number>>,
): Record<string, number> {
  const takesIt = Object.hasOwn(defenseNamed(name as DefenseName).options, 'epsilon');
  return { ...(takesIt && { epsilon }), ...options };
}
