/** Training of many models: what a job is, how many threads it gets, and doing it. */
export type { TrainedModel, TrainingJob } from './job.ts';
export { modelsAtOnce, multiplyAdds, planThreads, type ThreadPlan, type TrainingWork, trainingWork } from './plan.ts';
export { type TrainingProgress, type TrainModelsOptions, trainModels } from './train.ts';
