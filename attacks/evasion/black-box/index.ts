/** Attacks that ask, and see answers only. */
export { searchWithSquares } from './random-squares.ts';
export { square } from './square.ts';
export { squareProbabilities } from './square-probabilities.ts';
