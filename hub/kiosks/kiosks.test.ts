import { epochMs, minutes, seconds } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { alertsOf, createKioskAlerts } from './alerts.ts';
import { CAMPUS_CARD, NEWCOMER, PICK_UP, STAFF_CARD, openSelfService } from './testing/rig.ts';

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

  it('two certificates of one person that share a pick-up code, and nothing else of theirs', async () => {
    const { kiosks, papers, share } = open();
    share('request-3');
    await kiosks.pickUp('library', PICK_UP);
    const found = papers('library');
    expect(typeof found === 'string' ? found : found.toSorted()).toEqual(['request-1', 'request-3']);
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

  it('a person of the roster by number as well, who has nothing to print yet', async () => {
    const { kiosks, messages, view, papers } = open({ ...SMS, selfService: { oneTimeCodes: { channel: 'sms' } } });
    expect(kiosks.sendOneTime('hall', NEWCOMER)).toMatchObject({ ok: true });
    expect(messages).toMatchObject([{ to: NEWCOMER }]);
    const code = /\d{6}/.exec(messages[0]?.text ?? '')?.[0] ?? '';
    expect(await kiosks.takeOneTime('hall', NEWCOMER, code)).toMatchObject({ ok: true });
    expect(view().person).toMatchObject({ way: 'one-time-code', name: '江*舒' });
    expect(papers()).toEqual([]);
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
    expect(view()).toMatchObject({ printer: { state: 'ready', paper: 'ok', toner: 'ok', maxCopies: 1 } });
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

describe('a print that waits for somebody', () => {
  const waiting = async (more: Parameters<typeof openSelfService>[0] = {}) => {
    const rig = open(more);
    await rig.certificates.issue('request-1');
    rig.idCard();
    const job = await rig.printing.print('hall', 'request-1', 1, 'order-0001');
    if (!job.ok) throw new Error(job.error.code);
    // The printer is too busy for it, again and again.
    await rig.clock.advanceAsync(seconds(3));
    const { attemptId } = job.value;
    return { ...rig, attemptId, state: () => rig.certificates.job(attemptId)?.state };
  };

  it('is withdrawn by whoever asked for it, and by nobody else', async () => {
    const { printing, attemptId, clock, state, uid, kiosks } = await waiting();
    expect(printing.withdraw('library', attemptId)).toMatchObject({ error: { code: 'E-KIOSK-0101' } });
    expect(printing.withdraw('hall', attemptId)).toMatchObject({ ok: true });
    await clock.advanceAsync(seconds(5));
    expect(state()).toBe('not-printed');
    kiosks.leave('hall');
    uid(CAMPUS_CARD);
    expect(printing.withdraw('hall', attemptId)).toMatchObject({ error: { code: 'E-CERT-0407' } });
  });

  it('is withdrawn by itself when they go, and when somebody else takes their place', async () => {
    for (const goes of ['leave', 'replaced'] as const) {
      const { kiosks, uid, clock, state, certificates } = await waiting();
      if (goes === 'leave') kiosks.leave('hall');
      else uid(CAMPUS_CARD);
      await clock.advanceAsync(seconds(5));
      expect(state()).toBe('not-printed');
      expect(certificates.get('request-1')?.copiesUsed).toBe(0);
    }
  });

  it('is said to be seen to only where somebody is told', () => {
    expect(open().view().alerted).toBeUndefined();
    expect(open({ ...SMS, selfService: { alerts: [{ channel: 'sms' }] } }).view().alerted).toBe(true);
  });
});

describe('alerts', () => {
  it('tell of a print that must be settled, also of a kiosk that is out of service', () => {
    const { view } = open();
    const kiosk = { ...view(), outOfService: { since: epochMs(0) } };
    const fleet = { kiosk, occupied: false, jobs: [], stuck: 0, uncertain: 1, today: [] };
    expect(alertsOf(fleet)).toEqual(['print-uncertain']);
    expect(alertsOf({ ...fleet, uncertain: 0 })).toEqual([]);
  });

  it('tell of every print that must be settled, also of a second one and of one that comes after', async () => {
    const { view, clock } = open();
    let uncertain = 0;
    const told: string[] = [];
    const alerts = createKioskAlerts({
      fleet: () => [{ kiosk: view(), occupied: false, jobs: [], stuck: 0, uncertain, today: [] }],
      recipients: [{ channel: 'sms' }],
      notifications: {
        notify: ({ channel }) => {
          told.push(channel);
        },
      },
      clock,
    });
    alerts.start();
    const after = async (now: number): Promise<number> => {
      uncertain = now;
      await clock.advanceAsync(minutes(1));
      return told.length;
    };
    expect(await after(1)).toBe(1);
    expect(await after(1)).toBe(1);
    expect(await after(2)).toBe(2);
    expect(await after(0)).toBe(2);
    expect(await after(1)).toBe(3);
    alerts.stop();
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
    expect(await printing.print('hall', 'request-1', 1, 'order-0001')).toMatchObject({
      error: { code: 'E-KIOSK-0108' },
    });
    kiosks.leave('hall');
    idCard();
    expect(view().person).toBeUndefined();
    upkeep.setOutOfService('hall', false, undefined, 'staff:li');
    idCard();
    expect(view().person).toBeDefined();
  });
});
