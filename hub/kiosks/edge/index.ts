export { type KnownKiosks, createKnownKiosks, edgeKioskSchema } from './known-kiosks.ts';
export { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from './page-policy.ts';
export { type EdgeKiosk, kioskKinds } from './wire.ts';
