import type { ProblemCode } from '../contract/index.ts';

/** A refusal on its way to the one error handler, which writes it as RFC 9457 problem details. */
export class HallProblem extends Error {
  override readonly name = 'HallProblem';
  readonly status: number;
  readonly code: ProblemCode;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, code: ProblemCode, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}
