/** Attacks that follow gradients. */
export { checkpoints, climbAdaptively, dlrFor } from './apgd.ts';
export { apgdCe } from './apgd-ce.ts';
export { apgdDlr } from './apgd-dlr.ts';
export { apgdDlrTargeted } from './apgd-dlr-targeted.ts';
export { type Ascent, ascend, faults } from './ascent.ts';
export { bim } from './bim.ts';
export { walkTheBoundary } from './boundary-steps.ts';
export { carliniWagner } from './carlini-wagner.ts';
export { type DeepFoolOptions, deepFool, deepfool } from './deepfool.ts';
export { FAB_DEFAULTS, fab } from './fab.ts';
export { fabTargeted } from './fab-targeted.ts';
export { fgsm } from './fgsm.ts';
export { fgsmRs } from './fgsm-rs.ts';
export { type HyperplaneNorm, sizeOfMove, toHyperplane } from './hyperplane.ts';
export { jsma } from './jsma.ts';
export { miFgsm } from './mi-fgsm.ts';
export { numbersAlone } from './numbers-alone.ts';
export { pgd } from './pgd.ts';
