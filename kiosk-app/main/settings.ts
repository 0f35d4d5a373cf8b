import { z } from 'zod';
import type { Upstream } from './app-protocol.ts';

const schema = z.object({
  HALLHUB_KIOSK: z.string().min(1),
  /** Only where no agent runs here: the hub's own address, and the token that it printed for this kiosk. */
  HALLHUB_URL: z.url({ protocol: /^https?$/ }).optional(),
  HALLHUB_KIOSK_TOKEN: z.string().min(1).optional(),
});

export interface ShellSettings {
  readonly kioskId: string;
  /** Absent: the agent on this machine tells where its server is. */
  readonly upstream?: Upstream;
}

/** What the service unit tells the shell. @throws ZodError naming what is missing. */
export function shellSettings(environment: Readonly<Record<string, string | undefined>>): ShellSettings {
  const { HALLHUB_KIOSK, HALLHUB_URL, HALLHUB_KIOSK_TOKEN } = schema.parse(environment);
  return {
    kioskId: HALLHUB_KIOSK,
    ...(HALLHUB_URL !== undefined &&
      HALLHUB_KIOSK_TOKEN !== undefined && {
        upstream: { url: HALLHUB_URL.replace(/\/$/, ''), token: HALLHUB_KIOSK_TOKEN },
      }),
  };
}
