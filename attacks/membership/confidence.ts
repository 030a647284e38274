import { signalAttack } from './signal-attack.ts';

/** Members get more confident predictions of their true class. */
export const confidence = signalAttack({
  signal: 'confidence',
  name: 'confidence',
  title: 'Confidence threshold',
  paper: 'Salem et al. 2019, ML-Leaks (NDSS), section V',
});
