/** What stands before the attacked model (`--defence`), and what the attacker knows of it (`--attacker`). */
import { type EvasionTarget, evasionAttackNamed, spaceOf } from '../attacks/evasion/index.ts';
import { accessLevels, parseOptions, restrict } from '../attacks/index.ts';
import { examples } from '../data/index.ts';
import { allDefenses, type DefenseDef, type DefenseName, defenseNamed, outputDefence } from '../defenses/index.ts';
import { type Classifier, ConfigError, type Engine } from '../engine/index.ts';
import {
  type AttackChoice,
  type Attacker,
  accessOfTarget,
  type RobustnessOptions,
} from '../experiments/robustness/index.ts';
import type { HeldOut } from './model-origin.ts';
import { didYouMean } from './suggest.ts';

export interface DefenceChoice {
  readonly defence?: string;
  readonly defenceOption?: readonly string[];
  readonly attacker?: Attacker;
}

interface Chosen {
  readonly def: DefenseDef;
  readonly options: Readonly<Record<string, number>>;
  readonly attacker: Attacker;
}

/** Those that stand before a trained model. */
export const defencesBefore = allDefenses.filter(({ stage }) => stage === 'inference').map(({ name }) => name);

/** null: nothing stands before the model. @throws ConfigError for names and options that there are not, before anything is read */
export function chosenDefence({ defence, defenceOption: pairs = [], attacker }: DefenceChoice): Chosen | null {
  if (defence === undefined) {
    const [flag, path] = pairs.length > 0 ? ['--defence-option', 'defenceOption'] : ['--attacker', 'attacker'];
    if (pairs.length === 0 && attacker === undefined) return null;
    throw new ConfigError(`${flag}: expected --defence as well, which it is about. Leave it out, or name one.`, path);
  }
  const def = namedDefence(defence);
  if (def.stage !== 'inference')
    throw new ConfigError(
      `--defence ${defence}: expected one that stands before a trained model (${defencesBefore.join(', ')}), got one that changes training. ` +
        'Train with it: keyhole run adversarial-training.',
      'defence',
      defencesBefore,
    );
  const given = Object.fromEntries(pairs.map(pairOf));
  return { def, options: parseOptions(defence, def.options, given), attacker: attacker ?? 'adaptive' };
}

function namedDefence(name: string): DefenseDef {
  const known = allDefenses.some((def) => def.name === name);
  if (known) return defenseNamed(name);
  throw new ConfigError(
    `--defence ${name}: expected one of ${defencesBefore.join(', ')}.${didYouMean(name, defencesBefore)}`,
    'defence',
    defencesBefore,
  );
}

function pairOf(pair: string): readonly [string, number] {
  const [, name = '', text = ''] = /^([\w-]+)=(.+)$/.exec(pair) ?? [];
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (name !== '' && Number.isFinite(value)) return [name, value];
  throw new ConfigError(
    `--defence-option ${pair}: expected NAME=NUMBER, such as bits=3 (see keyhole list defenses).`,
    'defenceOption',
  );
}

export interface Attacked {
  readonly target: EvasionTarget;
  readonly craftedOn?: EvasionTarget;
  readonly defence?: RobustnessOptions['defence'];
}

/** The target behind the defence, and what its attacker works on. @throws ConfigError for attacks that this attacker cannot run */
export async function behindDefence(
  chosen: Chosen,
  model: HeldOut & {
    readonly target: EvasionTarget;
    readonly classifier: Classifier | undefined;
    /** not attacked */
    readonly others: Int32Array;
  },
  o: {
    readonly engine: () => Promise<Engine>;
    readonly seed: number;
    readonly signal: AbortSignal;
    readonly attacks: readonly AttackChoice[] | undefined;
  },
): Promise<Attacked> {
  const { def, options, attacker } = chosen;
  const { classifier, dataset } = model;
  if (!classifier)
    throw new ConfigError(
      '--defence: expected a saved model, which it is put before, got one that is known by its answers. Leave it out: attack that service as it is.',
      'defence',
    );
  const { data, reserve } = def.needsReserve ? rowsFor(def, model) : { data: NO_ROWS, reserve: undefined };
  const wrap = await outputDefence(await o.engine(), classifier, examples(dataset, data), {
    defence: def.name as DefenseName,
    options,
    seed: o.seed,
    ...(reserve && { reserve: examples(dataset, reserve) }),
    inputBounds: spaceOf(dataset),
    signal: o.signal,
  });
  const behind = wrap(model.target as Parameters<typeof wrap>[0], { adaptive: attacker === 'adaptive' });
  // scores made of labels have no slopes: attacks on scores would find nothing, those on labels do
  const target = (
    def.answersLabels && attacker === 'answers' ? restrict(behind, 'label-only') : behind
  ) as EvasionTarget;
  const { name, title } = def;
  const record = { defence: { name, title, options: { ...options }, attacker } };
  if (attacker === 'unaware') return { ...record, target, craftedOn: model.target };
  checkAccess(chosen, target, o.attacks);
  return { ...record, target };
}

const NO_ROWS = new Int32Array(0);

/** Rows that the model was trained on, and others that are not attacked either. @throws ConfigError where they are not known */
function rowsFor({ name }: DefenseDef, { trained, rows, others }: HeldOut & { readonly others: Int32Array }) {
  if (!trained)
    throw new ConfigError(
      `--defence ${name}: expected a model that says which rows it was trained on, which the defence needs, got one that does not. ` +
        'Train it here: keyhole train --out FOLDER, and name the same --data.',
      'defence',
    );
  const own = new Set(others);
  const reserve = rows.filter((row) => own.has(row));
  if (reserve.length > 0) return { data: trained, reserve };
  throw new ConfigError(
    `--defence ${name}: expected rows beside those that are trained on or attacked, which the defence needs, all ${rows.length} are attacked. Ask for fewer --rows.`,
    'rows',
  );
}

/** @throws ConfigError naming what the attacker would have to know */
function checkAccess(
  { def, attacker }: Chosen,
  target: EvasionTarget,
  attacks: readonly AttackChoice[] | undefined,
): void {
  const granted = accessOfTarget(target);
  const rank = accessLevels.indexOf(granted);
  const wants = attacks?.find(({ name }) => accessLevels.indexOf(evasionAttackNamed(name).threat.access) > rank);
  if (!wants) return;
  const { access } = evasionAttackNamed(wants.name).threat;
  const knowing = attacker === 'answers' ? 'let the attacker know the defence (--attacker adaptive), ' : '';
  throw new ConfigError(
    `${wants.name}: expected a target with access '${access}', got one behind ${def.name}, which grants '${granted}' to this attacker. ` +
      `Name an attack that only asks, such as ${granted === 'logits' ? 'square' : granted === 'probabilities' ? 'square-probabilities' : 'hopskipjump'}, ` +
      `${knowing}or have it attack the model without the defence (--attacker unaware).`,
    'attacks',
  );
}
