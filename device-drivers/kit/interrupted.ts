import type { Failure } from '@hallhub/sync/base';

/** For a request whose bytes have left when what carried it ended: whether it was done is not known. */
export const interrupted = ({ code, detail = code }: Failure): Failure => ({ code: 'E-DEV-0206', detail });

/** For a request that still waited when what would have carried it ended: it was certainly not done. */
export const neverSent = ({ code, detail = code }: Failure): Failure => ({ code: 'E-DEV-0102', detail });

/** For an order of several requests, one of which failed: once any has been taken, it is not true that nothing was done. */
export const brokenOff = (taken: number, reason: Failure): Failure =>
  taken === 0 ? reason : { code: 'E-DEV-0206', detail: `broken off after ${taken}: ${reason.code}` };
