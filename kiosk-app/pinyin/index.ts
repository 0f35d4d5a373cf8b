export { candidates, normalise } from './candidates.ts';
