import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import type { OperatingState } from '@hallhub/device-drivers/kit';
import type { AgentEnd } from '@hallhub/hub/agent';
import type { Failure } from '@hallhub/sync/base';
import { z } from 'zod';

/** What the process of the kiosk's shell asks of its agent. */
export const fromParentSchema = z.discriminatedUnion('type', [
  /** Joins a hub with a one-time code from its page; only while nobody is enrolled here. */
  z.object({ type: z.literal('enrol'), url: z.string().max(500), code: z.string().max(100) }),
  z.object({ type: z.literal('stop') }),
]);

/** What the agent tells the shell. None of it says anything about a person. */
export type ToParent =
  /** It runs; its devices are on their way. */
  | { readonly type: 'ready'; readonly agent: string; readonly hub: string; readonly campus: string }
  | {
      readonly type: 'state';
      /** Whether the hub's broker is reached. Offline is a state, not a fault. */
      readonly connected: boolean;
      /** Why the devices are left alone: it crashed again and again. */
      readonly safeMode?: string;
      /** What waits to go up. */
      readonly pendingEvents: number;
      readonly devices: readonly {
        readonly id: string;
        readonly capabilities: readonly CapabilityName[];
        readonly state: OperatingState;
        readonly code?: string;
      }[];
    }
  /** Where this machine's screens are answered, and what the shell proves itself with there; the page learns neither. */
  | { readonly type: 'screens'; readonly url: string; readonly token: string }
  /** It cannot do what it should: `E-AGENT-0304` nobody is enrolled here; it waits for `enrol` then. */
  | { readonly type: 'fault'; readonly failure: Failure }
  | { readonly type: 'ended'; readonly how: AgentEnd };
