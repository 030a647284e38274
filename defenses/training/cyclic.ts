/** The learning rate of single-step training, for defences that take Adam by it in place of a recipe's optimiser: Wong, Rice & Kolter 2020 (ICLR), section 5. */
import { optim } from '../../engine/index.ts';

/** From 0 up to `peak` over two fifths of the steps, and down to 0 over the rest, counted at the end of each step. */
export const cyclic = (peak: number, steps: number) => (step: number) => {
  const [at, top] = [step + 1, 0.4 * steps];
  return at <= top ? (peak * at) / top : (peak * Math.max(0, steps - at)) / (steps - top);
};

/** Adam by that learning rate. Its name has the steps, so that a checkpoint of another length is refused. */
export const cyclicAdam = (peak: number, steps: number): optim.Optimizer => ({
  ...optim.adam({ learningRate: cyclic(peak, steps) }),
  name: `adam, cyclic to ${peak} over ${steps} steps`,
});

export const peakOption = {
  about: "of a learning rate that rises and falls, by Adam in place of the recipe's optimiser; 0: the recipe's own",
  default: 0,
  min: 0,
  max: 10,
};
