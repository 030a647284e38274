/** Refuses runs that make no sense before anything is asked. */
import { ConfigError, sizeOf } from '../../engine/index.ts';
import type { EvasionAttack, EvasionKnowledge } from './define-evasion.ts';
import type { EvasionRun, EvasionTarget } from './runner.ts';
import { checkInside, largestDistance } from './space.ts';

/** @throws ConfigError, with the remedy */
export function checkRun(attack: EvasionAttack, run: EvasionRun): void {
  checkKinds(attack, run);
  const { x, y, targets, space, target, known = {} } = run;
  const { name } = attack;
  checkBall(attack, run);
  if (x.length !== y.length * space.width || y.length === 0) {
    throw new ConfigError(
      `${name}: expected rows of ${space.width} numbers and a label for each, got ${x.length} numbers and ${y.length} labels.`,
      'x',
    );
  }
  checkLabels('labels', y, target.classes);
  checkInside(space, x);
  if (targets) {
    if (!attack.targeted)
      throw new ConfigError(`${name}: expected no targets, since it cannot aim at a class. Leave them out.`, 'targets');
    if (targets.length !== y.length)
      throw new ConfigError(`targets: expected one for each of ${y.length} rows, got ${targets.length}.`, 'targets');
    checkLabels('targets', targets, target.classes);
    const same = targets.findIndex((t, i) => t === y[i]);
    if (same >= 0)
      throw new ConfigError(
        `targets: expected classes other than the label, got ${targets[same]} for row ${same}, which is of that class. Choose another.`,
        'targets',
      );
  }
  checkKnown(known, run);
  if (run.craftedOn) checkAlike('craftedOn', run.craftedOn, target);
  attack.check?.({ known, targets: targets ?? null });
}

/** What the compiler would refuse, for callers without one. @throws ConfigError */
function checkKinds(attack: EvasionAttack, { x, y, targets, rng, target, confidence = 0.95 }: EvasionRun): void {
  if (typeof attack !== 'object' || attack === null || typeof attack.run !== 'function')
    throw new ConfigError(
      `attack: expected an attack, got ${shown(attack)}. Give evasionAttacks.pgd, or evasionAttackNamed('pgd').`,
      'attack',
    );
  const fail = (path: string, expected: string, got: unknown, remedy: string) => {
    throw new ConfigError(`${path}: expected ${expected}, got ${shown(got)}. ${remedy}`, path);
  };
  if (!(confidence > 0 && confidence < 1))
    fail('confidence', 'a number between 0 and 1', confidence, '0.95 is the default.');
  if (!(x instanceof Float32Array))
    fail('x', 'rows one after the other in a Float32Array', x, 'Use Float32Array.from(rows.flat()).');
  if (!(y instanceof Int32Array)) fail('y', 'the true classes in an Int32Array', y, 'Use Int32Array.from(classes).');
  if (targets !== undefined && !(targets instanceof Int32Array))
    fail('targets', 'the wanted classes in an Int32Array', targets, 'Use Int32Array.from(classes).');
  if (typeof rng?.split !== 'function') fail('rng', 'a source of random numbers', rng, 'Give Rng.from(0).');
  if (typeof target?.labels !== 'function')
    fail('target', 'a model that can be asked', target, 'Give localTarget(classifier), or functionTarget({ … }).');
}

const shown = (value: unknown) =>
  value === null || value === undefined
    ? 'none'
    : typeof value === 'object' || typeof value === 'function'
      ? `a value of type ${value.constructor.name}`
      : `'${value}'`;

/** What the attacker has is of the target's kind. @throws ConfigError */
function checkKnown({ rows, substitute }: EvasionKnowledge, { space, target }: EvasionRun): void {
  if (rows !== undefined) {
    const { x, y } = rows;
    if (!(x instanceof Float32Array && y instanceof Int32Array && y.length > 0 && x.length === y.length * space.width))
      throw new ConfigError(
        `known.rows: expected rows of ${space.width} numbers in a Float32Array x and a label for each in an Int32Array y, got ` +
          `${x?.length ?? 'no'} numbers and ${y?.length ?? 'no'} labels. Give rows as the model sees them: take(dataset, rows).`,
        'known.rows',
      );
    checkLabels('known.rows', y, target.classes);
    checkInside(space, x, 'known.rows');
  }
  if (substitute === undefined) return;
  if (typeof substitute?.inputGradients !== 'function')
    throw new ConfigError(
      `known.substitute: expected a model with gradients, got ${shown(substitute)}. Give localTarget(classifier).`,
      'known.substitute',
    );
  checkAlike('known.substitute', substitute, target);
}

/** @throws ConfigError for a model of other inputs or classes than the target's */
function checkAlike(
  path: string,
  { inputShape, classes }: Pick<EvasionTarget, 'inputShape' | 'classes'>,
  target: EvasionTarget,
): void {
  if (classes === target.classes && sizeOf(inputShape) === sizeOf(target.inputShape)) return;
  throw new ConfigError(
    `${path}: expected a model of inputs [${target.inputShape}] and ${target.classes} classes, as the target is, got one of [${inputShape}] and ${classes}. Give one that was trained on data of the same kind.`,
    path,
  );
}

/** A norm that the attack knows, and an epsilon that means something. @throws ConfigError */
export function checkBall(
  { name, norms, seeks }: Pick<EvasionAttack, 'name' | 'norms' | 'seeks'>,
  { norm, epsilon, space }: Pick<EvasionRun, 'norm' | 'epsilon' | 'space'>,
): void {
  if (!(space?.low instanceof Float32Array && space.high instanceof Float32Array))
    throw new ConfigError(
      `space: expected the bounds of the inputs, got ${shown(space)}. Give spaceOf(dataset), or boundedSpace(inputShape, [0, 1]).`,
      'space',
    );
  if (!norms.includes(norm)) {
    throw new ConfigError(
      `${name}: expected a norm among ${norms.join(', ')}, got '${norm}'. Use one of those, or another attack.`,
      'norm',
      norms,
    );
  }
  const most = largestDistance(space, norm);
  if (seeks === 'nearest' && epsilon === Infinity) return;
  if (epsilon > 0 && epsilon <= most) return;
  throw new ConfigError(
    `epsilon: expected a number above 0 and at most ${most}, the largest ${norm} perturbation that the bounds leave room for, got ${epsilon}. ` +
      'It is in the units that the model sees: 8/255 of images from 0 to 1.',
    'epsilon',
  );
}

function checkLabels(what: string, labels: Int32Array, classes: number): void {
  const wrong = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (wrong < 0) return;
  throw new ConfigError(
    `${what}: expected classes from 0 to ${classes - 1}, got ${labels[wrong]} for row ${wrong}. Number them as in training.`,
    what === 'labels' ? 'y' : what,
  );
}
