export { freePort } from './free-port.ts';
export { until, tick } from './until.ts';
export { type Work, countWork } from './work.ts';
export { createPtyPair, type PtyPair } from './pty.ts';
export { transportContract, type TransportFixture } from './transport-contract.ts';
export { chunked, noise, mangled } from './bytes.ts';
export { framerConformance, type FramerFixture } from './framer-conformance.ts';
export { unreliableLine, type UnreliableLine } from './unreliable.ts';
