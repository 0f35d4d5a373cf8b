import { describe, expect, it } from 'vitest';
import { createFloor } from './testing/floor.ts';
import { LI, ZHANG, setUpTwoAgents, states, visit } from './testing/two-agents.ts';

const student = (number: string, areas: readonly string[] = ['dorm']) => ({
  person: { number, name: '陈六', category: 'student' },
  credentials: [
    { type: 'resident-id', number: ZHANG },
    { type: 'campus-card', uid: '04A1B2C3' },
  ],
  areas,
});
const barred = (...targets: readonly object[]) => ({ targets });
const MEMBER = { type: 'member', number: 'S1' };
const PERSON = { type: 'person', document: { type: 'resident-id', number: ZHANG } };

describe('whom a deny list names is refused', () => {
  const setUp = () => {
    const floor = createFloor({
      areas: [{ id: 'campus' }, { id: 'dorm' }],
      gates: [
        { id: 'gate', area: 'campus', reader: 'r', scanner: 'q', barrier: 'b', passageSensor: 's' },
        { id: 'lane', area: 'campus', plateReader: 'camera', barrier: 'boom', passageSensor: 'boom' },
      ],
    });
    const code = (): string => {
      const issued = floor.gates.visitorCode('V-1', 0);
      if (!issued.ok) throw new Error(issued.error.code);
      return issued.value.text;
    };
    const shows = async (text: string): Promise<void> => {
      floor.emit('q', 'scan', {
        text,
        bytes: Buffer.from(text),
        at: floor.clock.now(),
        lastByteAt: floor.clock.monotonic(),
      });
      await floor.settle();
    };
    return { floor, code, shows };
  };

  it('by the code that they were sent as well, though only their roster links it to the number that is barred', async () => {
    const { floor, code, shows } = setUp();
    floor.approve('roster', 'R-1', student('S1'));
    floor.approve('visitor-access', 'V-1', visit(ZHANG));
    floor.approve('block', 'B-1', barred(MEMBER));
    await shows(code());
    floor.card('r', ZHANG);
    await floor.settle();
    expect(floor.journal()).toEqual(['gate refused E-GATE-0112', 'gate refused E-GATE-0112']);
    floor.gates.stop();
  });

  it('and nobody gets in on an approval that says nothing of what they show', async () => {
    const { floor, code, shows } = setUp();
    // The code of a visit that has not begun, and a roster that would open: a code opens for its visit.
    floor.approve('roster', 'R-1', student('S1', ['campus']));
    floor.approve('visitor-access', 'V-1', visit(ZHANG, { areas: ['dorm'] }));
    await shows(code());
    expect(floor.journal()).toEqual(['gate refused E-GATE-0104']);
    floor.gates.stop();
  });

  it('in the car that they are to drive', async () => {
    const { floor } = setUp();
    floor.approve('vehicle-access', 'C-1', {
      plates: ['京A12345'],
      areas: ['campus'],
      driver: { name: '张三', document: PERSON.document },
    });
    const see = async (): Promise<void> => {
      floor.emit('camera', 'plate', { plate: '京A12345', confidence: 1, at: floor.clock.now(), replayed: false });
      await floor.settle();
    };
    floor.approve('block', 'B-1', barred(PERSON));
    await see();
    floor.revoke('block', 'B-1');
    await see();
    expect(floor.journal().map((line) => line.replace(/^lane /, ''))).toEqual(['refused E-GATE-0112', 'released']);
    floor.gates.stop();
  });
});

describe('an agent knows who is barred', () => {
  it('though what links document and number is an approval for elsewhere, whichever comes first', async () => {
    for (const blockFirst of [true, false]) {
      const { campus, east, pass } = setUpTwoAgents();
      east.connect();
      await pass(3);
      campus.approve('visitor-access', 'V-1', visit(ZHANG));
      campus.approve('visitor-access', 'V-2', visit(LI));
      const block = (): void => campus.approve('block', 'B-1', barred(MEMBER));
      if (blockFirst) block();
      campus.approve('roster', 'R-1', student('S1', ['dorm']));
      if (!blockFirst) block();
      await pass(2);
      east.card(ZHANG);
      east.card(LI);
      await pass(1);
      expect(states(east.entries())).toEqual(['refused E-GATE-0112', 'released']);
    }
  });

  it('and bars a card that was lost as that card alone', async () => {
    const { campus, east, pass } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('roster', 'R-1', student('S1', ['campus']));
    campus.approve('block', 'B-1', barred({ type: 'campus-card', uid: '04A1B2C3' }));
    await pass(2);
    east.card(ZHANG);
    await pass(1);
    expect(states(east.entries())).toEqual(['released']);
  });
});
