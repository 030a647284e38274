/** Attacks that follow gradients. */
export { type Ascent, ascend, faults } from './ascent.ts';
export { bim } from './bim.ts';
export { carliniWagner } from './carlini-wagner.ts';
export { type DeepFoolOptions, deepFool, deepfool } from './deepfool.ts';
export { fgsm } from './fgsm.ts';
export { fgsmRs } from './fgsm-rs.ts';
export { jsma } from './jsma.ts';
export { miFgsm } from './mi-fgsm.ts';
export { pgd } from './pgd.ts';
