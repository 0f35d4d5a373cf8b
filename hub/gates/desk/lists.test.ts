import { epochMs } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { areaSchema } from '../../config/index.ts';
import { campusClock } from '../../calendar/index.ts';
import type { PresenceRow } from '../store/presence.ts';
import { createLists } from './lists.ts';

const NOW = epochMs(Date.UTC(2026, 10, 22, 4));
const somebody = (n: number): PresenceRow => ({
  ...{ area: 'campus', subject: `s-${n}`, gateId: 'north', at: epochMs(NOW - n), heads: 1 },
  ...{ kind: 'roster', requestId: `R-${n}`, person: 0 },
});

it('nobody who is inside is left off the list for an evacuation, however many they are', () => {
  const inside = Array.from({ length: 2_500 }, (_, n) => somebody(n));
  const lists = createLists({
    people: { personAt: (_kind, requestId) => ({ name: requestId, number: 'S1' }) },
    presence: { inside: () => inside, heads: () => inside.length },
    store: { expected: () => [] },
    areas: [areaSchema.parse({ id: 'campus', label: { zh: '校园', en: 'Campus' } })],
    gates: [],
    campusClock: campusClock({ timeZone: 'Asia/Shanghai', holidays: [], workdays: [] }),
  });
  const paper = lists.paper('evacuation', 'campus', NOW);
  expect(paper).toMatchObject({ heads: 2_500, cut: false });
  expect(new Set(paper?.rows.map(({ name }) => name)).size).toBe(2_500);
});
