import { epochMs, minutes, ms, plus, seconds } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { createFloor } from '../testing/floor.ts';

const ZHANG = '11010519491231002X';
const LI = '440524188001010014';
const WANG = '110101199003070011';
const CAMPUS = { id: 'campus' };
const lane = (id: string, change: object = {}) => ({
  id,
  area: 'campus',
  reader: `${id}-reader`,
  barrier: `${id}-barrier`,
  passageSensor: `${id}-barrier`,
  ...change,
});
const resident = (number: string) => ({ name: '张三', document: { type: 'resident-id', number } });
const visit = (number: string, change: object = {}) => ({
  people: [resident(number)],
  areas: ['campus'],
  host: { name: '李' },
  ...change,
});
const member = (number: string, id: string, change: object = {}) => ({
  person: { number: id, name: '王', category: 'staff' },
  credentials: [{ type: 'resident-id', number }],
  areas: ['campus'],
  ...change,
});
const opened = (told: readonly string[]) => told.filter((line) => line.includes(' open '));

describe('a campus card', () => {
  it.each(['04A1B2C3', '04A1B2C3D4E5F6', '04A1B2C3D4E5F6071829'])('is known by its UID of any length: %s', (uid) => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('roster', 'R-1', {
      person: { number: '2026001', name: '王', category: 'student' },
      // As a hall may write it; readers give upper case.
      credentials: [{ type: 'campus-card', uid: uid.toLowerCase() }],
      areas: ['campus'],
    });
    floor.uid('a-reader', Buffer.from(uid, 'hex').reverse().toString('hex').toUpperCase());
    floor.uid('a-reader', uid);
    expect(floor.journal()).toEqual(['a refused E-GATE-0101', 'a releasing']);
  });
});

describe('uses', () => {
  it('are spent by walking through, not by showing a card', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a'), lane('b')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    floor.card('a-reader', ZHANG);
    await floor.clock.advanceAsync(seconds(9));
    expect(floor.journal()).toEqual(['a lapsed']);
    floor.card('a-reader', ZHANG);
    floor.card('b-reader', ZHANG);
    await floor.settle();
    floor.walk('a-barrier');
    floor.card('b-reader', ZHANG);
    expect(floor.journal()).toEqual(['a lapsed', 'a passed', 'b refused E-GATE-0109', 'b refused E-GATE-0109']);
  });

  it('of a car with two plates are counted together, and only one of them is inside', async () => {
    const floor = createFloor({
      areas: [CAMPUS],
      gates: [
        lane('in', { reader: undefined, plateReader: 'camera', passageSensor: 'loop' }),
        lane('out', { reader: undefined, plateReader: 'camera-out', passageSensor: 'loop-out', direction: 'out' }),
      ],
    });
    const drive = async (camera: string, plate: string) => {
      floor.emit(camera, 'plate', { plate, confidence: 0.98, at: floor.clock.now(), replayed: false });
      await floor.settle();
    };
    floor.approve('vehicle-access', 'C-1', {
      plates: ['京A12345', '京AD12345'],
      sharing: 'one-inside',
      areas: ['campus'],
      uses: { max: 2 },
    });
    await drive('camera', '京A·12345');
    floor.walk('loop');
    await drive('camera', '京ad12345');
    await drive('camera-out', '京A12345');
    floor.walk('loop-out', 'out');
    await drive('camera', '京AD12345');
    floor.walk('loop');
    await drive('camera-out', '京AD12345');
    floor.walk('loop-out', 'out');
    await drive('camera', '京A12345');
    expect(floor.journal()).toEqual([
      'in passed',
      'in refused E-GATE-0124',
      'out passed',
      'in passed',
      'out passed',
      'in refused E-GATE-0109',
    ]);
    expect(floor.outcomes.filter(({ type }) => type.type === 'hallhub.vehicle-access.entered.v1')).toHaveLength(4);
  });

  it('of an event end with its capacity, children included', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    const booking = (number: string, companions = 0) => ({
      event: { id: 'museum', title: '校史馆' },
      slot: { id: 'am', capacity: 3 },
      people: [resident(number)],
      companions,
      gates: ['a'],
    });
    floor.approve('event-access', 'E-1', booking(ZHANG, 1));
    floor.approve('event-access', 'E-2', booking(LI));
    floor.approve('event-access', 'E-3', booking(WANG));
    for (const number of [ZHANG, LI]) {
      floor.card('a-reader', number);
      for (let walker = 0; walker < 2; walker += 1) {
        await floor.settle();
        floor.walk('a-barrier');
        await floor.settle();
      }
      await floor.clock.advanceAsync(seconds(10));
    }
    floor.card('a-reader', WANG);
    expect(floor.journal().filter((line) => !line.includes('unexpected'))).toEqual([
      'a passed',
      'a passed',
      'a passed',
      'a refused E-GATE-0123',
    ]);
  });
});

describe('company', () => {
  it('opens for a visitor once the escort has shown a card, for both, one after the other', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { escort: true }));
    floor.approve('roster', 'R-1', member(LI, '1001', { may: ['escort'] }));
    floor.card('a-reader', ZHANG);
    expect(floor.told).toEqual(['a-reader red 请陪同人员刷卡']);
    expect(floor.journal()).toEqual([]);
    floor.card('a-reader', LI);
    await floor.settle();
    expect(opened(floor.told)).toHaveLength(1);
    floor.walk('a-barrier');
    await floor.settle();
    expect(opened(floor.told)).toHaveLength(2);
    floor.walk('a-barrier');
    expect(floor.gates.entries({ limit: 5 }).map(({ requestId, state }) => `${requestId} ${state}`)).toEqual([
      'V-1 passed',
      'R-1 passed',
    ]);
  });

  it('lets a visitor follow an escort who went in a moment ago, and nobody later', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { escort: true }));
    floor.approve('roster', 'R-1', member(LI, '1001', { may: ['escort'] }));
    floor.card('a-reader', LI);
    await floor.settle();
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(seconds(14));
    floor.card('a-reader', ZHANG);
    await floor.settle();
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(seconds(16));
    floor.card('a-reader', ZHANG);
    await floor.clock.advanceAsync(seconds(16));
    expect(floor.journal()).toEqual(['a passed', 'a passed', 'a refused E-GATE-0119']);
  });

  it('asks for two different people, and writes down both', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { twoPeople: true })] });
    floor.approve('roster', 'R-1', member(LI, '1001'));
    floor.approve('roster', 'R-2', member(WANG, '1002'));
    floor.card('a-reader', LI);
    floor.card('a-reader', LI);
    expect(opened(floor.told)).toEqual([]);
    floor.card('a-reader', WANG);
    for (let walker = 0; walker < 2; walker += 1) {
      await floor.settle();
      floor.walk('a-barrier');
      await floor.settle();
    }
    expect(floor.gates.entries({ limit: 5 }).map(({ requestId, state }) => `${requestId} ${state}`)).toEqual([
      'R-1 passed',
      'R-2 passed',
    ]);
  });

  it('waits for the first person of the day', async () => {
    const floor = createFloor({ areas: [{ id: 'campus', firstPerson: true }], gates: [lane('a')] });
    floor.approve('roster', 'R-1', member(LI, '1001', { may: ['lead'] }));
    floor.approve('roster', 'R-2', member(WANG, '1002'));
    const come = async (number: string) => {
      floor.card('a-reader', number);
      await floor.settle();
      floor.walk('a-barrier');
      await floor.clock.advanceAsync(seconds(10));
    };
    await come(WANG);
    await come(LI);
    await come(WANG);
    await floor.clock.advanceAsync(minutes(24 * 60));
    floor.approve('roster', 'R-2', member(WANG, '1002'));
    floor.card('a-reader', WANG);
    expect(floor.journal().filter((line) => !line.includes('unexpected'))).toEqual([
      'a refused E-GATE-0118',
      'a passed',
      'a passed',
      'a refused E-GATE-0118',
    ]);
  });
});

describe('places', () => {
  it('refuses a second entry before the way out, in the scope in-out', async () => {
    const floor = createFloor({
      areas: [{ id: 'campus', antiPassback: { scope: 'in-out' } }],
      gates: [lane('a'), lane('b', { direction: 'out' })],
    });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    const pass = async (gate: string, direction: 'in' | 'out') => {
      floor.card(`${gate}-reader`, ZHANG);
      await floor.settle();
      floor.walk(`${gate}-barrier`, direction);
    };
    await pass('a', 'in');
    floor.card('a-reader', ZHANG);
    await pass('b', 'out');
    await pass('a', 'in');
    expect(floor.journal()).toEqual(['a passed', 'a refused E-GATE-0110', 'b passed', 'a passed']);
  });

  it('lets in only as many as an area holds', async () => {
    const floor = createFloor({
      areas: [{ id: 'campus', limit: 1 }],
      gates: [lane('a'), lane('b', { direction: 'out' })],
    });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.approve('visitor-access', 'V-2', visit(LI));
    floor.card('a-reader', ZHANG);
    await floor.settle();
    floor.walk('a-barrier');
    floor.card('a-reader', LI);
    floor.card('b-reader', ZHANG);
    await floor.settle();
    floor.walk('b-barrier', 'out');
    floor.card('a-reader', LI);
    await floor.settle();
    expect(floor.journal()).toEqual(['a passed', 'a refused E-GATE-0111', 'b passed', 'a released']);
  });

  it('never opens both doors of an air lock', async () => {
    const floor = createFloor({
      areas: [CAMPUS],
      gates: [lane('a'), lane('b', { interlock: ['a'] }), lane('c')],
    });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.card('a-reader', ZHANG);
    await floor.settle();
    floor.card('b-reader', ZHANG);
    floor.walk('a-barrier');
    floor.card('b-reader', ZHANG);
    await floor.settle();
    floor.card('a-reader', ZHANG);
    floor.card('c-reader', ZHANG);
    await floor.settle();
    expect(floor.journal()).toEqual([
      'a passed',
      'b refused E-GATE-0117',
      'b released',
      'a refused E-GATE-0117',
      'c released',
    ]);
    // A guard who sees the refusal and lets them through would open both.
    expect(await floor.gates.admit({ gateId: 'a', reason: 'host-vouches' }, '7')).toMatchObject({
      error: { code: 'E-GATE-0117' },
    });
    expect(floor.journal()).toHaveLength(5);
  });
});

describe('how a gate stands', () => {
  it('stands open at its hours and closed at others, and the barrier is told', async () => {
    const floor = createFloor({
      areas: [CAMPUS],
      gates: [
        lane('a', {
          schedule: [
            { standing: 'open', from: '10:30', until: '11:00' },
            { standing: 'closed', from: '22:00', until: '06:00' },
          ],
        }),
      ],
      modes: true,
      now: epochMs(Date.UTC(2026, 10, 22, 2, 29, 58)),
    });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    await floor.clock.advanceAsync(seconds(6));
    expect(floor.told).toEqual(['a-barrier controlled', 'a-barrier free']);
    floor.card('a-reader', ZHANG);
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(minutes(30));
    expect(floor.told.at(-1)).toBe('a-barrier controlled');
    expect(opened(floor.told)).toEqual([]);
    expect(floor.journal()).toEqual(['a unconfirmed', 'a free']);
    await floor.clock.advanceAsync(minutes(11 * 60 + 30));
    floor.card('a-reader', ZHANG);
    expect(floor.journal().at(-1)).toBe('a refused E-GATE-0122');
  });

  it('releases for a fire at every gate of the area, latches, and relocks only by hand', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' }), lane('b')], modes: true });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    await floor.settle();
    floor.told.length = 0;
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    await floor.settle();
    expect(floor.told.toSorted()).toEqual(['a-barrier free', 'b-barrier free']);
    floor.emit('panel', 'fire', { alarm: false, at: floor.clock.now() });
    floor.card('a-reader', ZHANG);
    floor.walk('a-barrier', 'out');
    await floor.clock.advanceAsync(seconds(30));
    expect(floor.journal()).toEqual(['a refused E-GATE-0121', 'a free']);
    for (const order of ['lockDown', 'leaveOpen'] as const)
      expect(floor.gates[order]('area:campus', '7')).toMatchObject({ ok: false, error: { code: 'E-GATE-0121' } });
    expect(floor.gates.gates().map(({ standing }) => standing)).toEqual(['fire', 'fire']);
    expect(floor.gates.relax('area:campus', '7')).toMatchObject({ ok: true });
    await floor.settle();
    expect(floor.told.slice(-2).toSorted()).toEqual(['a-barrier controlled', 'b-barrier controlled']);
  });

  it('stays locked down when lifting it could not be written', () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.gates.lockDown('area:campus', '7');
    expect(() =>
      transact(floor.db, () => {
        floor.gates.relax('area:campus', '7');
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    expect(floor.gates.gates()).toMatchObject([{ standing: 'lock-down' }]);
    expect(floor.gates.orders()).toHaveLength(1);
  });

  it('finds a fire that began while it was away', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' })], modes: true });
    floor.gates.stop();
    floor.state.fire = true;
    floor.gates.start();
    await floor.settle();
    expect(floor.told.at(-1)).toBe('a-barrier free');
  });

  it('shuts everybody out of a lock-down but those who may override, over a restart', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.approve('roster', 'R-1', member(LI, '1001', { may: ['override'] }));
    expect(floor.gates.lockDown('area:campus', '7')).toMatchObject({ ok: true });
    floor.gates.stop();
    floor.gates.start();
    floor.card('a-reader', ZHANG);
    floor.card('a-reader', LI);
    await floor.settle();
    expect(floor.journal()).toEqual(['a refused E-GATE-0116', 'a released']);
    expect(floor.audit.list({ limit: 1 })).toMatchObject([{ action: 'gate.lock-down', actor: 'staff:7' }]);
    expect(floor.gates.lockDown('area:nowhere', '7')).toMatchObject({ ok: false, error: { code: 'E-GATE-0203' } });
  });
});

describe('what is not of now', () => {
  it.each([
    ['from the past', -11],
    ['from the future', 11],
  ])('a card %s is written down and opens nothing', (_, offset) => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.card('a-reader', ZHANG, plus(floor.clock.now(), seconds(offset)));
    expect(floor.told).toEqual([]);
    expect(floor.journal()).toEqual(['a refused E-GATE-0138']);
  });

  it('a plate that a camera sends again from its memory, and one that it is not sure of', () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { reader: undefined, plateReader: 'camera' })] });
    floor.approve('vehicle-access', 'C-1', { plates: ['京A12345'], areas: ['campus'] });
    const read = { plate: '京A12345', at: floor.clock.now() };
    floor.emit('camera', 'plate', { ...read, confidence: 1, replayed: true });
    floor.emit('camera', 'plate', { ...read, confidence: 0.84, replayed: false });
    floor.emit('camera', 'plate', { ...read, plate: '京A12345', direction: 'out', replayed: false });
    expect(floor.told).toEqual([]);
    expect(floor.journal()).toEqual(['a refused E-GATE-0138', 'a refused E-GATE-0137']);
  });
});

describe('alarms', () => {
  it('tells who walked in on the heels of somebody from a forced passage', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.card('a-reader', ZHANG);
    await floor.settle();
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(ms(1_500));
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(seconds(60));
    floor.walk('a-barrier');
    floor.emit('a-barrier', 'alarm', { alarm: 'held-open', clear: false, at: floor.clock.now() });
    floor.emit('a-barrier', 'alarm', { alarm: 'held-open', clear: true, at: floor.clock.now() });
    expect(floor.gates.alarms({ limit: 9 }).map(({ alarm, clearedAt }) => [alarm, clearedAt !== null])).toEqual([
      ['held-open', true],
      ['tailgating', false],
    ]);
    expect(floor.journal()).toEqual(['a passed', 'a unexpected', 'a unexpected']);
  });
});

describe('a guard', () => {
  it('admits somebody who was refused, with a reason, and the hall hears that it was by hand', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    floor.revoke('visitor-access', 'V-1');
    floor.card('a-reader', ZHANG);
    const [refused] = floor.gates.entries({ limit: 1 });
    const admitted = await floor.gates.admit({ gateId: 'a', entryId: refused?.id, reason: 'host-vouches' }, '7');
    expect(admitted).toMatchObject({ ok: true });
    await floor.settle();
    floor.walk('a-barrier');
    expect(floor.gates.entries({ limit: 1 })).toMatchObject([
      { state: 'passed', byHand: '7:host-vouches', requestId: 'V-1' },
    ]);
    expect(floor.outcomes.at(-1)).toMatchObject({ data: { byHand: true, passage: 'observed' } });
    expect(floor.audit.list({ limit: 1 })).toMatchObject([
      {
        action: 'gate.admit',
        actor: 'staff:7',
        subject: 'gate:a',
        detail: expect.stringContaining('host-vouches') as string,
      },
    ]);
  });

  it('cannot admit at a gate that does not run, nor on an entry of another gate', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a'), lane('b')] });
    floor.card('b-reader', ZHANG);
    const [elsewhere] = floor.gates.entries({ limit: 1 });
    expect(await floor.gates.admit({ gateId: 'x', reason: 'host-vouches' }, '7')).toMatchObject({
      error: { code: 'E-GATE-0203' },
    });
    expect(await floor.gates.admit({ gateId: 'a', entryId: elsewhere?.id, reason: 'host-vouches' }, '7')).toMatchObject(
      {
        error: { code: 'E-GATE-0202' },
      },
    );
    expect(floor.told).toEqual(['b-reader red 未找到通行授权']);
  });
});
