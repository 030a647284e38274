/** keyhole report: the report of a run again, from its records alone; also of one that is not finished. */

import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { outputTo } from '../output.ts';
import { writeWhole } from '../output-folder.ts';
import { experimentRun, findExperiment, openRun, planOf, REPORT, scanJobs } from '../runs/index.ts';
import type { ReportResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';

interface Options extends CommonOptions {
  readonly out?: string;
  readonly format: 'html' | 'md';
}

export function reportCommand(command: Command, terminal: Terminal): Command {
  command
    .argument('<folder>', 'of a run, as `keyhole run --out` made it')
    .option('--out <file>', 'where the report goes (default: report.html or report.md in the folder)')
    .addOption(
      new Option('--format <name>', 'html, or md for a page to keep with the code')
        .choices(['html', 'md'])
        .default('html'),
    );
  return withCommonOptions(command).action((folder: string, options: Options) => run(terminal, folder, options));
}

async function run(terminal: Terminal, folder: string, options: Options): Promise<void> {
  const output = outputTo(terminal, outputOptions(options));
  const spec = await openRun(folder);
  const { experiment } = await findExperiment(spec.experiment);
  const plan = await planOf(experiment, spec);
  const { records, faults } = await scanJobs(folder, plan, false);
  for (const fault of faults) output.note(fault);
  const source = experimentRun({ experiment, spec, plan, records });
  const { renderExperimentReport, renderExperimentMarkdown } = await import('../../experiments/report/index.ts');
  const text = options.format === 'md' ? renderExperimentMarkdown(source) : renderExperimentReport(source);
  const file = options.out ?? join(folder, options.format === 'md' ? 'report.md' : REPORT);
  await writeWhole(file, text);
  const result: ReportResult = {
    schema: 'keyhole.report/1',
    experiment: experiment.name,
    folder,
    report: file,
    headline: source.report.headline,
    jobs: { total: plan.jobs.length, done: records.size },
    missing: [...source.missing],
  };
  output.printJson(result);
  const { length } = source.missing;
  if (length > 0) output.print(`${length} of ${plan.jobs.length} jobs are not done: the report says which.`);
  output.print(`${source.report.headline}\n\nReport: ${file}`);
}
