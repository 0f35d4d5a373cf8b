import { FailureError } from '../base/index.ts';
import type { Code, Failure } from '../base/index.ts';

/**
 * An unexpected throw as something that may be stored and shown: numbers and Chinese text, where personal data would be,
 * are blotted out of the message.
 */
export function describeFault(code: Code, error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (!(error instanceof Error)) return { code, detail: typeof error };
  const message = error.message.replace(/\d{5,}[\dXx]*|\p{Script=Han}+/gu, '…').slice(0, 300);
  return { code, detail: `${error.name}: ${message}` };
}
