import type { Result } from '@hallhub/sync/base';
import { epochMs, hours, unwrap } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import type { DoorReport } from './cabinets.ts';
import { hashOf, manifestText, parseManifestText, readManifest } from './custody/manifest.ts';
import { campusKeys, openLockers } from './testing/rig.ts';

type Rig = ReturnType<typeof openLockers>;
const code = (result: Result<unknown>): string | undefined => (result.ok ? undefined : result.error.code);
let reports = 0;
const report = (rig: Rig, compartment: string, what: DoorReport['what'], id = `r${++reports}`): Result<void> =>
  rig.lockers.cabinets.report({ id, cabinet: 'north', compartment, at: rig.clock.now(), by: 'cabinet:north', what });
/** The newest code that somebody was sent. */
const sentCode = ({ notices }: Rig): string => /Code: (\d{8})/.exec(notices.at(-1)?.personal ?? '')?.[1] ?? '';

describe('a compartment', () => {
  it('is given to one consignment, the smallest that is large enough', () => {
    const rig = openLockers();
    const reserve = (item: string, size: 'small' | 'medium' | 'large') =>
      rig.lockers.cabinets.reserve({ cabinet: 'north', item, size, purpose: 'deposit' });
    expect(unwrap(reserve('a', 'medium')).compartment).toBe('B1');
    expect(unwrap(reserve('b', 'small')).compartment).toBe('A1');
    // Asked again, it is the same.
    expect(unwrap(reserve('b', 'small')).compartment).toBe('A1');
    expect(unwrap(reserve('c', 'small')).compartment).toBe('A2');
    expect(code(reserve('d', 'small'))).toBe('E-CUST-0702');
    expect(code(reserve('e', 'large'))).toBe('E-CUST-0702');
    expect(() =>
      rig.db.exec(`INSERT INTO locker_reservation VALUES ('x', 'north', 'A1', 'z', 'deposit', 1, NULL)`),
    ).toThrow('UNIQUE');
  });

  it('holds what is delivered within a campus: ready at once, collected once', () => {
    const rig = openLockers();
    const id = rig.approve();
    unwrap(report(rig, 'A1', { kind: 'stored', item: id, sure: true }));
    expect(rig.toldOf(id)).toEqual(['dropped-off', 'ready']);
    expect(rig.notices.at(-1)).toMatchObject({ channel: 'mail', to: 'R1' });
    expect(rig.notices.at(-1)?.text).not.toMatch(/\d{8}/);
    expect(unwrap(rig.lockers.codes.check(sentCode(rig), 'screen')).item).toBe(id);
    const collected = { kind: 'collected', item: id, sure: true, by: 'recipient' } as const;
    unwrap(report(rig, 'A1', collected, 'same'));
    unwrap(report(rig, 'A1', collected, 'same'));
    expect(rig.toldOf(id)).toEqual(['dropped-off', 'ready', 'collected']);
    expect(code(rig.lockers.codes.check(sentCode(rig), 'screen'))).toBe('E-CUST-0704');
    expect(rig.lockers.doors.reservationOf(id)).toBeUndefined();
  });

  it('opens for a delegate once, and goes back to its sender when nobody comes', () => {
    const rig = openLockers();
    const id = rig.approve({ keepDays: 2 });
    unwrap(report(rig, 'A1', { kind: 'stored', item: id, sure: true }));
    const own = sentCode(rig);
    const delegated = unwrap(rig.lockers.cabinets.delegate(id));
    expect(code(rig.lockers.cabinets.delegate(id))).toBe('E-CUST-0705');
    expect(unwrap(rig.lockers.codes.check(own, 's')).purpose).toBe('collect');
    expect(unwrap(rig.lockers.codes.check(delegated, 's')).purpose).toBe('delegate');
    rig.clock.advance(hours(25));
    rig.lockers.upkeep.run();
    rig.lockers.upkeep.run();
    expect(rig.notices.filter(({ dedupe }) => dedupe?.startsWith('locker/remind/') === true)).toHaveLength(1);
    rig.clock.advance(hours(24));
    rig.lockers.upkeep.run();
    expect(rig.toldOf(id)).toEqual(['dropped-off', 'ready', 'returned']);
    expect(code(rig.lockers.codes.check(delegated, 's'))).toBe('E-CUST-0704');
    // Staff take it out and lay it ready for the sender.
    unwrap(report(rig, 'A1', { kind: 'emptied', item: id, sure: true }));
    unwrap(report(rig, 'A2', { kind: 'stored', item: id, sure: true }));
    expect(rig.notices.at(-1)?.to).toBe('S1');
    expect(unwrap(rig.lockers.codes.check(sentCode(rig), 's')).purpose).toBe('return');
  });

  it('stops listening to whoever guesses codes', () => {
    const rig = openLockers();
    const id = rig.approve();
    unwrap(report(rig, 'A1', { kind: 'stored', item: id, sure: true }));
    for (let tries = 0; tries < 10; tries++) expect(code(rig.lockers.codes.check('00', 'screen'))).toBe('E-CUST-0704');
    expect(code(rig.lockers.codes.check(sentCode(rig), 'screen'))).toBe('E-CUST-0709');
    expect(rig.lockers.codes.check(sentCode(rig), 'another').ok).toBe(true);
    rig.clock.advance(hours(1));
    expect(rig.lockers.codes.check(sentCode(rig), 'screen').ok).toBe(true);
  });
});

describe('a reconciliation', () => {
  it('finds what is missing and what should not be there', () => {
    const rig = openLockers();
    const { reconciliation } = rig.lockers;
    const id = rig.approve();
    const stray = rig.approve();
    unwrap(report(rig, 'A1', { kind: 'stored', item: id, sure: true }));
    const check = unwrap(reconciliation.begin('north', 'staff:a'));
    expect(check.doors.map(({ expected }) => expected)).toEqual([id, null, null]);
    expect(unwrap(reconciliation.begin('north', 'staff:b')).id).toBe(check.id);
    unwrap(reconciliation.note(check.id, 'A1', { found: 'empty' }, 'staff:a'));
    unwrap(reconciliation.note(check.id, 'A2', { found: 'other', item: stray }, 'staff:a'));
    expect(code(reconciliation.end(check.id, 'staff:a'))).toBe('E-CUST-0708');
    unwrap(reconciliation.note(check.id, 'B1', { found: 'stuck' }, 'staff:a'));
    unwrap(reconciliation.end(check.id, 'staff:a'));
    expect(rig.lockers.readings.openCases().map(({ kind, items }) => [kind, items[0]])).toEqual([
      ['short', id],
      ['over', stray],
    ]);
    expect(rig.lockers.doors.outOfUse('north').map(({ compartment }) => compartment)).toEqual(['B1']);
    // What is not there is not handed over, whatever somebody says.
    expect(code(rig.lockers.custody.handOver({ id, to: 'desk', sure: true }, rig.order()))).toBe('E-CUST-0105');
  });
});

describe('the drop-box for forms', () => {
  it('takes a form once, and counts what finance finds against its manifest', () => {
    const rig = openLockers();
    const { forms } = rig.lockers;
    const accept = (form: string) =>
      forms.accept({ cabinet: 'finance', form, type: 'BX', sure: true, at: rig.clock.now() });
    for (const form of ['BX1', 'BX2', 'BX3']) unwrap(accept(form));
    expect(code(accept('BX1'))).toBe('E-CUST-0803');
    const { id } = forms.open('finance');
    expect(code(forms.count(id, [], 'staff:a'))).toBe('E-CUST-0801');
    const closed = unwrap(forms.close(id, 'staff:a'));
    expect(closed.manifest).toMatch(/^[0-9a-f]{64}$/);
    expect(code(forms.close(id, 'staff:a'))).toBe('E-CUST-0802');
    const counted = unwrap(forms.count(id, ['BX1', 'BX3', 'BX9'], 'staff:a'));
    expect(counted.forms.map(({ outcome }) => outcome)).toEqual(['collected', 'missing', 'collected']);
    expect(counted.over).toEqual(['BX9']);
    unwrap(forms.giveBack('BX3', 'staff:a'));
    unwrap(accept('BX3'));
    expect(forms.open('finance').forms.map(({ form }) => form)).toEqual(['BX3']);
  });
});

describe('two hubs', () => {
  const east = campusKeys();
  const west = campusKeys();
  const open = () => {
    const sender = openLockers({ own: east, peer: west });
    const receiver = openLockers({ me: 'hub-west', other: 'hub-east', own: west, peer: east, clock: sender.clock });
    return { sender, receiver };
  };
  const send = (rig: Rig, count: number) => {
    const ids = Array.from({ length: count }, () => rig.approve({ to: rig.other }));
    const { custody } = rig.lockers;
    for (const id of ids) {
      unwrap(report(rig, `A${(ids.indexOf(id) % 2) + 1}`, { kind: 'stored', item: id, sure: true }));
      unwrap(report(rig, 'A1', { kind: 'emptied', item: id, sure: true }));
      const place = { at: 'bag' as const, bag: 'b1' };
      unwrap(custody.place({ id, place, ready: false, sure: true }, rig.order()));
    }
    unwrap(custody.sealBag({ bag: 'b1', seal: 's1', items: ids }, rig.order()));
    const bags = [{ bag: 'b1', seal: 's1' }];
    const signed = unwrap(
      custody.sealBox({ run: 'noon-20261123', box: 'x', seal: 'xs', to: rig.other, bags }, rig.order()),
    );
    return { ids, bags, signed };
  };

  it('carry a manifest in one QR code, which nobody else can have made', () => {
    const { sender, receiver } = open();
    const { signed } = send(sender, 120);
    const text = manifestText(signed);
    // What a code of version 40 holds in its alphanumeric mode at the lowest level.
    expect(text.length).toBeLessThan(4_296);
    const read = parseManifestText(text);
    expect(unwrap(readManifest(read, receiver.lockers.trusted))).toEqual(signed);
    const forged = { ...signed, contents: { ...signed.contents, to: 'hub-east' } };
    expect(code(readManifest(forged, receiver.lockers.trusted))).toBe('E-CUST-0301');
    expect(code(readManifest(read, openLockers().lockers.trusted))).toBe('E-CUST-0301');
    for (const rubbish of ['', 'HM1:', 'HM1:%%%', text.slice(0, -9)])
      expect(parseManifestText(rubbish)).toBeUndefined();
  });

  it('open a case for everything that differs, and deliver nothing that a case is open about', () => {
    const { sender, receiver } = open();
    const { ids, bags, signed } = send(sender, 3);
    const [first = '', second = ''] = ids;
    const manifest = hashOf(signed);
    const dueAt = epochMs(sender.clock.now() + hours(1));
    const wrong = [{ bag: 'b1', seal: 'torn' }];
    expect(code(sender.lockers.custody.depart({ manifest, seal: 'xs', bags: wrong, dueAt }, sender.order()))).toBe(
      'E-CUST-0405',
    );
    unwrap(sender.lockers.custody.depart({ manifest, seal: 'xs', bags, dueAt }, sender.order()));
    expect(code(sender.lockers.custody.handOver({ id: first, to: 'desk', sure: true }, sender.order()))).toBe(
      'E-CUST-0102',
    );
    const { custody, readings } = receiver.lockers;
    unwrap(custody.arrive({ signed, seal: 'another', bags }, receiver.order()));
    const counted = { manifest, bag: 'b1', seal: 's1', items: [first, second], damaged: [second] };
    expect(code(custody.count(counted, receiver.order()))).toBe('E-CUST-0401');
    expect(code(custody.count(counted, receiver.order('staff:a')))).toBe('E-CUST-0401');
    unwrap(custody.count(counted, receiver.order('staff:b')));
    expect(
      readings
        .openCases()
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(['damaged', 'seal-mismatch', 'short']);
    const handOver = () => custody.handOver({ id: first, to: 'desk', sure: true }, receiver.order());
    expect(code(handOver())).toBe('E-CUST-0105');
    for (const { id, kind } of readings.openCases())
      if (kind === 'seal-mismatch') unwrap(custody.closeCase({ id, reason: 'seen', lost: [] }, receiver.order()));
    unwrap(handOver());
  });

  it('say once that a run is late, until it has arrived', () => {
    const { sender } = open();
    const { bags, signed } = send(sender, 1);
    const manifest = hashOf(signed);
    const dueAt = epochMs(sender.clock.now() + hours(1));
    unwrap(sender.lockers.custody.depart({ manifest, seal: 'xs', bags, dueAt }, sender.order()));
    sender.clock.advance(hours(1));
    sender.lockers.upkeep.run();
    expect(sender.lockers.readings.openCases()).toEqual([]);
    sender.clock.advance(hours(1));
    sender.lockers.upkeep.run();
    sender.lockers.upkeep.run();
    expect(sender.lockers.readings.openCases().map(({ kind }) => kind)).toEqual(['overdue']);
    expect(sender.notices.filter(({ channel }) => channel === 'desk').length).toBeGreaterThan(0);
  });

  it('keep a chain that cannot be changed, and notice a hub that tells two tales', () => {
    const { sender, receiver } = open();
    send(sender, 1);
    const { chain } = sender.lockers;
    expect(unwrap(chain.verify()).links).toBeGreaterThan(3);
    for (const sql of ['UPDATE custody_link SET at = 0', 'DELETE FROM custody_link', 'DELETE FROM custody_subject'])
      expect(() => sender.db.exec(sql)).toThrow('append-only');
    const [signed] = chain.proof('D-1');
    if (!signed) throw new Error('no link');
    const altered = { ...signed, link: { ...signed.link, at: 1 } };
    expect(code(receiver.lockers.chain.ingest([altered]))).toBe('E-CUST-0601');
    expect(code(receiver.lockers.chain.ingest(chain.proof('D-1').slice(1)))).toBe('E-CUST-0602');
    expect(unwrap(receiver.lockers.chain.ingest([signed, signed])).taken).toBe(1);
    // The sender's hub is put back without a new incarnation, and goes on.
    const again = openLockers({ own: east, peer: west });
    again.clock.advance(hours(1));
    const other = again.approve({ to: 'hub-west' });
    unwrap(report(again, 'A1', { kind: 'stored', item: other, sure: true }));
    unwrap(receiver.lockers.chain.ingest(again.lockers.chain.proof(other)));
    expect(receiver.db.prepare('SELECT count(*) FROM custody_fork').pluck().get()).toBe(1);
  });
});
