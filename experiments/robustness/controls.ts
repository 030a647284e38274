/** What an evaluation runs beside its attacks, so that the checks have something to judge by. */
import {
  askTwice,
  type ConvergenceEvidence,
  type EvasionAttack,
  type EvasionResult,
  type EvasionRun,
  evasionAttackNamed,
  gradientNorms,
  largestDistance,
  type NoiseEvidence,
  noiseSearch,
  type RobustnessEvidence,
  runEvasionAttack,
  type StepTrace,
} from '../../attacks/evasion/index.ts';
import { type AccessLevel, accessLevels, type GradientTarget, type LabelTarget } from '../../attacks/index.ts';
import { ConfigError, type Rng } from '../../engine/index.ts';
import { accessOfTarget, type ChosenAttack } from './choice.ts';

/** Rows of the controls: enough for shares of a few per cent. */
const ROWS = 256;
const DRAWS_WITHOUT_GRADIENTS = 10;
const DRAWS_AT_MOST = 100;

export interface ControlTask {
  readonly run: Omit<EvasionRun, 'epsilon' | 'options' | 'x' | 'y' | 'rng' | 'targets'>;
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly targets: Int32Array | null;
  readonly access: AccessLevel;
  /** right before any attack [n] */
  readonly attacked: Uint8Array;
  readonly epsilons: readonly number[];
  readonly chosen: readonly ChosenAttack[];
  /** by epsilon: rows that are right where no attack fools them, and which rows any of them fools [n] */
  readonly worst: readonly { readonly standing: number; readonly fooled: Uint8Array }[];
  readonly rng: Rng;
  readonly onProgress?: (done: number) => void;
}

export type Controls = Pick<RobustnessEvidence, 'noise' | 'unbounded' | 'convergence' | 'gradients' | 'answers'>;
export const noControls: Controls = { noise: [], unbounded: null, convergence: null, gradients: null, answers: null };

/** The controls that the target and its query budget allow, in order of what they cost. */
export async function runControls(
  task: ControlTask,
): Promise<{ readonly controls: Controls; readonly stopped: boolean }> {
  const { run, access, y, attacked } = task;
  const target = run.target as LabelTarget;
  const asks = (run.craftedOn ?? run.target) as unknown as GradientTarget;
  const rows = Int32Array.from(y.keys())
    .filter((i) => attacked[i])
    .slice(0, ROWS);
  const part = rowsOf(task, rows);
  const hasGradients = accessLevels.indexOf(access) >= accessLevels.indexOf('gradients');
  const steps = stepsOf(task.chosen);
  let controls: Controls = noControls;
  if (rows.length === 0) return { controls, stopped: false };
  try {
    controls = { ...controls, answers: await askTwice(target, accessOfTarget(run.target), part.x) };
    if (hasGradients) controls = { ...controls, gradients: await gradientNorms(asks, part) };
    const noise: NoiseEvidence[] = [];
    for (const [k, epsilon] of task.epsilons.entries()) {
      noise.push(
        await noiseSearch(target, task, {
          ...run,
          epsilon,
          tries: hasGradients ? Math.min(steps, DRAWS_AT_MOST) : DRAWS_WITHOUT_GRADIENTS,
          rows: attacked,
          targets: task.targets,
          rng: task.rng.split(`noise ${epsilon}`),
        }),
      );
      controls = { ...controls, noise: [...noise] };
      task.onProgress?.((0.4 * (k + 1)) / task.epsilons.length);
    }
    controls = { ...controls, unbounded: await unbounded(task, part) };
    task.onProgress?.(0.6);
    if (hasGradients) controls = { ...controls, convergence: await convergence(task, rows, steps) };
    task.onProgress?.(1);
    return { controls, stopped: false };
  } catch (error) {
    if (!(error instanceof ConfigError && error.path === 'queryBudget')) throw error;
    return { controls, stopped: true };
  }
}

interface Part {
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly targets: Int32Array | null;
}

function rowsOf({ x, y, targets, run }: ControlTask, rows: Int32Array): Part {
  const { width } = run.space;
  const own = new Float32Array(rows.length * width);
  for (const [k, i] of rows.entries()) own.set(x.subarray(i * width, (i + 1) * width), k * width);
  return { x: own, y: rows.map((i) => y[i]!), targets: targets && rows.map((i) => targets[i]!) };
}

const PGD = 'pgd';

/** Of several, the one that works most. */
function pgdOf(chosen: readonly ChosenAttack[]): ChosenAttack | undefined {
  const work = ({ options }: ChosenAttack) => pgdOption(options, 'steps') * pgdOption(options, 'restarts');
  return chosen.filter(({ attack }) => attack.name === PGD).sort((a, b) => work(b) - work(a))[0];
}

const pgdOption = (given: ChosenAttack['options'], name: 'steps' | 'restarts'): number =>
  given[name] ?? evasionAttackNamed(PGD).options[name]!.default;
const stepsOf = (chosen: readonly ChosenAttack[]) => pgdOption(pgdOf(chosen)?.options ?? {}, 'steps');

const attackPart = (
  { run, rng }: ControlTask,
  { x, y, targets }: Part,
  attack: EvasionAttack,
  more: Pick<EvasionRun, 'epsilon'> & Partial<EvasionRun>,
): Promise<EvasionResult> =>
  runEvasionAttack(attack, { ...run, x, y, ...(targets && { targets }), rng: rng.split('controls'), ...more });

/** Which attack can climb as far as there is room: pgd, else one that the evaluation itself runs inside balls. */
function climber({ access, run, chosen }: ControlTask): ChosenAttack | null {
  const pgd = pgdOf(chosen) ?? { attack: evasionAttackNamed(PGD), options: {} };
  const grants = accessLevels.indexOf(access) >= accessLevels.indexOf(pgd.attack.threat.access);
  if (grants && pgd.attack.norms.includes(run.norm)) return pgd;
  return chosen.find(({ attack }) => attack.seeks === 'within' && attack.family !== 'single-step') ?? null;
}

async function unbounded(task: ControlTask, part: Part): Promise<Controls['unbounded']> {
  const { space, norm } = task.run;
  const chosen = climber(task);
  // columns that cannot change leave some rows nowhere to go, and certain classes are not to be had everywhere
  if (!chosen || task.targets || space.fixed.includes(1) || space.discrete.includes(1)) return null;
  const epsilon = largestDistance(space, norm);
  const { fooled } = await attackPart(task, part, chosen.attack, { epsilon, options: chosen.options });
  return { attack: chosen.attack.name, epsilon, fooled };
}

/** At the epsilon where most hangs in the balance: half of the rows stand. Only those that all attacks left right are asked for more. */
async function convergence(task: ControlTask, rows: Int32Array, steps: number): Promise<ConvergenceEvidence | null> {
  const { epsilons, worst, attacked } = task;
  const attack = evasionAttackNamed(PGD);
  if (!attack.norms.includes(task.run.norm)) return null;
  const half = attacked.reduce((sum, one) => sum + one, 0) / 2;
  const off = worst.map(({ standing }) => Math.abs(standing - half));
  const at = off.indexOf(Math.min(...off));
  const epsilon = epsilons[at]!;
  const fooled = rows.map((i) => worst[at]!.fooled[i]!);
  const left = Int32Array.from(rows.keys()).filter((k) => !fooled[k]);
  const given = pgdOf(task.chosen)?.options ?? {};
  const restarts = pgdOption(given, 'restarts');
  const trace: StepTrace[] = [];
  const climb = (part: Part, options: Readonly<Record<string, number>>, onStep?: (step: StepTrace) => void) =>
    attackPart(task, part, attack, { epsilon, options: { ...given, ...options }, ...(onStep && { onStep }) });
  await climb(rowsOf(task, rows), { steps, restarts: 1, full: 1 }, (step) => trace.push(step));
  const more = async (options: Readonly<Record<string, number>>) => {
    const found = new Uint8Array(rows.length);
    if (left.length === 0) return found;
    const asked = rowsOf(
      task,
      left.map((k) => rows[k]!),
    );
    const ran = await climb(asked, options);
    for (const [a, k] of left.entries()) found[k] = ran.fooled[a]!;
    return found;
  };
  const bySteps = await more({ steps: 2 * steps, restarts });
  const byStarts = await more({ steps, restarts: 2 * restarts });
  return {
    attack: attack.name,
    epsilon,
    steps,
    restarts,
    fooled: Uint8Array.from(fooled),
    bySteps,
    byStarts,
    trace,
  };
}
