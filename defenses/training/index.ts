import { adversarialFgsm } from './adversarial-fgsm.ts';
import { adversarialPgd } from './adversarial-pgd.ts';
import { adversarialRegularisation } from './adversarial-regularisation.ts';
import { augmentation } from './augmentation.ts';
import { defensiveDistillation } from './defensive-distillation.ts';
import { distillation } from './distillation.ts';
import { dpSgd } from './dp-sgd.ts';
import { dropout } from './dropout.ts';
import { earlyStopping } from './early-stopping.ts';
import { gaussianAugmentation } from './gaussian-augmentation.ts';
import { inputGradient } from './input-gradient.ts';
import { l2 } from './l2.ts';
import { labelSmoothing } from './label-smoothing.ts';
import { mixup } from './mixup.ts';
import { relaxloss } from './relaxloss.ts';
import { trades } from './trades.ts';

export { inferenceNetwork, regularisedLoss } from './adversarial-regularisation.ts';
export { cyclic, cyclicAdam } from './cyclic.ts';
export { distilled, softened } from './distillation.ts';
export { withDropout } from './dropout.ts';
export { type Ball, ballAround, climb, crossEntropyOf, inside, uniformStart } from './inner-attack.ts';
export { gradientPenalised } from './input-gradient.ts';
export { withPenalty } from './l2.ts';
export { mixed, symmetricBeta } from './mixup.ts';
export { flattened, relaxedLoss } from './relaxloss.ts';
export { divergence, tradesLoss } from './trades.ts';

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
  'adversarial-fgsm': adversarialFgsm,
  'adversarial-pgd': adversarialPgd,
  trades,
  'input-gradient-regularisation': inputGradient,
  'defensive-distillation': defensiveDistillation,
  'gaussian-augmentation': gaussianAugmentation,
} as const;
