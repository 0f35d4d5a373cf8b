import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { AccessEvent, Presented } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, Code, EpochMs } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import type { AttendanceConfig } from '../config/index.ts';
import type { Picture } from './arrivals.ts';
import type { Shown } from './views.ts';

/** What somebody has shown to a device of a check-in point; or why nothing could be read of it. */
export interface ShownAtPoint {
  readonly point: string;
  readonly device: string;
  readonly at: EpochMs;
  readonly shown: Shown | { readonly method: Shown['method']; readonly code: Code };
  /** Whom a terminal recognised, as it names them itself. */
  readonly personId?: string;
}

/** What is held to a device without a pause is shown once. */
const SAME_WITHIN = seconds(5);

const ofCard = (card: Presented): Shown | undefined => {
  switch (card.type) {
    case 'resident-id':
      return { method: 'resident-id', text: card.card.number };
    case 'resident-number':
      return { method: 'resident-id', text: card.number };
    case 'uid':
      return { method: 'campus-card', text: card.uid };
    case 'bits':
      return undefined;
  }
};
const ofAccess = ({ method, card, personId }: AccessEvent): Shown | undefined => {
  if (method === 'card' && card !== undefined) return { method: 'campus-card', text: card };
  return personId === undefined ? undefined : { method: 'face', text: personId };
};

/**
 * Listens to the scanners, readers and terminals of the check-in points. What a terminal remembers from before is history:
 * whoever it was stands there no more.
 */
export function watchPointDevices(deps: {
  readonly points: AttendanceConfig['checkIn'];
  readonly host: Pick<AgentHost, 'capability' | 'onDevices'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onShown: (shown: ShownAtPoint) => void;
  readonly onPicture: (picture: Picture) => void;
  readonly log: (level: 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Cancel {
  const { host, clock, onShown } = deps;
  const last = new Map<string, { readonly key: string; readonly at: EpochMs }>();
  const useless = new Set<string>();

  const listen = (point: string, device: string): readonly Cancel[] => {
    const show = (at: EpochMs, shown: ShownAtPoint['shown'], personId?: string): void => {
      const key = 'text' in shown ? `${shown.method} ${shown.text}` : shown.code;
      const before = last.get(device);
      const now = clock.now();
      last.set(device, { key, at: now });
      if (before?.key === key && now - before.at < SAME_WITHIN) return;
      onShown({ point, device, at, shown, ...(personId !== undefined && { personId }) });
    };
    const reader = host.capability(device, 'cardReader');
    const scanner = host.capability(device, 'codeScanner');
    const terminal = host.capability(device, 'accessController');
    const recogniser = host.capability(device, 'faceTerminal');
    if (!reader && !scanner && !terminal && !recogniser) {
      if (!useless.has(device))
        deps.log('warn', 'nothing can be shown to this device of a check-in point', { point, device });
      useless.add(device);
      return [];
    }
    useless.delete(device);
    return [
      reader?.onCard(({ presented, at }) => {
        // Bits of an access format are of a meaning that only a gate is told.
        show(at, ofCard(presented) ?? { method: 'campus-card', code: 'E-GATE-0101' });
      }),
      reader?.onUnreadable(({ code, at }) => {
        show(at, { method: 'resident-id', code });
      }),
      scanner?.onScan(({ text, at }) => {
        show(at, { method: 'campus-code', text });
      }),
      scanner?.onUnreadable(({ at }) => {
        show(at, { method: 'campus-code', code: 'E-GATE-0131' });
      }),
      terminal?.onAccess((event) => {
        const shown = event.granted && !event.replayed ? ofAccess(event) : undefined;
        if (shown) show(event.at, shown, event.personId);
      }),
      terminal?.onSnapshot(({ personId, picture, at }) => {
        deps.onPicture({ device, personId, at, bytes: picture });
      }),
      recogniser?.onRecognised(({ personId, at, replayed }) => {
        if (!replayed) show(at, { method: 'face', text: personId }, personId);
      }),
    ].filter((cancel) => cancel !== undefined);
  };
  return followDevices(host, () =>
    deps.points.flatMap(({ id, devices }) => devices.flatMap((device) => listen(id, device))),
  );
}
