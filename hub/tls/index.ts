export { type ServerCertificate, ownCertificate } from './authority.ts';
