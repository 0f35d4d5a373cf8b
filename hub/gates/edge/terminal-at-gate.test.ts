import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import type { AccessEvent } from '@hallhub/device-drivers/capabilities';
import { epochMs } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { areaSchema, gateSchema } from '../../config/index.ts';
import { campusClock } from '../../calendar/index.ts';
import type { Pass } from '../pass.ts';
import { plainTerms } from '../pass.ts';
import { edgeGate } from './parts.ts';
import { hearTerminal, passThere } from './terminal-at-gate.ts';

const label = { zh: '门', en: 'Door' };
const gate = edgeGate(
  gateSchema.parse({ id: 'door', label, area: 'offices', barrier: 'contact', terminal: 'face' }),
  areaSchema.parse({ id: 'offices', label }),
);
const NOON = epochMs(Date.UTC(2026, 10, 22, 4));
const pass = (id: string, more: Partial<Pass> = {}): Pass => ({
  ...plainTerms,
  ...{ id, requestId: id, person: 0, kind: 'roster', effect: 'admit', account: id, identities: ['x'], revoked: false },
  ...{ places: ['offices'], validFrom: epochMs(NOON - 1_000), validUntil: epochMs(NOON + 1_000) },
  ...more,
});
const event = (more: Partial<AccessEvent>): AccessEvent => ({
  ...{ terminal: 'T-1', key: '7', method: 'face', personId: '20260001', granted: true, at: NOON, replayed: false },
  ...more,
});

function setUp(fails = false) {
  const events = createEmitter<AccessEvent>(rethrow);
  const heard: string[] = [];
  const stop = hearTerminal({
    terminal: { onAccess: events.on },
    gate,
    passes: { passesOf: (credential) => [pass(Buffer.from(credential).toString())] },
    match: (type, value) => Buffer.from(`${type} ${value}`),
    campusClock: campusClock({ timeZone: 'Asia/Shanghai', holidays: [], workdays: [] }),
    journal: {
      add: ({ id, state, code, method, pass: of }) => {
        heard.push([state, code, method, id, of?.id].join(' '));
      },
    },
    note: ({ id, method, pass: of }) => {
      if (fails) throw new Error('the disk is full');
      heard.push(['noted', method, id, of?.id].join(' '));
    },
    onFault: () => {
      heard.push('fault');
    },
  });
  return { heard, stop, tell: (more: Partial<AccessEvent>) => events.emit(event(more)) };
}

describe('a terminal at a gate that an agent decides at', () => {
  it('is believed about whom it let in, by face or card, and about whom it refused', () => {
    const { heard, tell } = setUp();
    tell({});
    tell({ key: '8', method: 'card', card: '010203A4' });
    tell({ key: '9', granted: false });
    expect(heard).toEqual([
      'noted face terminal:T-1:7 face 20260001',
      'noted uid terminal:T-1:8 uid 010203A4',
      'refused E-GATE-0139 face terminal:T-1:9 face 20260001',
    ]);
  });

  it('adds nothing by what it remembers, by what the gate judges itself, and after the end', () => {
    const { heard, tell, stop } = setUp();
    tell({ replayed: true });
    tell({ leftToHub: true, granted: false });
    stop();
    tell({});
    expect(heard).toEqual([]);
  });

  it('goes on when an event cannot be written', () => {
    const { heard, tell } = setUp(true);
    tell({});
    tell({ key: '8', granted: false });
    expect(heard).toEqual(['fault', 'refused E-GATE-0139 face terminal:T-1:8 face 20260001']);
  });
});

describe('the approval by which somebody came in', () => {
  it('is one that admits here, rather one that was good then', () => {
    const past = pass('past', { validUntil: epochMs(NOON - 1) });
    const now = pass('now', { places: ['door'] });
    const others = [pass('barred', { effect: 'deny' }), pass('elsewhere', { places: ['gym'] })];
    expect(passThere([...others, past, now], gate, NOON)?.id).toBe('now');
    expect(passThere([...others, past], gate, NOON)?.id).toBe('past');
    expect(passThere([...others, pass('anywhere', { places: [] })], gate, NOON)?.id).toBe('anywhere');
    expect(passThere(others, gate, NOON)).toBeUndefined();
  });
});
