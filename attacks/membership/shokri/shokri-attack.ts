/** The form that the attacks of Shokri et al. share: ask the shadow models, fit an attack model per class, judge the target's answers. */
import { Pacer } from '../../../engine/index.ts';
import { type AttackWarning, defineMembershipAttack, type OptionDef } from '../../define-attack.ts';
import { type AttackModels, commonOptions, fitAttackModels } from './attack-models.ts';
import { type AttackModelKind, attackModelKinds } from './kinds.ts';
import { askShadows } from './outputs.ts';

export function shokriAttack<K extends AttackModelKind>(
  kind: K,
  o: { readonly title: string; readonly paper: string },
) {
  const options: Record<string, OptionDef> = { ...attackModelKinds[kind].options, ...commonOptions };
  return defineMembershipAttack({
    name: `shokri-${kind}`,
    title: o.title,
    paper: o.paper,
    threat: {
      access: 'probabilities',
      knowledge: ['training-distribution', 'architecture', 'labels'],
      goal: 'membership',
    },
    options,
    needs: { shadowRows: 25 },
    canary: { mustSucceedOn: 'memorised-noise', mustFailOn: 'untrained', margin: 0.1 },
    async run({ target, candidates, known, options, engine, rng, signal }) {
      const { classes } = target;
      const outputs = await askShadows(known.shadows, classes, new Pacer(signal));
      const models = await fitAttackModels(kind, outputs, { options, rng, engine, signal });
      const probabilities = await target.probabilities(candidates.x);
      const scores = await models.scores({ classes, probabilities, y: candidates.y }, signal);
      return { scores, threshold: 0, warnings: warningsOf(models, classes) };
    },
  });
}

/** How many classes a warning names. */
const NAMED = 10;

function warningsOf({ pooledClasses, data }: AttackModels, classes: number): AttackWarning[] {
  const warnings: AttackWarning[] = [];
  const few = pooledClasses.length;
  if (few > 0) {
    const names = `${pooledClasses.slice(0, NAMED).join(', ')}${few > NAMED ? ' ...' : ''}`;
    const message =
      `Too few shadow members or non-members for an attack model of their own in ${few} of ${classes} classes (${names}): ` +
      'their records are judged by one model of all classes. Give more shadow models or more data.';
    warnings.push({ code: 'few-samples', message });
  }
  const troubled = [...data.models, data.pooled].flatMap((model) => model?.warning ?? []);
  if (troubled.length > 0) {
    const message = `${troubled.length} attack models did not converge; the first one: ${troubled[0]}`;
    warnings.push({ code: 'not-converged', message });
  }
  return warnings;
}
