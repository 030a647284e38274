/** Attacks made of others. */
export { autoattack } from './autoattack.ts';
