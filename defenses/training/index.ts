import { adversarialRegularisation } from './adversarial-regularisation.ts';
import { augmentation } from './augmentation.ts';
import { distillation } from './distillation.ts';
import { dpSgd } from './dp-sgd.ts';
import { dropout } from './dropout.ts';
import { earlyStopping } from './early-stopping.ts';
import { l2 } from './l2.ts';
import { labelSmoothing } from './label-smoothing.ts';
import { mixup } from './mixup.ts';
import { relaxloss } from './relaxloss.ts';

export { inferenceNetwork, regularisedLoss } from './adversarial-regularisation.ts';
export { distilled } from './distillation.ts';
export { withDropout } from './dropout.ts';
export { withPenalty } from './l2.ts';
export { mixed, symmetricBeta } from './mixup.ts';
export { flattened, relaxedLoss } from './relaxloss.ts';

/** What changes the model itself. */
export const trainingDefenses = {
  l2,
  dropout,
  'early-stopping': earlyStopping,
  'label-smoothing': labelSmoothing,
  mixup,
  augmentation,
  'adversarial-regularisation': adversarialRegularisation,
  relaxloss,
  distillation,
  'dp-sgd': dpSgd,
} as const;
