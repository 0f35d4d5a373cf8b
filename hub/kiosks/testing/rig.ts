import { randomBytes } from 'node:crypto';
import type { CardRead, PagePrinter, PrinterStatus, Ticket } from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth } from '@hallhub/device-drivers/kit';
import { createEmitter } from '@hallhub/device-drivers/kit';
import type { Result } from '@hallhub/sync/base';
import { epochMs, failure, manualClock, ok, systemRandom } from '@hallhub/sync/base';
import { migrate } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../audit/index.ts';
import { pickUpKey } from '../../certificates/index.ts';
import { certificateSchema } from '../../certificates/schema.ts';
import { request, testService } from '../../certificates/testing/kit.ts';
import type { ConfigInput } from '../../config/index.ts';
import { configSchema } from '../../config/index.ts';
import { createVault } from '../../vault/index.ts';
import { createSelfService } from '../compose.ts';
import { kioskSchema } from '../schema.ts';

export const NUMBER = '11010519491231002X';
export const PICK_UP = '7K2M9QRT';
export const CAMPUS_CARD = '04A1B2C3';
export const STAFF_CARD = '0499887766';
const STUDENT = '20230417086';
/** In the roster, and without any certificate. */
export const NEWCOMER = '20260901001';

const IDLE: PrinterStatus = {
  state: 'idle',
  acceptingJobs: true,
  reasons: [],
  printerUuid: 'urn:uuid:1',
  upTimeSeconds: 1,
  mediaReady: ['iso_a4_210x297mm'],
  formats: ['application/pdf'],
  sides: ['one-sided'],
  markers: [{ name: 'black', level: 80 }],
};

const device = (id: string) => ({
  id,
  profile: 'generic/resident-id-serial',
  label: { zh: id, en: id },
  transport: { kind: 'memory' as const, name: id },
});

/** Two kiosks over real certificates, audit and vault; the devices are driven by hand. */
export function openSelfService(more: Partial<ConfigInput> = {}, real?: PagePrinter) {
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const status = new Map<string, Result<PrinterStatus>>([
    ['printer', ok(IDLE)],
    ['printer-2', ok(IDLE)],
  ]);
  const paperPort = (printerId: string): PagePrinter => {
    const port: Pick<PagePrinter, 'status' | 'createJob'> = {
      status: () => Promise.resolve(status.get(printerId) ?? failure('E-PRN-0101')),
      createJob: () => Promise.resolve(failure('E-PRN-0102')),
    };
    return port as PagePrinter;
  };
  const port: { -readonly [K in keyof PagePrinter]: PagePrinter[K] } = real ?? paperPort('printer');
  const vault = createVault(randomBytes(32));
  const { service: certificates, db } = testService({
    file: ':memory:',
    clock,
    // Asked and judged, and too busy to take a job; what is printed on paper is tested with the certificates.
    printers: ['printer', 'printer-2'].map((printerId) => ({
      printerId,
      name: printerId,
      printer: printerId === 'printer' ? port : paperPort(printerId),
      countsImpressions: true,
    })),
  });
  migrate({ db, components: [certificateSchema, auditSchema, kioskSchema] });
  const audit = createAudit({ db, clock });
  const config = configSchema.parse({
    hub: { id: 'hub', label: { zh: '大学', en: 'University' }, campus: 'main' },
    hall: { url: 'http://127.0.0.1:9', token: 'x'.repeat(16), keys: {} },
    notifications: { channels: [] },
    devices: ['printer', 'reader', 'cards', 'scanner', 'receipts', 'printer-2'].map(device),
    kiosks: [
      {
        id: 'hall',
        label: { zh: '大厅', en: 'Hall' },
        printer: 'printer',
        reader: 'reader',
        cardReader: 'cards',
        scanner: 'scanner',
        receiptPrinter: 'receipts',
        templates: ['enrolment'],
      },
      { id: 'library', label: { zh: '图书馆', en: 'Library' }, printer: 'printer-2' },
    ],
    ...more,
  } satisfies ConfigInput);
  const health = new Map<string, DeviceHealth['state']>();
  const broken = (error: unknown): never => {
    throw error instanceof Error ? error : new Error(String(error));
  };
  const card = createEmitter<CardRead>(broken);
  const unreadable = createEmitter<{ code: 'E-CARD-0101'; at: number }>(broken);
  const scan = createEmitter<{ text: string }>(broken);
  const receipts: Ticket[] = [];
  const capabilities: Readonly<Record<string, object>> = {
    'reader/cardReader': { onCard: card.on, onUnreadable: unreadable.on },
    'cards/cardReader': { onCard: card.on, onUnreadable: unreadable.on },
    'scanner/codeScanner': { onScan: scan.on, onUnreadable: unreadable.on },
    'printer/pagePrinter': port,
    'printer-2/pagePrinter': paperPort('printer-2'),
    'receipts/ticketPrinter': {
      print: ({ args }: { args: { ticket: Ticket } }) => {
        receipts.push(args.ticket);
        return Promise.resolve(ok({ commandId: '1', confirmation: 'observed', at: clock.now() }));
      },
    },
  };
  const messages: { channel: string; to?: string; text: string }[] = [];
  const rosterOf = (number: string, name: string) => ({
    person: { number, name, category: 'student' },
    credentials: [],
    areas: [],
    gates: [],
  });
  const members = new Map([
    ['roster-1', rosterOf(STUDENT, '林知夏')],
    ['roster-2', rosterOf(NEWCOMER, '江望舒')],
  ]);
  const selfService = createSelfService({
    config,
    timeZone: 'Asia/Shanghai',
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    host: {
      capability: (id: string, name: string) => capabilities[`${id}/${name}`] as never,
      health: (id) => ({ state: health.get(id) ?? 'ready', since: clock.now() }),
      onDevices: () => () => undefined,
    },
    certificates,
    gates: {
      identify: ({ text, method }) => {
        if (method === 'looked-up') return ok({ subject: 's', ...(text === NEWCOMER && { requestId: 'roster-2' }) });
        return (method === 'campus-card' && text === CAMPUS_CARD) || (method === 'campus-code' && text === 'HHC:GOOD')
          ? ok({ subject: 's', requestId: 'roster-1' })
          : failure('E-GATE-0101');
      },
    },
    requests: () => ({ data: (requestId) => ok(members.get(requestId)) }),
    notifications: { notify: (notice) => messages.push(notice) },
    devices: { traffic: () => Promise.resolve(ok([])), events: () => [] },
    mayServe: (accountId) => accountId === 'li',
    restartAgent: () => Promise.resolve(ok()),
    hallUp: () => true,
    log: () => undefined,
  });
  const present = (presented: CardRead['presented']): void => {
    card.emit({ presented, at: clock.now(), lastByteAt: clock.monotonic() });
  };
  certificates.upsert(
    request({
      studentNumber: STUDENT,
      studentIdKey: vault.match('resident-id', NUMBER).toString('hex'),
      pickUpKey: pickUpKey(vault, PICK_UP),
    }),
  );
  certificates.upsert(request({ requestId: 'request-2', template: 'transcript', studentNumber: STUDENT }));
  return {
    ...selfService,
    clock,
    audit,
    certificates,
    /** The first kiosk's printer; a real one where one was given. */
    port,
    status,
    health,
    receipts,
    messages,
    view: (kiosk = 'hall') => {
      const view = selfService.kiosks.view(kiosk);
      if (!view.ok) throw new Error(view.error.code);
      return view.value;
    },
    idCard: () => {
      present({
        type: 'resident-id',
        card: {
          layout: 'resident',
          number: NUMBER,
          name: '林知夏',
          sex: '2',
          birth: '19491231',
          validFrom: '20200101',
          fields: {},
        },
      });
    },
    number: () => {
      present({ type: 'resident-number', number: NUMBER });
    },
    uid: (uid: string) => {
      present({ type: 'uid', uid });
    },
    scan: (text: string) => {
      scan.emit({ text });
    },
    unreadable: () => {
      unreadable.emit({ code: 'E-CARD-0101', at: clock.now() });
    },
    /** Another certificate of the same person with the same pick-up code. */
    share: (requestId: string) => {
      certificates.upsert(request({ requestId, studentNumber: STUDENT, pickUpKey: pickUpKey(vault, PICK_UP) }));
    },
    /** Lets the printers be asked and answer. */
    settle: async () => {
      await clock.advanceAsync(10_000 as never);
    },
    papers: (kiosk = 'hall') => {
      const found = selfService.printing.certificates(kiosk);
      return found.ok ? found.value.map(({ certificateId }) => certificateId) : found.error.code;
    },
  };
}
