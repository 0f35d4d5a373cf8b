import { seconds } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { createFloor } from '../testing/floor.ts';

const ZHANG = '11010519491231002X';
const lane = (id: string, change: object = {}) => ({
  id,
  area: 'campus',
  reader: `${id}-reader`,
  barrier: `${id}-door`,
  passageSensor: `${id}-door`,
  ...change,
});
function setUp(doors: boolean) {
  const floor = createFloor({ areas: [{ id: 'campus' }], gates: [lane('a'), lane('b', { interlock: ['a'] })], doors });
  floor.approve('visitor-access', 'V-1', {
    people: [{ name: '张三', document: { type: 'resident-id', number: ZHANG } }],
    areas: ['campus'],
    host: { name: '李' },
  });
  const door = (id: string, open: boolean) => {
    if (open) floor.state.openDoors.add(id);
    else floor.state.openDoors.delete(id);
    floor.emit(id, 'door', { open, at: floor.clock.now() });
  };
  const tries = async (reader: string) => {
    floor.card(reader, ZHANG);
    await floor.settle();
    return floor.journal().at(-1);
  };
  return { floor, door, tries };
}

describe('an air lock', () => {
  it('waits until the other door has closed, after the passage as well', async () => {
    const { floor, door, tries } = setUp(true);
    expect(await tries('a-reader')).toBe('a released');
    door('a-door', true);
    floor.walk('a-door');
    expect(await tries('b-reader')).toBe('b refused E-GATE-0117');
    door('a-door', false);
    expect(await tries('b-reader')).toBe('b released');
  });

  it('knows a door that stood open before, and asks whether it has closed', async () => {
    const { floor, tries } = setUp(true);
    floor.gates.stop();
    floor.state.openDoors.add('a-door');
    floor.gates.start();
    await floor.settle();
    expect(await tries('b-reader')).toBe('b refused E-GATE-0117');
    floor.state.openDoors.delete('a-door');
    await floor.clock.advanceAsync(seconds(6));
    expect(await tries('b-reader')).toBe('b released');
  });

  it.each(['held-open', 'forced'])('without a contact goes by the alarm: %s', async (alarm) => {
    const { floor, tries } = setUp(false);
    floor.emit('a-door', 'alarm', { alarm, clear: false, at: floor.clock.now() });
    expect(await tries('b-reader')).toBe('b refused E-GATE-0117');
    floor.emit('a-door', 'alarm', { alarm, clear: true, at: floor.clock.now() });
    expect(await tries('b-reader')).toBe('b released');
  });
});
