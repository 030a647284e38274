/** Every defence against adversarial examples under an attacker who knows it and one who does not, and whether it is what it claims. */
import { defineExperiment } from '../runner/index.ts';
import { found, jobs, settings } from './defences-jobs.ts';
import { defencesReport } from './defences-report.ts';

export const defences = defineExperiment({
  name: 'defences',
  title: 'Defences against adversarial examples',
  about:
    'every defence of the registry, and a detector, under attackers who know it and who do not, with the checklist and what each claims',
  paper:
    'Athalye, Carlini, Wagner 2018, Obfuscated Gradients Give a False Sense of Security, ICML; Tramer, Carlini, Brendel, Madry 2020, On Adaptive Attacks to Adversarial Example Defenses, NeurIPS; detector: Xu, Evans, Qi 2018, NDSS, and He et al. 2017, WOOT',
  settings,
  profiles: {
    quick: { about: 'digits, a small network, one seed, a minute or two on a laptop', settings: {} },
    paper: {
      about:
        'MNIST, the network of Wong et al. 2020, one seed; L-infinity 0.3 and L2 1.25; 500 rows (the papers: CIFAR-10 and ImageNet, models of many layers)',
      settings: {
        data: 'mnist',
        model: 'mnist-strided',
        recipe: { epochs: 10, batchSize: 100, optimizer: 'adam', learningRate: 1e-3, momentum: 0.9, weightDecay: 0 },
        epsilons: { linf: 0.3, l2: 1.25 },
        options: {
          'adversarial-pgd': { steps: 7, warmup: 0.3, peak: 0.005 },
          'randomised-smoothing': { sigma: 0.5 },
          'gaussian-augmentation': { sigma: 0.5 },
        },
        behind: { 'randomised-smoothing': { name: 'gaussian-augmentation', options: { sigma: 0.5 } } },
        attacked: 500,
        knowing: [
          { name: 'fgsm', options: {} },
          { name: 'pgd', options: { steps: 40, restarts: 2, full: 1 } },
          { name: 'apgd-dlr', options: { steps: 50 } },
          { name: 'square', options: { queries: 300 } },
        ],
        unknowing: [
          { name: 'pgd', options: { steps: 40 } },
          { name: 'pgd', options: { steps: 40, full: 1 } },
        ],
        certify: { certified: 500, n0: 100, n: 10_000, alpha: 0.001 },
        detector: {
          squeezers: { bits: [1], medians: [2] },
          clean: 2000,
          falsePositiveRate: 0.05,
          norm: 'l2',
          epsilon: 3,
          unaware: [
            { name: 'fgsm', options: {} },
            { name: 'pgd', options: {} },
            { name: 'pgd', options: { full: 1 } },
            { name: 'carlini-wagner', options: { searches: 5, iterations: 300 } },
          ],
          adaptive: { steps: 100, classes: 9 },
        },
      },
    },
  },
  jobs,
  report: (results, s) => defencesReport(found(results, s), s),
});
