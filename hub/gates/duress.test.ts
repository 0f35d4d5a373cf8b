import { randomBytes } from 'node:crypto';
import { epochMs } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { campusCodeKeyId } from './project.ts';
import { campusCodeAt } from './qr/campus-code.ts';
import { createFloor } from './testing/floor.ts';
import { setUpTwoAgents, states } from './testing/two-agents.ts';

const [CARD, FORCED] = ['04A1B2C3', '04D4E5F6'];
const member = (credentials: readonly object[]) => ({
  person: { number: '20260001', name: '陈六', category: 'student' },
  credentials,
  areas: ['campus'],
});
const floorWith = (area: object) => {
  const floor = createFloor({
    areas: [{ id: 'campus', ...area }],
    gates: [{ id: 'gate', area: 'campus', reader: 'r', barrier: 'b', passageSensor: 's' }],
  });
  floor.approve(
    'roster',
    'M-1',
    member([
      { type: 'campus-card', uid: CARD },
      { type: 'campus-card', uid: FORCED, duress: true },
    ]),
  );
  const shows = async (uid: string) => {
    const before = floor.told.length;
    floor.uid('r', uid);
    await floor.settle();
    const told = floor.told.slice(before);
    floor.walk('s');
    await floor.settle();
    return told;
  };
  return { floor, shows, alarms: () => floor.gates.alarms({ limit: 5 }).map(({ alarm }) => alarm) };
};

it('a card that is shown by somebody who is forced opens as the other one does, and tells the guards alone', async () => {
  const { floor, shows, alarms } = floorWith({});
  const plain = await shows(CARD);
  expect(alarms()).toEqual([]);
  expect(await shows(FORCED)).toEqual(plain);
  expect(alarms()).toEqual(['duress']);
  expect(floor.journal()).toEqual(['gate passed', 'gate passed E-GATE-0113']);
  floor.gates.stop();
});

it('or is refused, where the area says so', async () => {
  const { floor, shows } = floorWith({ duress: 'refuse' });
  await shows(FORCED);
  expect(floor.journal()[0]).toBe('gate refused E-GATE-0113');
  expect(floor.told.some((line) => line.startsWith('b open'))).toBe(false);
  floor.gates.stop();
});

it('so does a code at the gate of an agent, which knows it by its own hash', async () => {
  const { campus, east, pass, clock } = setUpTwoAgents();
  const key = randomBytes(32);
  east.connect();
  await pass(3);
  campus.approve('roster', 'M-1', member([{ type: 'campus-code', key: key.toString('base64'), duress: true }]));
  await pass(2);
  east.scan(campusCodeAt(epochMs(clock.now()), campusCodeKeyId(key.toString('base64')), key));
  await pass(1);
  east.walk();
  await pass(5);
  expect(states(east.entries())).toEqual(['passed']);
  expect(campus.hub.gates.alarms({ limit: 5 }).map(({ alarm }) => alarm)).toEqual(['duress']);
});
