export { Team, type ThreadStatus } from './team.ts';
