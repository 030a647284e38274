/** What `npm run test:nodes -- --save` keeps: the cheap rows under several versions of Node. */
import * as v from 'valibot';
import { rowSchema } from '../row.ts';
import { numberText } from '../table.ts';
import { markdownTable } from './tables.ts';

export const nodesSchema = v.strictObject({
  schema: v.literal('keyhole.nodes/1'),
  date: v.string(),
  cpu: v.string(),
  versions: v.array(v.strictObject({ node: v.string(), rows: v.array(rowSchema) })),
});
export type NodesResult = v.InferOutput<typeof nodesSchema>;

/** A line for each row and build, a column for each version. */
export function nodesSection({ versions, date, cpu }: NodesResult): string[] {
  const keys = new Map(versions.flatMap(({ rows }) => rows.map((r) => [`${r.name} ${r.build}`, r])));
  const lines = [...keys.values()].map(({ name, build, unit }) => [
    `\`${name}\``,
    build,
    unit,
    ...versions.map(({ rows }) => {
      const row = rows.find((r) => r.name === name && r.build === build);
      return row ? numberText(row.value) : '';
    }),
  ]);
  return [
    '## Versions of Node',
    `Written by \`npm run test:nodes -- --save\`, ${date}, ${cpu}; one thread, medians.`,
    markdownTable(['row', 'build', 'unit', ...versions.map(({ node }) => node)], lines),
  ];
}
