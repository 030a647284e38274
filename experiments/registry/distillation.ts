/** Defensive distillation and its refutation: what steps along the cross-entropy find, what the logits give away, and what the checklist says. */
import { defineExperiment } from '../runner/index.ts';
import { found, jobsOf, settings, temperaturesOf } from './distillation-jobs.ts';
import { distillationReport } from './distillation-report.ts';

export const distillation = defineExperiment({
  name: 'distillation',
  title: 'Defensive distillation',
  about:
    'models distilled at high temperatures under attacks that their vanishing gradients stop, and attacks that they do not',
  paper:
    'Papernot, McDaniel, Wu, Jha, Swami 2016, Distillation as a Defense to Adversarial Perturbations, IEEE S&P; Carlini, Wagner 2017, Towards Evaluating the Robustness of Neural Networks, IEEE S&P, section VIII',
  settings,
  profiles: {
    quick: {
      about: 'digits, a small network, one seed, a minute or two on a laptop',
      settings: {
        seeds: [0],
        carliniWagner: { attacked: 100, within: [1, 8], options: { iterations: 1000 } },
      },
    },
    paper: {
      about:
        'MNIST, the network of Wong et al. 2020 (Papernot et al. and Carlini & Wagner: a larger one, 50 epochs of SGD), one seed; Carlini-Wagner with 1,000 iterations, not 10,000',
      settings: {
        data: 'mnist',
        model: 'mnist-strided',
        recipe: { epochs: 10, batchSize: 100, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
        epsilon: 0.25,
        seeds: [0],
        attacked: 500,
        carliniWagner: { attacked: 400, within: [2, 28], options: { iterations: 1000 } },
        jsma: { attacked: 100, within: 113, options: { gamma: 0.145 } },
      },
    },
  },
  jobs: (s) =>
    temperaturesOf(s).flatMap((temperature) =>
      s.seeds.flatMap((n) => {
        const { model: _, ...attacks } = jobsOf(s, temperature, n);
        return Object.values(attacks).filter((job) => job !== null);
      }),
    ),
  report: (results, s) => distillationReport(found(results, s), s),
});
