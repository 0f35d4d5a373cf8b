import { minutes, seconds } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { CAMPUS_CARD, PICK_UP, STAFF_CARD, openSelfService } from './testing/rig.ts';

const open = (more: Parameters<typeof openSelfService>[0] = {}) => {
  const rig = openSelfService(more);
  rig.start();
  return rig;
};
const SMS = {
  notifications: {
    channels: [{ id: 'sms', type: 'webhook' as const, url: 'http://127.0.0.1:9/', secretFile: 'secret' }],
  },
};

describe('whom a kiosk knows', () => {
  it('a person by a whole card, and shows them what is theirs and printed there', () => {
    const { idCard, view, papers } = open();
    idCard();
    expect(view().person).toMatchObject({ name: '林*夏', way: 'resident-id' });
    expect(papers()).toEqual(['request-1']);
    expect(papers('library')).toBe('E-KIOSK-0101');
  });

  it('nobody by a number alone or a card that could not be read; it says so, and forgets to say so', async () => {
    const { clock, number, unreadable, view, papers } = open();
    number();
    expect(view()).toMatchObject({ notice: { code: 'E-KIOSK-0103' } });
    expect(view().person).toBeUndefined();
    expect(papers()).toBe('E-KIOSK-0101');
    unreadable();
    expect(view()).toMatchObject({ notice: { code: 'E-KIOSK-0110' } });
    await clock.advanceAsync(seconds(11));
    expect(view().notice).toBeUndefined();
  });

  it('a member by campus card and by the code on their phone, and nobody by others', () => {
    const { uid, scan, view, papers, kiosks } = open();
    uid(CAMPUS_CARD);
    expect(view().person).toMatchObject({ way: 'campus-card' });
    expect(papers()).toEqual(['request-1']);
    kiosks.leave('hall');
    uid('FFFFFFFF');
    expect(view()).toMatchObject({ notice: { code: 'E-KIOSK-0104' } });
    scan('HHC:GOOD');
    expect(view().person).toMatchObject({ way: 'campus-code' });
    expect(view().notice).toBeUndefined();
  });

  it('one certificate and no other by its pick-up code, however it is typed', async () => {
    const { kiosks, view, papers, scan } = open();
    expect(await kiosks.pickUp('hall', ' 7k2m-9qrt ')).toMatchObject({ ok: true });
    expect(view().person).toMatchObject({ way: 'pick-up-code' });
    expect(papers()).toEqual(['request-1']);
    kiosks.leave('hall');
    scan(PICK_UP);
    expect(papers()).toEqual(['request-1']);
  });

  it('nobody by guessing: after ten wrong codes none is looked at for a while', async () => {
    const { kiosks, clock } = open();
    for (let guess = 0; guess < 10; guess += 1)
      expect(await kiosks.pickUp('hall', `AAAAAAA${guess}`)).toMatchObject({ error: { code: 'E-KIOSK-0105' } });
    expect(await kiosks.pickUp('hall', PICK_UP)).toMatchObject({ error: { code: 'E-KIOSK-0106' } });
    await clock.advanceAsync(minutes(11));
    expect(await kiosks.pickUp('hall', PICK_UP)).toMatchObject({ ok: true });
  });

  it('a person by number and a code that was sent to them, once; and tells nobody whose numbers there are', async () => {
    const { kiosks, messages, view, papers } = open({ ...SMS, selfService: { oneTimeCodes: { channel: 'sms' } } });
    const answers = [
      kiosks.sendOneTime('hall', '20230417086'),
      kiosks.sendOneTime('hall', '20230417086'),
      kiosks.sendOneTime('hall', '19990101001'),
    ];
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(messages).toMatchObject([{ channel: 'sms', to: '20230417086' }]);
    const code = /\d{6}/.exec(messages[0]?.text ?? '')?.[0] ?? '';
    const wrong = code === '000000' ? '000001' : '000000';
    expect(await kiosks.takeOneTime('hall', '20230417086', wrong)).toMatchObject({ error: { code: 'E-KIOSK-0105' } });
    expect(await kiosks.takeOneTime('hall', '20230417086', code)).toMatchObject({ ok: true });
    expect(view().person).toMatchObject({ way: 'one-time-code', name: '林*夏' });
    expect(papers()).toEqual(['request-1']);
    kiosks.leave('hall');
    expect(await kiosks.takeOneTime('hall', '20230417086', code)).toMatchObject({ error: { code: 'E-KIOSK-0105' } });
  });

  it('sends codes to a queue of people, and not to everybody’s number', async () => {
    const { kiosks, clock } = open({ ...SMS, selfService: { oneTimeCodes: { channel: 'sms' } } });
    for (let order = 0; order < 20; order += 1)
      expect(kiosks.sendOneTime('hall', `S${order}`)).toMatchObject({ ok: true });
    expect(kiosks.sendOneTime('hall', 'S21')).toMatchObject({ error: { code: 'E-KIOSK-0106' } });
    await clock.advanceAsync(minutes(1));
    expect(kiosks.sendOneTime('hall', 'S21')).toMatchObject({ ok: true });
  });

  it('nobody by number where nothing sends codes', () => {
    const { kiosks, view } = open();
    expect(view().ways).not.toContain('one-time-code');
    expect(kiosks.sendOneTime('hall', '20230417086')).toMatchObject({ error: { code: 'E-KIOSK-0107' } });
  });

  it('nobody any more who has not touched the screen for a while, and leaves nothing running', async () => {
    const rig = open();
    const { clock, idCard, kiosks, view, papers } = rig;
    idCard();
    const { session } = view().person!;
    await clock.advanceAsync(seconds(70));
    kiosks.touch('hall');
    await clock.advanceAsync(seconds(70));
    expect(view().person?.session).toBe(session);
    await clock.advanceAsync(seconds(10));
    expect(view().person).toBeUndefined();
    expect(papers()).toBe('E-KIOSK-0101');
    idCard();
    expect(view().person?.session).not.toBe(session);
    rig.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('a kiosk whose devices fail', () => {
  it('says what is wrong with its printer before anybody identifies, and where another one prints', async () => {
    const { status, settle, view } = open();
    await settle();
    expect(view()).toMatchObject({ printer: { state: 'ready', paper: 'ok', toner: 'ok' } });
    expect(view().elsewhere).toBeUndefined();
    const idle = status.get('printer');
    if (idle?.ok !== true) throw new Error('the printer was idle');
    status.set('printer', { ok: true, value: { ...idle.value, reasons: ['media-empty'] } });
    await settle();
    expect(view()).toMatchObject({
      printer: { state: 'attention', code: 'E-PRN-0201', paper: 'empty' },
      elsewhere: { id: 'library' },
    });
  });

  it('does so as well where no certificate may go to the printer that stands there now, until another one does', async () => {
    const { status, settle, view, certificates } = open();
    const idle = status.get('printer');
    if (idle?.ok !== true) throw new Error('the printer was idle');
    status.set('printer', { ok: true, value: { ...idle.value, printerUuid: 'urn:uuid:2', formats: ['image/urf'] } });
    await settle();
    expect(view()).toMatchObject({
      printer: { state: 'attention', code: 'E-CERT-0602', paper: 'ok' },
      elsewhere: { id: 'library' },
    });
    expect(view('library').printer).toMatchObject({ state: 'ready' });
    expect(certificates.printers()).toMatchObject([{ check: { verdict: { fit: false } } }, {}]);
    status.set('printer', idle);
    await settle();
    expect(view()).toMatchObject({ printer: { state: 'ready' } });
    expect(view().elsewhere).toBeUndefined();
  });

  it('offers the ways that its devices allow', () => {
    const { health, view } = open();
    expect(view().ways).toEqual(['resident-id', 'campus-card', 'campus-code', 'pick-up-code']);
    health.set('reader', 'down').set('scanner', 'down');
    expect(view().ways).toEqual(['campus-card', 'pick-up-code']);
  });

  it('tells those who refill once that paper is out, and not again while it is', async () => {
    const { status, clock, messages, settle } = open({ ...SMS, selfService: { alerts: [{ channel: 'sms' }] } });
    await settle();
    const idle = status.get('printer');
    if (idle?.ok !== true) throw new Error('the printer was idle');
    status.set('printer', { ok: true, value: { ...idle.value, reasons: ['media-empty'] } });
    await clock.advanceAsync(minutes(20));
    expect(messages.map(({ text }) => text)).toEqual(['自助机「大厅」：已缺纸，无法打印（E-PRN-0201）']);
  });
});

describe('the service of a kiosk', () => {
  const served = async () => {
    const rig = open();
    const card = { type: 'uid' as const, text: STAFF_CARD, label: '机房', pin: '246810' };
    await rig.serviceCards.add(card, 'li', 'staff:chief');
    return rig;
  };

  it('opens by card and PIN, for the card’s owner, and is on record', async () => {
    const { uid, kiosks, view, audit } = await served();
    expect(await kiosks.enterService('hall', '246810')).toMatchObject({ error: { code: 'E-KIOSK-0201' } });
    uid(STAFF_CARD);
    expect(view()).toMatchObject({ service: { state: 'pin' } });
    expect(kiosks.serving('hall')).toMatchObject({ error: { code: 'E-KIOSK-0201' } });
    expect(await kiosks.enterService('hall', '000000')).toMatchObject({ error: { code: 'E-KIOSK-0202' } });
    expect(await kiosks.enterService('hall', '246810')).toMatchObject({ ok: true });
    expect(kiosks.serving('hall')).toMatchObject({ value: { accountId: 'li' } });
    expect(audit.list({ limit: 9 }).map(({ action }) => action)).toEqual([
      'kiosk.open-service',
      'kiosk.wrong-pin',
      'kiosk.add-service-card',
    ]);
  });

  it('stays shut after five wrong PINs, also for the right one', async () => {
    const { uid, kiosks } = await served();
    uid(STAFF_CARD);
    for (let wrong = 0; wrong < 5; wrong += 1) await kiosks.enterService('hall', '111111');
    expect(await kiosks.enterService('hall', '246810')).toMatchObject({ error: { code: 'E-KIOSK-0106' } });
  });

  it('opens again with a PIN that an operator set anew, and with the old one no more; on record without the PIN', async () => {
    const { uid, kiosks, serviceCards, audit } = await served();
    uid(STAFF_CARD);
    for (let wrong = 0; wrong < 5; wrong += 1) await kiosks.enterService('hall', '111111');
    const [card] = serviceCards.list();
    expect(await serviceCards.setPin('nobody', '135790', 'staff:chief')).toMatchObject({
      error: { code: 'E-KIOSK-0204' },
    });
    expect(await serviceCards.setPin(card?.id ?? '', '135790', 'staff:chief')).toMatchObject({ ok: true });
    const [entry] = audit.list({ limit: 1 });
    expect(entry).toMatchObject({ action: 'kiosk.set-service-pin', actor: 'staff:chief', subject: 'account:li' });
    expect(JSON.stringify(entry)).not.toContain('135790');
    expect(await kiosks.enterService('hall', '246810')).toMatchObject({ error: { code: 'E-KIOSK-0202' } });
    expect(await kiosks.enterService('hall', '135790')).toMatchObject({ ok: true });
  });

  it('counts the sheets since the last refill', async () => {
    const { upkeep, settle, view } = await served();
    await settle();
    expect(upkeep.refill('hall', { supply: 'paper', sheets: 40 }, 'staff:li')).toMatchObject({ ok: true });
    expect(view().printer?.paper).toBe('low');
    upkeep.refill('hall', { supply: 'paper' }, 'staff:li');
    expect(view().printer?.paper).toBe('ok');
  });

  it('takes it out of service: nobody is known there and nothing is printed until it is back', async () => {
    const { upkeep, idCard, view, printing, kiosks } = await served();
    idCard();
    upkeep.setOutOfService('hall', true, '换纸', 'staff:li');
    expect(view()).toMatchObject({ outOfService: { note: '换纸' } });
    expect(await printing.print('hall', 'request-1', 1)).toMatchObject({ error: { code: 'E-KIOSK-0108' } });
    kiosks.leave('hall');
    idCard();
    expect(view().person).toBeUndefined();
    upkeep.setOutOfService('hall', false, undefined, 'staff:li');
    idCard();
    expect(view().person).toBeDefined();
  });
});
