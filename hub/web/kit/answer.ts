/** RFC 9457 problem details, as the hub answers them. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };
