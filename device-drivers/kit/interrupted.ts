import type { Failure } from '@hallhub/sync/base';

/** For a request whose bytes have left when what carried it ended: whether it was done is not known. */
export const interrupted = ({ code, detail = code }: Failure): Failure => ({ code: 'E-DEV-0206', detail });

/** For a request that still waited when what would have carried it ended: it was certainly not done. */
export const neverSent = ({ code, detail = code }: Failure): Failure => ({ code: 'E-DEV-0102', detail });
