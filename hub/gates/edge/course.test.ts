import { epochMs, seconds } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { createFloor } from '../testing/floor.ts';

const ZHANG = '11010519491231002X';
const LI = '440524188001010014';
const CAMPUS = { id: 'campus' };
const lane = (id: string, change: object = {}) => ({
  id,
  area: 'campus',
  reader: `${id}-reader`,
  barrier: `${id}-barrier`,
  passageSensor: `${id}-barrier`,
  ...change,
});
const visit = (number: string, change: object = {}) => ({
  people: [{ name: '张三', document: { type: 'resident-id', number } }],
  areas: ['campus'],
  host: { name: '李' },
  ...change,
});
const host = (number: string, change: object = {}) => ({
  person: { number: '1001', name: '王', category: 'staff' },
  credentials: [{ type: 'resident-id', number }],
  areas: ['campus'],
  may: ['escort'],
  ...change,
});

describe('whoever waits for somebody else', () => {
  const setUp = () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { escort: true }));
    floor.approve('roster', 'R-1', host(LI));
    return floor;
  };

  it('is written down with the reason when the escort does not walk through', async () => {
    const floor = setUp();
    floor.card('a-reader', ZHANG);
    floor.card('a-reader', LI);
    await floor.clock.advanceAsync(seconds(9));
    expect(floor.journal()).toEqual(['a lapsed', 'a refused E-GATE-0119']);
    expect(floor.outcomes.map(({ type }) => type.type)).toEqual(['hallhub.visitor-access.refused.v1']);
  });

  it('is written down when the barrier does not open for the escort', async () => {
    const floor = setUp();
    floor.state.receipt = 'E-DEV-0203';
    floor.card('a-reader', ZHANG);
    floor.card('a-reader', LI);
    await floor.settle();
    expect(floor.journal()).toEqual(['a blocked E-GATE-0201', 'a refused E-GATE-0119']);
  });

  it.each([
    ['before anybody has come', false],
    ['while the escort stands in the gate', true],
  ])('is written down when the gate stops %s', (_, withEscort) => {
    const floor = setUp();
    floor.card('a-reader', ZHANG);
    if (withEscort) floor.card('a-reader', LI);
    floor.gates.stop();
    expect(floor.journal().filter((line) => line.includes('refused'))).toEqual(['a refused E-GATE-0119']);
  });

  it('escorts nobody by a second approval of their own', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a'), lane('b', { twoPeople: true })] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { escort: true }));
    // The same person, known first by a number of the university and then by the same card.
    floor.approve('roster', 'R-1', {
      ...host(ZHANG),
      credentials: [
        { type: 'resident-id', number: ZHANG },
        { type: 'campus-card', uid: '04A1B2C3' },
      ],
      gates: ['b'],
      areas: [],
    });
    floor.card('b-reader', ZHANG);
    floor.uid('b-reader', '04A1B2C3');
    await floor.clock.advanceAsync(seconds(20));
    expect(floor.told.filter((line) => line.includes(' open '))).toEqual([]);
  });
});

describe('what could not be written', () => {
  it('is written when the gate stops, and once', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.card('a-reader', ZHANG);
    await floor.settle();
    floor.db.exec(
      "CREATE TRIGGER full BEFORE UPDATE ON gate_entry BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    floor.walk('a-barrier');
    expect(floor.journal()).toEqual(['a released']);
    floor.db.exec('DROP TRIGGER full');
    floor.gates.stop();
    expect(floor.journal()).toEqual(['a passed']);
    expect(floor.outcomes).toHaveLength(1);
  });
});

describe('a passage that is told after its grant has lapsed', () => {
  const setUp = async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a')] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    const granted = floor.clock.now();
    floor.card('a-reader', ZHANG);
    await floor.settle();
    const walkAt = (after: number) => {
      floor.walk('a-barrier', 'in', epochMs(granted + after));
    };
    return { floor, walkAt };
  };

  it('spends the use when the device saw it in time, however late it tells', async () => {
    const { floor, walkAt } = await setUp();
    await floor.clock.advanceAsync(seconds(300));
    walkAt(3_000);
    walkAt(4_000);
    floor.card('a-reader', ZHANG);
    expect(floor.journal()).toEqual(['a passed', 'a unexpected', 'a refused E-GATE-0109']);
    expect(floor.outcomes[0]).toMatchObject({ type: { type: 'hallhub.visitor-access.entered.v1' } });
  });

  it.each([
    [9_900, 'a passed'],
    [10_100, 'a lapsed'],
  ])('belongs to it until two seconds after it lapsed: %i ms', async (after, state) => {
    const { floor, walkAt } = await setUp();
    await floor.clock.advanceAsync(seconds(11));
    walkAt(after);
    expect(floor.journal()[0]).toBe(state);
  });

  it('is nobody else’s: who was let in since then is still waited for', async () => {
    const { floor, walkAt } = await setUp();
    floor.approve('visitor-access', 'V-2', visit(LI));
    await floor.clock.advanceAsync(seconds(9));
    floor.card('a-reader', LI);
    await floor.settle();
    walkAt(7_900);
    expect(floor.journal()).toEqual(['a passed', 'a released']);
    walkAt(9_100);
    expect(floor.journal()).toEqual(['a passed', 'a passed']);
  });
});

describe('a fire', () => {
  it('says what it could not open: a barrier that takes no such order', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' })] });
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    floor.card('a-reader', ZHANG);
    await floor.clock.advanceAsync(seconds(11));
    expect(floor.journal()).toEqual(['a refused E-GATE-0127']);
    const alarms = () => floor.gates.alarms({ limit: 5 }).map(({ alarm, clearedAt }) => [alarm, clearedAt !== null]);
    expect(alarms()).toEqual([
      ['not-released', false],
      ['fire', false],
    ]);
    floor.emit('panel', 'fire', { alarm: false, at: floor.clock.now() });
    floor.gates.relax('area:campus', '7');
    expect(alarms()).toContainEqual(['not-released', true]);
  });

  it('cannot be taken back while its contact still alarms, and no door moves for the attempt', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' })], modes: true });
    await floor.settle();
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    await floor.settle();
    const modes = floor.told.length;
    expect(floor.gates.relax('area:campus', '7')).toMatchObject({ ok: false, error: { code: 'E-GATE-0128' } });
    await floor.settle();
    expect(floor.gates.gates()).toMatchObject([{ standing: 'fire' }]);
    expect(floor.told.slice(modes)).toEqual([]);
    floor.emit('panel', 'fire', { alarm: false, at: floor.clock.now() });
    expect(floor.gates.relax('area:campus', '7')).toMatchObject({ ok: true });
    expect(floor.gates.gates()).toMatchObject([{ standing: 'controlled' }]);
  });

  it('and one that did not take it', async () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' })], modes: true });
    await floor.settle();
    floor.state.receipt = 'E-DEV-0203';
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    await floor.settle();
    floor.card('a-reader', ZHANG);
    floor.state.receipt = 'ok';
    await floor.clock.advanceAsync(seconds(6));
    floor.card('a-reader', ZHANG);
    expect(floor.journal()).toEqual(['a refused E-GATE-0127', 'a refused E-GATE-0121']);
  });

  it('leaves a lock-down of the same area as it was, over a restart', () => {
    const floor = createFloor({ areas: [CAMPUS], gates: [lane('a', { fireInput: 'panel' })], modes: true });
    floor.gates.lockDown('area:campus', '7');
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    expect(floor.gates.gates()).toMatchObject([{ standing: 'fire' }]);
    floor.gates.stop();
    floor.gates.start();
    floor.gates.relax('area:campus', '7');
    expect(floor.gates.gates()).toMatchObject([{ standing: 'lock-down' }]);
    floor.gates.relax('area:campus', '7');
    expect(floor.gates.gates()).toMatchObject([{ standing: 'controlled' }]);
  });
});

describe('a plate of which the camera does not say how sure it is', () => {
  it.each([
    ['refuse', 'a refused E-GATE-0137'],
    ['accept', 'a releasing'],
  ])('%s', (withoutConfidence, line) => {
    const floor = createFloor({
      areas: [CAMPUS],
      gates: [lane('a', { reader: undefined, plateReader: 'camera', withoutConfidence })],
    });
    floor.approve('vehicle-access', 'C-1', { plates: ['京A12345'], areas: ['campus'] });
    floor.emit('camera', 'plate', { plate: '京A12345', at: floor.clock.now(), replayed: false });
    expect(floor.journal()).toEqual([line]);
  });
});
