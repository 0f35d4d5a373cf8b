import { epochMs, hours, minutes, ms } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { createFloor } from './testing/floor.ts';

const ZHANG = '11010519491231002X';
const NOW = epochMs(Date.UTC(2026, 10, 22, 2));
const gate = { id: 'a', area: 'campus', reader: 'a-reader', barrier: 'a-barrier', passageSensor: 'a-barrier' };
const floor = () =>
  createFloor({ areas: [{ id: 'campus' }], gates: [gate], now: NOW, entriesKept: ms(180 * 86_400_000) });
/** Entries as a year of visits leaves them: one every six hours, of nobody who is counted. */
const fill = ({ db }: ReturnType<typeof floor>, count: number, every: number) => {
  const insert = db.prepare(
    `INSERT INTO gate_entry (id, gate_id, area, way, day, at, state, companion) VALUES (?, 'a', 'campus', 'in', '20260101', ?, 'passed', 0)`,
  );
  for (let index = 0; index < count; index += 1) insert.run(`old-${index}`, NOW - index * every);
};
const count = ({ db }: ReturnType<typeof floor>): number =>
  Number(db.prepare('SELECT count(*) FROM gate_entry').pluck().get());

it('entries older than their time go, once a day and a little at a time, and the others stay', async () => {
  const campus = floor();
  fill(campus, 4_000, hours(6));
  await campus.clock.advanceAsync(minutes(10));
  expect(count(campus)).toBe(3_500);
  await campus.clock.advanceAsync(minutes(1));
  // 180 days of four a day, the newest of now; one of the first fell due within the first ten minutes.
  expect(count(campus)).toBe(720);
  await campus.clock.advanceAsync(hours(24));
  expect(count(campus)).toBe(716);
  campus.gates.stop();
  await campus.clock.advanceAsync(hours(72));
  expect(count(campus)).toBe(716);
});

it('what is counted stays as long as the pass that it counts for', async () => {
  const campus = floor();
  campus.approve(
    'visitor-access',
    'V-1',
    {
      people: [{ name: '张三', document: { type: 'resident-id', number: ZHANG } }],
      areas: ['campus'],
      host: { name: '李' },
      uses: { max: 1 },
    },
    { until: epochMs(NOW + 300 * 86_400_000) },
  );
  campus.card('a-reader', ZHANG);
  await campus.settle();
  campus.walk('a-barrier');
  fill(campus, 10, 1);
  await campus.clock.advanceAsync(hours(24 * 200));
  expect(count(campus)).toBe(1);
  campus.card('a-reader', ZHANG);
  expect(campus.journal().at(-1)).toBe('a refused E-GATE-0109');
  await campus.clock.advanceAsync(hours(24 * 140));
  campus.gates.purge(campus.clock.now());
  await campus.clock.advanceAsync(hours(24 * 180));
  expect(count(campus)).toBe(0);
}, 60_000);

it('an alarm stays until somebody has seen to it, and that it waits is said every day', async () => {
  const campus = floor();
  const alarms = () => campus.gates.alarms({ limit: 10 });
  const reminders = () => campus.warnings.filter(({ fields }) => 'unseen' in fields).map(({ fields }) => fields);
  for (const alarm of ['forced', 'held-open'])
    campus.emit('a-barrier', 'alarm', { alarm, at: campus.clock.now(), clear: false });
  const [seen, waits] = alarms();
  campus.gates.seeAlarm(seen?.id ?? '', 'guard-1');
  await campus.clock.advanceAsync(hours(24 * 179));
  expect([alarms().length, reminders()]).toEqual([2, []]);
  await campus.clock.advanceAsync(hours(48));
  expect(alarms().map(({ id }) => id)).toEqual([waits?.id]);
  expect(reminders()).toContainEqual({ unseen: 1 });
  campus.gates.seeAlarm(waits?.id ?? '', 'guard-1');
  const said = reminders().length;
  await campus.clock.advanceAsync(hours(24));
  expect([alarms(), reminders().length]).toEqual([[], said]);
}, 60_000);

it('an alarm that waits is listed before later ones that somebody has seen to', () => {
  const campus = floor();
  for (let n = 0; n < 5; n += 1) {
    campus.emit('a-barrier', 'alarm', { alarm: 'forced', at: epochMs(NOW + n), clear: false });
  }
  const [latest, ...earlier] = campus.gates.alarms({ limit: 10 });
  for (const { id } of [latest, ...earlier.slice(0, -1)].filter((alarm) => alarm !== undefined))
    campus.gates.seeAlarm(id, 'guard-1');
  expect(campus.gates.alarms({ limit: 2 }).map(({ id }) => id)).toEqual([earlier.at(-1)?.id, latest?.id]);
});
