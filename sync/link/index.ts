export { type LinkFailure, type LinkFailureClass, type LinkState } from './link.ts';
export { type BackoffOptions, backoff } from './backoff.ts';
