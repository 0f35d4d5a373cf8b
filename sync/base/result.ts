/** An expected failure is a value; only a bug throws. */
export type Result<T, E = Failure> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/**
 * Why something was refused. `code` is stable and stands in the catalogue (see {@link defineCodes}); people see the
 * catalogue's text, logs carry the code. `detail` is for the log and the operator, never for the public, and holds no
 * personal data.
 */
export interface Failure {
  readonly code: Code;
  readonly detail?: string;
}

/** `E-<AREA>-<4 digits>`, for example `E-GATE-0103`. */
export type Code = `E-${string}-${number}`;

export function ok(): Result<void, never>;
export function ok<T>(value: T): Result<T, never>;
export function ok<T>(value?: T): Result<T | undefined, never> {
  return { ok: true, value };
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error };
}

export function failure(code: Code, detail?: string): { readonly ok: false; readonly error: Failure } {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}

/** A failure on its way through code that can only throw (a callback of a library, a constructor). */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.detail === undefined ? failure.code : `${failure.code}: ${failure.detail}`, options);
    this.failure = failure;
  }
}

/** The value, or a throw where a failure would be a bug. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new FailureError(result.error);
}
