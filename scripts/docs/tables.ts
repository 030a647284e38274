/** docs/tables.md: what the registries hold. */
import { allEvasionAttacks, robustnessChecks } from '../../attacks/evasion/index.ts';
import { allMembershipAttacks, type OptionDef } from '../../attacks/index.ts';
import { syntheses } from '../../attacks/synthesis/index.ts';
import { SETS } from '../../data/index.ts';
import { allDefenses } from '../../defenses/index.ts';
import { models } from '../../engine/index.ts';
import { getOp, opNames } from '../../engine/ops/index.ts';
import { experiments } from '../../experiments/registry/index.ts';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Questions about each record by the default options, and about the population where there is one. */
function questionsOf({ queries, options }: (typeof allMembershipAttacks)[number]): string {
  if (!queries) return '1';
  const defaults = Object.fromEntries(
    Object.entries(options as Record<string, OptionDef>).map(([name, def]) => [name, def.default]),
  );
  const asked = (inputShape: readonly number[], candidates: number, population: number) =>
    queries({ options: defaults, inputShape, candidates, population, views: 1 });
  const many = 1000;
  const each = (shape: readonly number[]) => Math.round((asked(shape, 2 * many, 0) - asked(shape, many, 0)) / many);
  const [vector, image] = [each([10]), each([8, 8, 1])];
  const once = asked([10], 0, many) > asked([10], 0, 0) ? ', and the population' : '';
  return (vector === image ? String(vector) : `${vector}, of an image ${image}`) + once;
}

const attackRows = () =>
  allMembershipAttacks.map((a) => [
    `\`${a.name}\`${a.costly ? ' (by name only)' : ''}`,
    a.title,
    a.threat.access,
    a.threat.knowledge.join(', '),
    questionsOf(a),
    a.paper,
  ]);
const optionsOf = (options: Readonly<Record<string, Pick<OptionDef, 'default' | 'about'>>>) =>
  Object.entries(options)
    .map(([name, o]) => `\`${name}\` ${o.default}: ${o.about}`)
    .join('<br>');
const evasionRows = () =>
  allEvasionAttacks.map((a) => [
    `\`${a.name}\``,
    a.title,
    a.threat.access,
    a.norms.join(', '),
    `${a.seeks === 'nearest' ? 'the nearest' : 'within the ball'}${a.targeted ? ', or a class' : ''}`,
    optionsOf(a.options),
    a.paper,
  ]);
const checkRows = () => robustnessChecks.map((c) => [`\`${c.name}\``, c.question, c.remedy, c.source]);
const defenseRows = () => allDefenses.map((d) => [`\`${d.name}\``, d.title, d.stage, optionsOf(d.options), d.paper]);
const synthesisRows = () =>
  Object.values(syntheses).map((s) => [`\`${s.name}\``, s.knows, optionsOf(s.options), s.paper]);
const modelRows = () =>
  Object.values(models).map((m) => [`\`${m.name}\``, m.title, m.rank === 3 ? 'images' : 'any', m.paper]);
const setRows = () => Object.values(SETS).map((s) => [`\`${s.name}\``, s.title, s.kind, s.licence]);
const experimentRows = () =>
  Object.values(experiments).map((e) => {
    const profiles = Object.entries(e.profiles).map(([name, { about }]) => `\`${name}\`: ${about}`);
    return [`\`${e.name}\``, e.about, profiles.join('<br>'), e.paper];
  });
const opRows = () =>
  opNames().map((name) => {
    const op = getOp(name);
    const gradient = op.backward === null ? 'none, on purpose' : op.fusedBackward ? 'ops, fused' : 'ops';
    return [`\`${name}\``, op.about, op.inputs.join(', '), gradient];
  });

export function tablesPage(): string {
  return `# What there is, from the registries

Written by \`npm run docs\`; edit the registries, not this page.

## Membership attacks

${table(['name', 'what', 'access', 'the attacker also knows', 'questions about each record', 'paper'], attackRows())}

## Shadow data for attackers with partial knowledge

Also as \`knowledge\` of \`keyhole run shokri\`, where \`other\` takes the rows of another data set (\`data\`, \`path\`, \`label\`).

${table(['name', 'the attacker has', 'options and their defaults', 'paper'], synthesisRows())}

## Adversarial examples

${table(['name', 'what', 'access', 'norms', 'seeks', 'options and their defaults', 'paper'], evasionRows())}

## Checks of an evaluation of robustness

Each is asked after every evaluation; what is flagged says that the figure may be too good.

${table(['name', 'question', 'when it is flagged', 'source'], checkRows())}

## Defences

"held": without other rows of the same distribution (\`reserve\`), that share of the training rows is kept from training.

${table(['name', 'what', 'acts on', 'options and their defaults', 'paper'], defenseRows())}

## Models

${table(['name', 'layers', 'takes', 'after'], modelRows())}

## Data sets

${table(['name', 'what', 'comes as', 'licence'], setRows())}

## Experiments

${table(['name', 'what', 'profiles', 'after'], experimentRows())}

## Ops

"ops": the gradient is written in differentiable ops. "fused": one kernel runs instead when no second gradient is asked for.

${table(['name', 'what', 'inputs', 'gradient'], opRows())}
`;
}
