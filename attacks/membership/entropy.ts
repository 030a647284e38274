import { signalAttack } from './signal-attack.ts';

/** Members get predictions of lower entropy, whatever the label. */
export const entropy = signalAttack({
  signal: 'entropy',
  name: 'entropy',
  title: 'Prediction-entropy threshold',
  labels: false,
  paper: 'Salem et al. 2019, ML-Leaks (NDSS), section V',
});
