export { type Candidate, candidates, normalise } from './candidates.ts';
