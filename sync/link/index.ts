export { type LinkFailure, type LinkFailureClass, type LinkState } from './link.ts';
export { type BackoffOptions, backoff } from './backoff.ts';
export { type LinkMonitor, linkMonitor } from './monitor.ts';
export { type Pause, createPause } from './pause.ts';
export { describeFault } from './fault.ts';
