import type { ReceivedEvent } from '@hallhub/sync/reference-hall';
import type { EntryView } from '../../hub/gates/views.ts';
import type { Campus } from './campus.ts';
import type { HttpClient } from './http-client.ts';
import { until } from './until.ts';

const API = { every: 100 } as const;

/** What becomes of people at the gates, as guards and the hall see it. */
export interface GateWatch {
  /** Every device of every gate is ready. */
  ready(): Promise<unknown>;
  /** The hub has heard of the request, as it stands in the hall. */
  reached(requestId: string): Promise<unknown>;
  /** Newest first. */
  entries(gate: string): Promise<readonly EntryView[]>;
  /** What the gate decides upon `act`. */
  decides(gate: string, act: () => unknown): Promise<EntryView>;
  /** The entry, as soon as it is in that state. */
  becomes(entry: EntryView, state: EntryView['state']): Promise<EntryView>;
  /** What the hall was told of a request, as soon as it was. */
  told(type: string, requestId: string): Promise<ReceivedEvent>;
}

export function watchGates(campus: Campus, staff: HttpClient): GateWatch {
  const entries = (gate: string): Promise<readonly EntryView[]> =>
    staff.ask<EntryView[]>('GET', `/api/gates/entries?gate=${gate}`);
  return {
    ready: () =>
      until(
        'every device of every gate is ready',
        async () => {
          const gates = await staff.ask<{ devices: { state: string }[] }[]>('GET', '/api/gates');
          return gates.every(({ devices }) => devices.every(({ state }) => state === 'ready'));
        },
        API,
      ),
    reached: (requestId) =>
      until(
        `${requestId} reaches the hub`,
        async () => {
          const known = await staff.ask<{ id: string; revision: number }[]>('GET', '/api/requests');
          const there = campus.hall.requests.get(requestId)?.revision;
          return known.some(({ id, revision }) => id === requestId && revision === there);
        },
        API,
      ),
    entries,
    decides: async (gate, act) => {
      const before = (await entries(gate))[0]?.seq ?? 0;
      await act();
      return until(`the gate ${gate} decides`, async () => (await entries(gate)).find(({ seq }) => seq > before), API);
    },
    becomes: ({ id, gateId }, state) =>
      until(
        `the entry is ${state}`,
        async () => (await entries(gateId)).find((entry) => entry.id === id && entry.state === state),
        API,
      ),
    told: (type, requestId) =>
      until(`${type} of ${requestId} is in the hall`, () =>
        campus.hall.inbox.list({ limit: 1_000 }).find((event) => event.type === type && event.subject === requestId),
      ),
  };
}
