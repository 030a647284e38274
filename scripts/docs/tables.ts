/** docs/tables.md: what the registries hold. */
import { allMembershipAttacks } from '../../attacks/index.ts';
import { SETS } from '../../data/index.ts';
import { allDefenses } from '../../defenses/index.ts';
import { models } from '../../engine/index.ts';
import { getOp, opNames } from '../../engine/ops/index.ts';
import { experiments } from '../../experiments/registry/index.ts';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const attackRows = () =>
  allMembershipAttacks.map((a) => [`\`${a.name}\``, a.title, a.threat.access, a.threat.knowledge.join(', '), a.paper]);
const defenseRows = () =>
  allDefenses.map((d) => {
    const options = Object.entries(d.options).map(([name, o]) => `\`${name}\` ${o.default}: ${o.about}`);
    return [`\`${d.name}\``, d.title, d.stage, options.join('<br>'), d.paper];
  });
const modelRows = () =>
  Object.values(models).map((m) => [`\`${m.name}\``, m.title, m.rank === 3 ? 'images' : 'any', m.paper]);
const setRows = () => Object.values(SETS).map((s) => [`\`${s.name}\``, s.title, s.kind, s.licence]);
const experimentRows = () => Object.values(experiments).map((e) => [`\`${e.name}\``, e.about, e.paper]);
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

${table(['name', 'what', 'access', 'the attacker also knows', 'paper'], attackRows())}

## Defences

"held": without other rows of the same distribution (\`reserve\`), that share of the training rows is kept from training.

${table(['name', 'what', 'acts on', 'options and their defaults', 'paper'], defenseRows())}

## Models

${table(['name', 'layers', 'takes', 'after'], modelRows())}

## Data sets

${table(['name', 'what', 'comes as', 'licence'], setRows())}

## Experiments

${table(['name', 'what', 'after'], experimentRows())}

## Ops

"ops": the gradient is written in differentiable ops. "fused": one kernel runs instead when no second gradient is asked for.

${table(['name', 'what', 'inputs', 'gradient'], opRows())}
`;
}
