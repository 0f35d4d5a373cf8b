export { type VerifySiteOptions, verifySite } from './routes.ts';
