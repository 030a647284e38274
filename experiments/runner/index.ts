/** The experiment runner without its processes and files, which the command line has: settings, jobs, records, reports. */
export { type Estimate, estimateOf, type Standing } from './estimate.ts';
export {
  type Completion,
  completed,
  defineExperiment,
  type Experiment,
  type Profile,
  type Results,
} from './experiment.ts';
export {
  type DataFacts,
  type DataRef,
  dataRefSchema,
  defineKind,
  type Job,
  type JobContext,
  type JobKind,
  type JobOptions,
  type Needed,
  type TypedKind,
} from './job.ts';
export { canonicalJson, digestOf, type Json } from './json.ts';
export * from './kinds/index.ts';
export { dataOf, type Plan, type PlannedJob, type PlanOptions, planJobs } from './plan.ts';
export { type JobRecord, parseRecord, recordLine, recordSchema } from './record.ts';
export {
  type Axis,
  type Cell,
  type Curve,
  type CurvePoint,
  type Curves,
  type Report,
  type ReportSection,
  spread,
  type Table,
} from './report-parts.ts';
export { resultsOf } from './results.ts';
export { type Lane, LaneLost, type Outcome, runSchedule, type ScheduleEvents } from './schedule.ts';
export { hasPath, parseBy, settingsNear } from './settings.ts';
