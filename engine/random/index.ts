export { Rng, type Stream } from './rng.ts';
export { dropoutMask, type RandomOptions, randomNormal, randomPermutation, randomUniform } from './tensors.ts';
