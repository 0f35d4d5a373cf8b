import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, createHouse } from './testing/house.ts';

const staff = { mayLook: () => true, mayAct: () => true };

async function fullHouse() {
  const house = createHouse();
  for (const number of ['1', '2', '3', '4', '5']) house.resident(number);
  house.resident('6', { person: { number: '6', name: '职工', category: 'staff' } });
  house.leave('4', '08:00', '+2 22:00');
  house.until('20:00');
  for (const number of ['1', '2', '3']) await house.goes(number, 'in');
  house.until('21:30');
  await house.goes('2', 'out');
  await house.goes('3', 'out');
  await house.goes('4', 'out');
  house.until('23:20');
  await house.goes('2', 'in');
  return house;
}

describe('the list of a night', () => {
  it('says where everybody was, once, and tells who is to look at it', async () => {
    const house = await fullHouse();
    house.until('+1 00:39');
    expect(house.notices).toEqual([]);
    house.until('+1 00:41');
    expect(house.list()).toEqual([
      '1 in came-in',
      '2 late came-in',
      '3 out went-out',
      '4 leave leave',
      '5 unknown never',
      '6 exempt exempt',
    ]);
    house.until('+1 03:00');
    expect(house.notices.map(({ channel, text }) => `${channel} ${text}`)).toEqual(
      ['wardens', 'people'].map(
        (channel) =>
          `${channel} 三号楼 2026-11-20 归寝：应到 6，在寝 1，晚归 1，未归 1，未知 1，请假 1，免查 1。请核对后确认。`,
      ),
    );
    // Names go to one person and never to a group; nothing of them is in the log.
    expect(house.notices.map(({ text }) => text).join()).not.toMatch(/学生/);
    expect(house.notices[1]?.personal).toMatch(/晚归：412 学生2\n/);
    expect(house.logged.join()).not.toMatch(/学生|412/);
    expect(house.floor.faults).toEqual([]);
  });

  it('is made once over restarts, and over a clock that jumps back', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    house.restart();
    house.floor.clock.stepWall(-3_600_000 as Parameters<typeof house.floor.clock.stepWall>[0]);
    house.until('+1 02:00');
    house.restart();
    house.until('+1 04:00');
    expect(house.notices).toHaveLength(2);
  });

  it('is not made by a clock that nobody trusts', async () => {
    const house = await fullHouse();
    house.floor.state.clockTrusted = false;
    house.until('+1 03:00');
    expect(house.list()).toEqual(expect.arrayContaining(['3 out went-out']));
    expect(house.notices).toEqual([]);
    house.floor.state.clockTrusted = true;
    house.until('+1 03:01');
    expect(house.notices).toHaveLength(2);
  });

  it('is made for the nights that passed while the hub was down', async () => {
    const house = await fullHouse();
    house.until('+1 01:00');
    house.stop();
    house.until('+3 12:00');
    house.restart();
    const made = house.attendance.nights('dorm-3', 10);
    expect(made.ok && made.value.map(({ date }) => date)).toEqual(['20261122', '20261121', '20261120']);
    // Everybody's last passage is of the first evening: two nights on it says nothing any more.
    expect(house.list('20261122')).toContain('1 unknown stale');
  });

  it('does not begin with nights before there was a hub', () => {
    const house = createHouse();
    house.resident('1');
    house.until('+1 01:00');
    const made = house.attendance.nights('dorm-3', 10);
    expect(made.ok && made.value.map(({ date }) => date)).toEqual(['20261120']);
  });

  it('accuses nobody while a gate stands open or a device is away', async () => {
    const house = await fullHouse();
    house.floor.state.dark.push({ device: 'd3-in-r', from: at('22:00'), until: at('22:10') });
    house.until('+1 00:41');
    expect(house.list()).toEqual([
      '1 unknown unseen',
      '2 late came-in',
      '3 unknown unseen',
      '4 leave leave',
      '5 unknown never',
      '6 exempt exempt',
    ]);
    // An agent that was away and came back: what was dark is not any more.
    house.floor.state.dark.length = 0;
    house.until('+1 00:43');
    expect(house.list()).toContain('1 in came-in');
    expect(house.list()).toContain('3 out went-out');
    expect(house.notices.at(-1)?.text).toBe('三号楼 2026-11-20 归寝更正：2 人的结果有变化，以系统为准。');
  });

  it('takes a gate that was left open by order for what it is', async () => {
    const house = createHouse();
    house.resident('1');
    house.until('20:00');
    await house.goes('1', 'out');
    house.until('21:00');
    house.floor.gates.leaveOpen('gate:d3-in', 'x');
    house.until('21:30');
    house.floor.gates.relax('gate:d3-in', 'x');
    house.until('+1 00:41');
    expect(house.list()).toEqual(['1 unknown unseen']);
  });
});

describe('what is told late', () => {
  it('corrects a list that is out, once, with what it was before', async () => {
    const house = await fullHouse();
    house.until('+1 01:00');
    house.late('3', 'in', '22:40');
    house.late('3', 'in', '22:40');
    house.until('+1 01:02');
    expect(house.list()).toContain('3 in came-in');
    const night = house.attendance.night('dorm-3', '20261120', true);
    expect(night.ok && night.value.changes).toMatchObject([{ before: 'out', after: 'in', cause: 'events' }]);
    expect(night.ok && night.value.results.find(({ subject }) => subject === house.subject('3'))?.revision).toBe(1);
    expect(house.notices).toHaveLength(4);
    expect(house.notices[3]?.personal).toMatch(/学生3：未归 → 在寝/);
    house.until('+1 05:00');
    expect(house.notices).toHaveLength(4);
  });

  it('survives a kill between being told and being looked at', async () => {
    const house = await fullHouse();
    house.until('+1 01:00');
    house.stop();
    house.restart();
    house.late('3', 'in', '22:40');
    house.stop();
    house.restart();
    expect(house.list()).toContain('3 in came-in');
  });

  it('a leave that is approved or withdrawn afterwards counts', async () => {
    const house = await fullHouse();
    house.until('+1 01:00');
    house.leave('3', '18:00', '+2 18:00');
    house.until('+1 01:02');
    expect(house.list()).toContain('3 leave leave');
    house.floor.revoke('leave', 'L-3');
    house.until('+1 01:04');
    expect(house.list()).toContain('3 out went-out');
  });

  it('the order in which things are told does not matter', () => {
    const passage = fc.record({
      number: fc.constantFrom('1', '2'),
      way: fc.constantFrom('in' as const, 'out' as const),
      minute: fc.integer({ min: 0, max: 700 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(passage, { selector: ({ minute }) => minute, maxLength: 6 }), (passages) => {
        const tell = (late: boolean): readonly string[] => {
          const house = createHouse();
          for (const number of ['1', '2']) house.resident(number);
          const when = (minute: number) =>
            minute < 360
              ? `${String(18 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
              : `+1 ${String(Math.floor((minute - 360) / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
          if (late) house.until('+1 06:00');
          for (const { number, way, minute } of late
            ? passages
            : passages.toSorted((one, other) => one.minute - other.minute)) {
            if (!late) house.until(when(minute));
            house.late(number, way, when(minute));
          }
          house.until('+1 06:05');
          house.stop();
          return house.list();
        };
        expect(tell(true)).toEqual(tell(false));
      }),
      { numRuns: 20 },
    );
  });
});

describe('what counts', () => {
  it('is told to the hall when somebody has confirmed it, and corrected at once where it was wrong', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    expect(house.hall()).toEqual([]);
    expect(house.attendance.confirm('dorm-3', '20261120', 'zhao')).toEqual({ ok: true, value: { confirmed: 6 } });
    expect(house.hall().toSorted()).toEqual(['night R-2 late 0', 'night R-3 out 0']);
    house.late('3', 'in', '22:40');
    house.until('+1 00:43');
    expect(house.hall()).toContain('night R-3 in 1');
    expect(house.attendance.confirm('dorm-3', '20261120', 'zhao')).toEqual({ ok: true, value: { confirmed: 0 } });
    expect(house.hall()).toHaveLength(3);
  });

  it('what is worse than what was confirmed waits for somebody to confirm it again', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    house.attendance.confirm('dorm-3', '20261120', 'zhao');
    house.late('1', 'out', '22:40');
    house.until('+1 00:43');
    expect(house.list()).toContain('1 out went-out');
    expect(house.hall()).toHaveLength(2);
    expect(house.attendance.summary().unconfirmed).toBe(1);
    house.attendance.confirm('dorm-3', '20261120', 'zhao', [house.subject('1')]);
    expect(house.hall()).toContain('night R-1 out 0');
  });

  it('what staff decide stands over whatever is told later, until they take it back', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    const set = (value: { status: 'in' | 'out'; reason: 'called' } | null) =>
      house.attendance.override(
        { building: 'dorm-3', night: '20261120', subject: house.subject('3'), set: value },
        'zhao',
      );
    expect(set(null)).toMatchObject({ error: { code: 'E-ATT-0105' } });
    expect(set({ status: 'in', reason: 'called' }).ok).toBe(true);
    house.until('+1 02:00');
    house.late('3', 'in', '+1 02:00');
    house.until('+1 02:01');
    const [row] = (() => {
      const night = house.attendance.night('dorm-3', '20261120', true);
      return night.ok ? night.value.results.filter(({ subject }) => subject === house.subject('3')) : [];
    })();
    expect(row).toMatchObject({ status: 'in', judged: 'out', ground: 'came-later', set: { by: 'staff:zhao' } });
    expect(house.hall()).toEqual([]);
    expect(set(null).ok).toBe(true);
    expect(house.list()).toContain('3 out came-later');
    expect(house.floor.audit.list({ limit: 10 }).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['attendance.override', 'attendance.override-undo']),
    );
    expect(JSON.stringify(house.floor.audit.list({ limit: 10 }))).not.toMatch(/学生/);
  });

  it('is on paper with names in full, and that it was made is on record', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    const text = house.attendance.export('dorm-3', '20261120', 'zhao');
    expect(text.ok && text.value).toMatch(/^\uFEFF日期,楼栋,/);
    expect(text.ok && text.value.split('\r\n').find((line) => line.includes('学生2'))).toBe(
      '2026-11-20,三号楼,412,,2,学生2,,晚归,2026-11-20 23:20,,,0',
    );
    expect(house.floor.audit.list({ limit: 1 })).toMatchObject([{ action: 'attendance.export' }]);
  });

  it('shows pages nothing but masked people', async () => {
    const house = await fullHouse();
    house.until('+1 00:41');
    const month = house.attendance.resident('dorm-3', house.subject('2'), '202611', true);
    const seen = JSON.stringify([
      house.attendance.buildings(staff),
      house.attendance.night('dorm-3', '20261120', true),
      month,
    ]);
    expect(seen).not.toMatch(/学生/);
    expect(seen).toMatch(/学\*/);
    expect(month.ok && month.value.results.map(({ status }) => status)).toEqual(['late']);
  });
});

describe('alerts', () => {
  const visitor = (house: ReturnType<typeof createHouse>, number: string) => {
    house.resident(number, { dorm: { building: 'dorm-4', room: '101' } });
  };

  it('say who came in from elsewhere outside visiting hours, and who has not left when they end', async () => {
    const house = createHouse();
    visitor(house, '8');
    visitor(house, '9');
    house.resident('1');
    house.until('20:00');
    await house.goes('8', 'in');
    await house.goes('1', 'in');
    house.until('21:01');
    house.until('22:00');
    await house.goes('9', 'in');
    await house.goes('1', 'out');
    house.restart();
    house.until('23:00');
    const alerts = house.attendance.alerts('dorm-3', 10);
    expect(alerts.map(({ type }) => type)).toEqual(['visitor-late', 'visitor-stays']);
    expect(alerts.every(({ name }) => name?.includes('*'))).toBe(true);
    expect(house.notices.filter(({ text }) => text.includes('非本楼人员'))).toHaveLength(2);
    const [first] = alerts;
    expect(house.attendance.seeAlert(first!.id, 'zhao', () => false)).toMatchObject({ ok: false });
    expect(house.attendance.seeAlert(first!.id, 'zhao', () => true)).toEqual({ ok: true, value: undefined });
    expect(house.attendance.summary().alerts).toBe(1);
  });

  it('say who was turned away at a building that is not theirs', async () => {
    const house = createHouse();
    house.resident('8', { dorm: { building: 'dorm-4', room: '101' }, areas: ['dorm-4'] });
    house.until('13:00');
    house.floor.uid('d3-in-r', '04000008');
    await house.floor.settle();
    expect(house.attendance.alerts('dorm-3', 10)).toMatchObject([{ type: 'attempt', gateId: 'd3-in' }]);
  });

  it('say whom no gate has seen for days, once', async () => {
    const house = createHouse();
    house.resident('1');
    house.resident('2');
    house.resident('3');
    house.until('18:00');
    for (const number of ['1', '2', '3']) await house.goes(number, 'in');
    house.leave('2', '+1 08:00', '+5 08:00');
    house.until('+3 20:00');
    await house.goes('3', 'out');
    house.until('+5 02:00');
    expect(house.attendance.alerts('dorm-3', 10)).toMatchObject([{ type: 'unseen', kind: 'roster', at: at('18:00') }]);
  });
});

describe('curfew at the gate', () => {
  it('lets in and says late, or refuses, by the building', async () => {
    const late = createHouse();
    const refusing = createHouse({
      curfew: { nights: [{ from: '23:00', lateUntil: '00:30' }], then: 'refuse' },
    });
    for (const house of [late, refusing]) {
      house.resident('1');
      house.until('23:10');
      await house.goes('1', 'in');
    }
    expect(late.floor.journal()).toEqual(['d3-in passed E-GATE-0140']);
    expect(refusing.floor.journal()).toEqual(['d3-in refused E-GATE-0141', 'd3-in unexpected']);
  });
});

describe('check-in of new students', () => {
  const enrolling = {
    enrolling: {
      college: '计算机学院',
      steps: ['缴费'],
      photo: { url: 'v1/files/a', sha256: 'a'.repeat(64), mediaType: 'image/png' },
    },
  };

  it('shows staff who it is, and tells the hall once that they have seen them', async () => {
    const house = createHouse({ checkIn: [{ id: 'gym', label: { zh: '体育馆', en: 'Gym' } }] });
    house.resident('1', enrolling);
    house.resident('2');
    const { checkIn } = house.attendance;
    expect(checkIn.counts()).toEqual({ expected: 1, checked: 0 });
    const shown = { method: 'campus-card' as const, text: '04000001' };
    expect(checkIn.present('gym', shown, 'zhao')).toMatchObject({
      value: { name: '学生1', photo: true, steps: ['缴费'] },
    });
    expect(checkIn.present('nowhere', shown, 'zhao')).toMatchObject({ error: { code: 'E-ATT-0201' } });
    expect(checkIn.present('gym', { method: 'campus-card', text: '04000002' }, 'zhao')).toMatchObject({
      error: { code: 'E-ATT-0202' },
    });
    expect(checkIn.present('gym', { method: 'campus-card', text: 'FFFFFFFF' }, 'zhao')).toMatchObject({
      error: { code: 'E-GATE-0101' },
    });
    expect(checkIn.present('gym', { method: 'campus-code', text: 'HHC:nonsense' }, 'zhao')).toMatchObject({
      error: { code: 'E-GATE-0131' },
    });
    expect(await checkIn.photo('R-1')).toMatchObject({ value: { mediaType: 'image/png' } });
    expect(await checkIn.photo('R-2')).toMatchObject({ error: { code: 'E-ATT-0202' } });
    const confirm = () => checkIn.confirm('gym', { requestId: 'R-1', method: 'campus-card' }, 'zhao');
    expect([confirm(), confirm()]).toMatchObject([{ ok: true }, { error: { code: 'E-ATT-0203' } }]);
    expect(house.hall()).toEqual(['checked-in R-1']);
    // The hall's answer: they are no new student any more. That they came stays known.
    house.resident('1');
    expect(checkIn.counts()).toEqual({ expected: 1, checked: 1 });
  });

  it('takes back who does not come', () => {
    const house = createHouse({ checkIn: [{ id: 'gym', label: { zh: '体育馆', en: 'Gym' } }] });
    house.resident('1', enrolling);
    house.floor.revoke('roster', 'R-1');
    expect(house.attendance.checkIn.counts()).toEqual({ expected: 0, checked: 0 });
  });
});

it('forgets nights that are past their time, and nothing else', async () => {
  const house = await fullHouse();
  house.until('+1 12:00');
  expect(house.attendance.forget(at('-1 12:00'))).toBe(0);
  expect(house.attendance.forget(at('+1 18:00'))).toBeGreaterThan(6);
  expect(house.list()).toEqual(['E-ATT-0102']);
});
