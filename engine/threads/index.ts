export { alone, MIN_WORK, Team, type ThreadStatus, threadsImpossible } from './team.ts';
