/** Universal perturbations: how many held-out rows one change for all of them fools, beside random signs, and on other models. */
import { defineExperiment } from '../runner/index.ts';
import { found, jobsOf, settings } from './universal-jobs.ts';
import { report } from './universal-report.ts';

/** of 255 steps of a stored pixel */
const steps = (n: number) => n / 255;

export const universal = defineExperiment({
  name: 'universal',
  title: 'Universal perturbations',
  about:
    'fooling rates of one change for all inputs on held-out rows, by its size, beside random signs and on other models',
  paper:
    'Moosavi-Dezfooli, Fawzi, Fawzi, Frossard 2017, Universal Adversarial Perturbations, CVPR; Shafahi et al. 2020, Universal Adversarial Training, AAAI',
  settings,
  profiles: {
    quick: { about: 'digits, a small network, a minute on a laptop', settings: {} },
    paper: {
      about:
        'MNIST at 0.1 to 0.3 and CIFAR-10 at 4/255 to 16/255, undefended networks of two convolutions (of CIFAR-10 one seed), all test rows; stochastic gradients from 2,000 training rows, ' +
        'DeepFool from 100 (Moosavi-Dezfooli et al.: ImageNet networks, 10,000 rows)',
      settings: {
        tasks: [
          {
            data: 'mnist',
            model: 'mnist-strided',
            recipe: {
              epochs: 10,
              batchSize: 100,
              optimizer: 'adam',
              learningRate: 1e-3,
              momentum: 0.9,
              weightDecay: 0,
            },
            epsilons: [0.1, 0.2, 0.3],
          },
          {
            data: 'cifar10',
            model: 'cifar',
            recipe: { epochs: 10, batchSize: 64, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
            augmentation: { flip: true, shift: 2 },
            epsilons: [4, 10, 16].map(steps),
            expected: { epsilon: steps(10), fooling: 0.6 },
            seeds: [0],
          },
        ],
        crafting: 2000,
      },
    },
  },
  jobs: jobsOf,
  report: (results, s) => report(found(results, s), s),
});
