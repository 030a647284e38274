import { defineDefense, held } from '../define-defense.ts';

/** Training ends when rows outside it no longer gain, and goes back to the epoch with their smallest loss. */
export const earlyStopping = defineDefense({
  name: 'early-stopping',
  title: 'Early stopping by the loss on rows held back',
  paper:
    'Prechelt 1998, Early stopping, but when?; as a defence Song and Mittal 2021, Systematic evaluation of privacy risks of machine learning models (USENIX Security), section 5.2',
  stage: 'training',
  options: {
    patience: {
      about: 'epochs without a smaller loss after which training stops',
      kind: 'whole',
      default: 3,
      min: 1,
      max: 1000,
    },
    held,
  },
  off: null,
  needsReserve: true,
  canary: { lowers: 'loss', options: {} },
  fit: ({ reserve, options }) => ({
    validation: reserve,
    earlyStopping: { patience: options.patience },
  }),
});
