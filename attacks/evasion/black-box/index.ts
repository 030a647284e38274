/** Attacks that ask, and see answers only. */

export { boundary } from './boundary.ts';
export { hopskipjump } from './hopskipjump.ts';
export { estimateGradients, nes } from './nes.ts';
export { searchWithSquares } from './random-squares.ts';
export { askScores, type ScoreQuestions, type Scores } from './scores.ts';
export { simba } from './simba.ts';
export { square } from './square.ts';
export { squareProbabilities } from './square-probabilities.ts';
export { type Substitute, type SubstituteOptions, trainSubstitute } from './substitute.ts';
export { transfer } from './transfer.ts';
