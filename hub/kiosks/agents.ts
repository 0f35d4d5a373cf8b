import { epochMs } from '@hallhub/sync/base';
import type { FeedRecord, FeedStore } from '@hallhub/sync/sqlite';
import type { HubPart } from '../agents/index.ts';
import type { DeviceConfig, KioskConfig } from '../config/index.ts';
import { kioskAgent } from '../config/index.ts';
import type { ReaderKind } from './contract.ts';
import type { EdgeKiosk } from './edge/wire.ts';

/** The devices of a kiosk that somebody shows something to. */
export const READERS = [
  ['reader', 'resident-id'],
  ['cardReader', 'campus-card'],
  ['scanner', 'scanner'],
] as const satisfies readonly (readonly [keyof KioskConfig, ReaderKind])[];

/** A kiosk's assignment ends when the configuration says so, not by itself. */
const FOR_EVER = epochMs(Date.UTC(9999, 0, 1));

/** Tells each agent which kiosks stand at its machine, and what it proves itself with for them. */
export function kioskAgents(deps: {
  readonly kiosks: readonly KioskConfig[];
  readonly devices: () => readonly DeviceConfig[];
  readonly timeZone: string;
  readonly token: (kioskId: string) => string;
  readonly feeds: Pick<FeedStore, 'replaceKind'>;
  readonly projected: (agent: string) => void;
}): HubPart {
  const record = (kiosk: KioskConfig): FeedRecord => {
    const { id, label, modes, printer, receiptPrinter, cabinet } = kiosk;
    const data: EdgeKiosk = {
      id,
      label,
      token: deps.token(id),
      timeZone: deps.timeZone,
      modes: [...modes],
      ...(printer !== undefined && { printer }),
      readers: READERS.flatMap(([part, kind]) => {
        const reader = kiosk[part];
        return reader === undefined ? [] : [{ id: reader, kind }];
      }),
      ...(receiptPrinter !== undefined && { receiptPrinter }),
      ...(cabinet !== undefined && { cabinet }),
    };
    return {
      id: `kiosk/${id}`,
      kind: 'kiosk',
      schemaVersion: '1.0',
      validFrom: epochMs(0),
      validUntil: FOR_EVER,
      data: { ...data },
    };
  };
  return {
    // Its agents tell nothing of kiosks: their devices tell of themselves.
    types: [],
    refusal: (_agent, { type }) => ({ code: 'E-AGENT-0102', detail: type }),
    apply: (_agent, { type }) => ({ code: 'E-AGENT-0102', detail: type }),
    assign: (agent) => {
      const records = deps.kiosks.filter((kiosk) => kioskAgent(kiosk, deps.devices()) === agent).map(record);
      if (deps.feeds.replaceKind(agent, 'kiosk', records)) deps.projected(agent);
    },
  };
}
