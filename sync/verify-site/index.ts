export { type StandaloneSite, type StandaloneSiteOptions, startVerifySite } from './start.ts';
