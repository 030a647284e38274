/** Attacks that follow gradients. */
export { type Ascent, ascend, faults } from './ascent.ts';
export { bim } from './bim.ts';
export { fgsm } from './fgsm.ts';
export { fgsmRs } from './fgsm-rs.ts';
export { miFgsm } from './mi-fgsm.ts';
export { pgd } from './pgd.ts';
