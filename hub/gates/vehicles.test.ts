import { epochMs, ms } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { gatesSummary } from './summary.ts';
import { createFloor } from './testing/floor.ts';

const GUARD = { id: 'guard-1', mayLookIn: (area: string) => area === 'parking' };

function carPark(area: object = {}) {
  const floor = createFloor({
    areas: [{ id: 'parking', ...area }],
    gates: [
      { id: 'lane', area: 'parking', plateReader: 'camera', barrier: 'boom', passageSensor: 'boom' },
      {
        id: 'lane-out',
        area: 'parking',
        plateReader: 'camera-out',
        barrier: 'boom-out',
        passageSensor: 'boom-out',
        direction: 'out',
      },
    ],
  });
  const see = async (plate: string, read: object = {}, camera = 'camera'): Promise<void> => {
    floor.emit(camera, 'plate', { plate, confidence: 0.97, at: floor.clock.now(), replayed: false, ...read });
    await floor.settle();
  };
  const vehicle = (id: string, plates: readonly string[], data: object = {}): void => {
    floor.approve('vehicle-access', id, {
      plates,
      driver: { name: '李四', document: { type: 'resident-id', number: '11010519491231002X' } },
      gates: ['lane', 'lane-out'],
      host: { name: '王' },
      ...data,
    });
  };
  const lastEntry = (): string => floor.gates.entries({ limit: 1 })[0]?.id ?? '';
  const suggest = async () => {
    const answer = await floor.gates.suggestions(lastEntry(), GUARD);
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.value;
  };
  return { ...floor, see, vehicle, lastEntry, suggest };
}

describe('a plate at a gate', () => {
  it('opens in any case and width, and only as it was approved', async () => {
    const park = carPark();
    park.vehicle('V-1', ['京a·12345']);
    await park.see('京Ａ12345');
    await park.see('京A12346');
    await park.see('京A12345', { confidence: 0.5 });
    await park.see('京A12345', { replayed: true });
    expect(park.told).toEqual(['boom open in']);
    expect(park.journal().slice(1)).toEqual([
      'lane refused E-GATE-0101',
      'lane refused E-GATE-0137',
      'lane refused E-GATE-0138',
    ]);
  });

  it('that is none, or of another time, opens nothing and stops nobody', async () => {
    const park = carPark();
    park.vehicle('V-1', ['京A12345']);
    for (const plate of ['京A😀1234', '京'.repeat(3_400), '', '<x>&a;</x>', '使014578']) await park.see(plate);
    await park.see('京A12345', { at: epochMs(park.clock.now() + 3_600_000) });
    await park.see('京A12345', { at: epochMs(park.clock.now() - 60_000) });
    expect(park.told).toEqual([]);
    expect(park.journal()).toEqual([
      ...Array<string>(5).fill('lane refused E-GATE-0101'),
      ...Array<string>(2).fill('lane refused E-GATE-0138'),
    ]);
    expect(park.faults).toEqual([]);
    await park.see('京A12345');
    expect(park.told).toEqual(['boom open in']);
  });
});

describe('what a camera may have meant', () => {
  it('is shown to a guard: approved plates one character off, and nothing opens by it', async () => {
    const park = carPark();
    park.vehicle('V-1', ['京A12345', '沪B00001']);
    park.vehicle('V-2', ['京A12355']);
    await park.see('京A1234S');
    expect(await park.suggest()).toMatchObject({
      plate: '京A1234S',
      form: 'ordinary',
      near: [{ plate: '京A12345', requestId: 'V-1', exact: false }],
    });
    await park.see('津A12345');
    expect((await park.suggest()).near).toMatchObject([{ plate: '京A12345' }]);
    await park.see('京A1235');
    expect((await park.suggest()).near.map(({ plate }) => plate).sort()).toEqual(['京A12345', '京A12355']);
    await park.see('京A12345', { confidence: 0.3 });
    expect((await park.suggest()).near[0]).toMatchObject({ plate: '京A12345', exact: true });
    await park.see('云Z99999');
    expect((await park.suggest()).near).toEqual([]);
    await park.clock.advanceAsync(ms(60_000));
    expect(park.told).toEqual([]);
  });

  it('leaves out what does not count here and now', async () => {
    const park = carPark();
    park.vehicle('elsewhere', ['京A00001'], { gates: ['north'] });
    park.vehicle('withdrawn', ['京A00002']);
    park.revoke('vehicle-access', 'withdrawn');
    park.vehicle('blocked', ['京A00003']);
    park.approve('block', 'B-1', { targets: [{ type: 'plate', plate: '京A00003' }], reason: 'x' });
    park.vehicle('here', ['京A00004']);
    await park.see('京A00000');
    expect((await park.suggest()).near).toMatchObject([{ requestId: 'here' }]);
  });

  it('is told to guards of that area alone, of refused plates alone, and every look is on record', async () => {
    const park = carPark();
    park.vehicle('V-1', ['京A12345']);
    await park.see('京A12346');
    const refused = park.lastEntry();
    expect(await park.gates.suggestions(refused, { id: 'guard-2', mayLookIn: () => false })).toMatchObject({
      error: { code: 'E-GATE-0202' },
    });
    expect(park.audit.list({ limit: 5 }).filter(({ action }) => action === 'gate.suggest')).toEqual([]);
    expect(await park.gates.suggestions(refused, GUARD)).toMatchObject({ ok: true });
    expect(park.audit.list({ limit: 1 })).toMatchObject([
      { actor: 'staff:guard-1', action: 'gate.suggest', subject: `entry:${refused}` },
    ]);
    expect(JSON.stringify(park.audit.list({ limit: 5 }))).not.toContain('京A');
    await park.see('京A12345');
    expect(await park.gates.suggestions(park.lastEntry(), GUARD)).toMatchObject({ error: { code: 'E-GATE-0202' } });
    expect(await park.gates.suggestions('nothing', GUARD)).toMatchObject({ error: { code: 'E-GATE-0202' } });
  });
});

describe('parking counts', () => {
  const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  it('follow the loops, are told as they change, and the full park refuses', async () => {
    const park = carPark({ limit: 1 });
    const told: unknown[] = [];
    park.gates.onArea(({ inside, free }) => told.push([inside, free]));
    park.vehicle('V-1', ['京A00001']);
    park.vehicle('V-2', ['京A00002']);
    await park.see('京A00001');
    park.walk('boom');
    await nextTurn();
    expect(park.gates.areas()).toMatchObject([{ id: 'parking', inside: 1, limit: 1, free: 0 }]);
    await park.see('京A00002');
    expect(park.journal().at(-1)).toBe('lane refused E-GATE-0111');
    await park.see('京A00001', {}, 'camera-out');
    park.walk('boom-out', 'out');
    await nextTurn();
    expect(park.gates.areas()).toMatchObject([{ inside: 0, free: 1 }]);
    expect(told).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('are set right by hand, with a reason on record, and count on from there', async () => {
    const park = carPark({ limit: 3 });
    const told: number[] = [];
    park.gates.onArea(({ inside }) => told.push(inside));
    const correct = (inside: number, area = 'parking') =>
      park.gates.correctCount({ area, inside, reason: 'counted' }, 'guard-1');
    expect(correct(3)).toMatchObject({ ok: true, value: { inside: 3, free: 0 } });
    expect(park.audit.list({ limit: 1 })).toMatchObject([
      {
        actor: 'staff:guard-1',
        action: 'gate.count',
        subject: 'area:parking',
        detail: JSON.stringify({ before: 0, after: 3, reason: 'counted' }),
      },
    ]);
    park.vehicle('V-1', ['京A00001']);
    await park.see('京A00001');
    expect(park.journal()).toEqual(['lane refused E-GATE-0111']);
    expect(correct(1)).toMatchObject({ ok: true, value: { inside: 1 } });
    await park.see('京A00001');
    park.walk('boom');
    await nextTurn();
    expect(park.gates.areas()).toMatchObject([{ inside: 2, free: 1 }]);
    // Fewer than those of whom it is known that they are inside.
    expect(correct(0)).toMatchObject({ ok: true, value: { inside: 0 } });
    expect(correct(1, 'nowhere')).toMatchObject({ ok: false, error: { code: 'E-GATE-0203' } });
    expect(told).toEqual([3, 1, 2, 0]);
    expect(gatesSummary(park.gates)().figures.at(-1)).toMatchObject({ value: 3 });
  });
});
