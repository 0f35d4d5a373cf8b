import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { epochMs, hours, manualClock, ms, systemClock, unwrap } from '@hallhub/sync/base';
import { ippClient, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { asStudent, request, student, testService } from './testing/kit.ts';

const END = epochMs(Date.UTC(2026, 10, 30));
const LATER = epochMs(END + hours(91 * 24));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function hall() {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-forget-'));
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22)));
  const printer = simulatedPrinter({ clock: systemClock({ mode: 'test' }), perPage: ms(1) });
  const client = ippClient({ uri: 'ipp://memory/', clock: systemClock({ mode: 'test' }), connect: printer.connect });
  const made = testService({
    file: join(folder, 'hub.db'),
    clock,
    printers: [{ printerId: 'printer-1', name: 'test', printer: client, countsImpressions: true }],
  });
  closing.push(async () => {
    await made.close();
    printer.close();
    rmSync(folder, { recursive: true });
  });
  const count = (table: string) => made.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  return { ...made, clock, count };
}

describe('a certificate that ended', () => {
  test('keeps its person until it is past its time, and then no more', async () => {
    const { service, db, count, records } = hall();
    service.upsert(request({ validUntil: END, pickUpKey: 'pick-up' }));
    unwrap(await service.issue('request-1'));
    expect(service.forget(END)).toBe(0);
    expect(service.list(student)).toHaveLength(1);
    expect(service.forget(epochMs(END + 1))).toBe(1);
    expect(service.forget(LATER)).toBe(0);

    expect(service.list(student)).toEqual([]);
    expect(service.byPickUp('pick-up')).toEqual([]);
    expect(service.listAll()).toEqual([]);
    expect(service.get('request-1')).toMatchObject({ state: 'issued', studentName: '' });
    expect(count('certificate_document')).toBe(0);
    expect(
      db
        .prepare(
          'SELECT length(sealed) AS sealed, student_key, id_key, pick_up_key, verification_code FROM certificate',
        )
        .all(),
    ).toEqual([{ sealed: 0, student_key: '', id_key: null, pick_up_key: null, verification_code: null }]);
    // What employers ask for years later is answered as before.
    expect(count('certificate_record')).toBe(1);
    expect(records().map(({ state }) => state)).toEqual(['valid']);
  });

  test('whose print staff must still decide on is kept', async () => {
    const { service, db, clock } = hall();
    service.upsert(request({ validUntil: END }));
    const { attemptId } = unwrap(await service.print('request-1', 'printer-1', 1, asStudent));
    clock.stepWall(hours(200 * 24));
    expect(service.forget(LATER)).toBe(0);
    db.prepare("UPDATE print_attempt SET state = 'uncertain' WHERE attempt_id = ?").run(attemptId);
    expect(service.forget(LATER)).toBe(0);
    db.prepare('UPDATE print_attempt SET resolved_at = 1').run();
    expect(service.forget(LATER)).toBe(1);
    expect(service.jobs()).toHaveLength(1);
  });

  test('and is prolonged by the hall all the same is made anew, and the paper from before replaced', async () => {
    const { service, records } = hall();
    service.upsert(request({ validUntil: END }));
    unwrap(await service.issue('request-1'));
    service.forget(LATER);
    expect(service.upsert(request({ revision: 2, validUntil: LATER }))).toBe('applied');
    expect(unwrap(await service.issue('request-1'))).toMatchObject({ state: 'issued', studentName: '林知夏' });
    expect(records().map(({ state }) => state)).toEqual(['valid', 'replaced', 'valid']);
  });

  test('is forgotten a few hundred at a time', () => {
    const { service } = hall();
    for (let n = 0; n < 450; n += 1) service.upsert(request({ requestId: `request-${n}`, validUntil: END }));
    expect([service.forget(LATER), service.forget(LATER), service.forget(LATER), service.forget(LATER)]).toEqual([
      ...[200, 200, 50, 0],
    ]);
  });
});
