import { signalAttack } from './signal-attack.ts';

/** Entropy that knows the label: low only where the model is certain of the true class. */
export const modifiedEntropy = signalAttack({
  signal: 'modified-entropy',
  name: 'modified-entropy',
  title: 'Modified-entropy threshold',
  paper: 'Song & Mittal 2021, Systematic evaluation of privacy risks (USENIX Security), eq. 8',
});
