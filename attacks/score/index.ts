/** Membership signals by name. `score` is the signal turned so that higher means more likely a member. */
import { logOdds, type Output } from './log-odds.ts';
import { confidence, entropy, loss, modifiedEntropy } from './signals.ts';

export { logOdds, type Output, PROBABILITY_FLOOR } from './log-odds.ts';
export { median, shareBelow } from './order.ts';
export { confidence, entropy, loss, modifiedEntropy } from './signals.ts';

export interface Signal {
  readonly title: string;
  readonly paper: string;
  score(output: Output): number;
}

export const signals = {
  loss: {
    title: 'Loss',
    paper: 'Yeom et al. 2018, Privacy risk in machine learning (CSF)',
    score: (o) => -loss(o),
  },
  confidence: {
    title: 'Confidence',
    paper: 'Salem et al. 2019, ML-Leaks (NDSS)',
    score: confidence,
  },
  entropy: {
    title: 'Entropy',
    paper: 'Salem et al. 2019, ML-Leaks (NDSS)',
    score: (o) => -entropy(o),
  },
  'modified-entropy': {
    title: 'Modified entropy',
    paper: 'Song and Mittal 2021, Systematic evaluation of privacy risks of machine learning models (USENIX Security)',
    score: (o) => -modifiedEntropy(o),
  },
  'log-odds': {
    title: 'Log-odds of the true class',
    paper: 'Carlini et al. 2022, Membership inference attacks from first principles (S&P)',
    score: logOdds,
  },
} as const satisfies Record<string, Signal>;

export type SignalName = keyof typeof signals;
