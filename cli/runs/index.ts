/** Runs of experiments on this machine: processes, folders, locks. */
export { findExperiment } from './find.ts';
export { textIfThere } from './job-folder.ts';
export { commandOf, experimentRun, nearestProfile } from './report.ts';
export { openRun, planOf, type RunOptions as ExperimentRunOptions, type RunOutcome, runExperiment } from './run.ts';
export { RECORDS, REPORT, scanJobs, siblings, specIn } from './run-folder.ts';
export { type Changes, type Spec, type Wanted, wantedRun } from './spec.ts';
