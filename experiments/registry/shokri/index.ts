/** The experiment of Shokri et al.: how precisely an attacker with shadow models tells members, by the size of the training set. */
import { defineExperiment } from '../../runner/index.ts';
import { jobsOf } from './jobs.ts';
import { knowledgeJobs } from './knowledge.ts';
import { allMitigationJobs } from './mitigation.ts';
import { profiles } from './profiles.ts';
import { reportOf } from './report.ts';
import { completion, settings } from './settings.ts';

export const shokri = defineExperiment({
  name: 'shokri',
  title: 'Membership inference with shadow models',
  about:
    'the shadow-model experiment of 2017: an attack model per class, four kinds of them, by the size of the training set; and defences',
  paper:
    'Shokri, Stronati, Song, Shmatikov 2017, Membership Inference Attacks Against Machine Learning Models, S&P, sections V to VII',
  settings,
  profiles,
  completion,
  jobs: (s) => [
    ...s.sizes.flatMap((size) => s.attacks.map((attack) => jobsOf(s, size, attack).judged)),
    ...allMitigationJobs(s),
    ...knowledgeJobs(s).map(({ judged }) => judged),
  ],
  report: reportOf,
});
