import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { CardRead } from '@hallhub/device-drivers/capabilities';
import { credentialText } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, Code, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, minutes, ok, plus, seconds } from '@hallhub/sync/base';
import { createGuesses } from '../agents/index.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { Config, KioskConfig } from '../config/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { Bucket } from '../notifications/rate.ts';
import { fullBucket, take } from '../notifications/rate.ts';
import type { Vault } from '../vault/index.ts';
import { maskName } from '../vault/index.ts';
import { READERS } from './agents.ts';
import type { IdentifyWay, KioskView, OneTimeCodeView, PrinterView } from './contract.ts';
import type { Known, Recogniser } from './known.ts';
import { ONE_TIME_DIGITS, createOneTimeCodes } from './one-time.ts';
import { watchPrinters } from './printers.ts';
import type { ServiceCards } from './service-cards.ts';
import type { Session } from './sessions.ts';
import { createSessions } from './sessions.ts';
import type { KioskStore } from './store.ts';
import { printerView } from './supplies.ts';

export interface Kiosks {
  start(): void;
  stop(): void;
  list(): readonly KioskConfig[];
  /** What the kiosk's browser proves itself with. */
  token(kioskId: string): string;
  isKiosk(kioskId: string, token: string): boolean;
  /** Errors: `E-KIOSK-0102`. */
  view(kioskId: string): Result<KioskView>;
  /** The kiosk and who stands there. Errors: `E-KIOSK-0101`, `E-KIOSK-0102`. */
  person(kioskId: string): Result<{ readonly kiosk: KioskConfig; readonly session: Session }>;
  /** Errors: `E-KIOSK-0105`, `E-KIOSK-0106`, `E-KIOSK-0107`. */
  pickUp(kioskId: string, code: string): Promise<Result<void>>;
  /** Sends a code to whoever has the number, and answers alike when nobody has. Errors: `E-KIOSK-0106`, `E-KIOSK-0107`. */
  sendOneTime(kioskId: string, number: string): Result<OneTimeCodeView>;
  /** Errors: `E-KIOSK-0105`, `E-KIOSK-0106`. */
  takeOneTime(kioskId: string, number: string, code: string): Promise<Result<void>>;
  /** They touched the screen. */
  touch(kioskId: string): void;
  leave(kioskId: string): void;
  /** Opens the service of a kiosk with the PIN of the card that was just shown. Errors: `E-KIOSK-0201`, `0202`, `0106`. */
  enterService(kioskId: string, pin: string): Promise<Result<void>>;
  /** Which account has opened the service. Errors: `E-KIOSK-0102`, `E-KIOSK-0201`. */
  serving(kioskId: string): Result<{ readonly kiosk: KioskConfig; readonly accountId: string }>;
  leaveService(kioskId: string): void;
  /** Ask the printer of a kiosk again: somebody has done something to it. */
  look(kioskId: string): void;
  /** Something that views are made of has changed. */
  changed(kioskId: string): void;
  onChange(listener: (kioskId: string) => void): Cancel;
}

export interface KiosksDeps {
  readonly kiosks: readonly KioskConfig[];
  readonly rules: Config['selfService'];
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly recogniser: Recogniser;
  readonly certificates: Pick<CertificateService, 'jobs' | 'judge' | 'sheetsSince'>;
  readonly serviceCards: Pick<ServiceCards, 'find' | 'open'>;
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly store: KioskStore;
  readonly vault: Pick<Vault, 'derive'>;
  /** Whether the hall answers. */
  readonly hallUp: () => boolean;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

interface Service {
  readonly credential: Uint8Array;
  /** Absent: the PIN is asked for. */
  readonly accountId?: string;
  readonly until: EpochMs;
}

/** How long the screen says why what was shown made nobody known. */
const NOTICE = seconds(10);
/** A queue of people may each ask for a code, and again when it does not come. */
const SENDS = { burst: 20, per: minutes(10) };
const PIN_WITHIN = seconds(30);
const SERVICE_FOR = seconds(600);

export function createKiosks(deps: KiosksDeps): Kiosks {
  const { kiosks, rules, host, recogniser, store, clock } = deps;
  const tokenKey = deps.vault.derive('kiosk-token');
  const byId = new Map(kiosks.map((kiosk) => [kiosk.id, kiosk]));
  const notices = new Map<string, { readonly code: Code; readonly cancel: Cancel }>();
  const services = new Map<string, Service & { readonly cancel: Cancel }>();
  const oneTime = createOneTimeCodes({ clock, random: deps.random });
  const guesses = createGuesses(clock);
  const sends = new Map<string, Bucket>();
  const listeners = new Set<(kioskId: string) => void>();
  const running: Cancel[] = [];

  const changed = (kioskId: string): void => {
    for (const listener of listeners) listener(kioskId);
  };
  const sessions = createSessions({
    clock,
    idle: rules.idle,
    // Never forgotten while something of theirs is in the printer.
    isBusy: ({ jobs }) => deps.certificates.jobs({ unfinished: true }).some(({ attemptId }) => jobs.has(attemptId)),
    onChange: changed,
  });

  const endNotice = (kioskId: string): void => {
    notices.get(kioskId)?.cancel();
    notices.delete(kioskId);
  };
  const notice = (kioskId: string, code: Code): void => {
    endNotice(kioskId);
    const cancel = clock.after(NOTICE, () => {
      notices.delete(kioskId);
      changed(kioskId);
    });
    notices.set(kioskId, { code, cancel });
    changed(kioskId);
  };
  const leaveService = (kioskId: string): void => {
    services.get(kioskId)?.cancel();
    if (services.delete(kioskId)) changed(kioskId);
  };
  const setService = (kioskId: string, service: Omit<Service, 'until'>, lasts: DurationMs): void => {
    services.get(kioskId)?.cancel();
    const cancel = clock.after(lasts, () => {
      leaveService(kioskId);
    });
    services.set(kioskId, { ...service, until: plus(clock.now(), lasts), cancel });
    changed(kioskId);
  };
  const shown = (kiosk: KioskConfig, known: Result<Known>): void => {
    if (!known.ok) {
      notice(kiosk.id, known.error.code);
      return;
    }
    endNotice(kiosk.id);
    // Somebody who serves it has no certificates to print meanwhile.
    if (services.get(kiosk.id)?.accountId !== undefined || store.outOfService(kiosk.id)) changed(kiosk.id);
    else sessions.begin(kiosk.id, known.value);
  };
  const onCard = (kiosk: KioskConfig, { presented }: CardRead): void => {
    const type = presented.type === 'uid' ? 'uid' : 'resident-id';
    const credential = deps.serviceCards.find(type, credentialText(presented));
    if (!credential) {
      shown(kiosk, recogniser.card(presented, kiosk.id));
      return;
    }
    sessions.end(kiosk.id);
    setService(kiosk.id, { credential }, PIN_WITHIN);
  };

  const listen = (kiosk: KioskConfig): readonly (Cancel | undefined)[] => {
    const { id, reader, cardReader, scanner } = kiosk;
    const unreadable = (): void => {
      notice(id, 'E-KIOSK-0110');
    };
    const cards = [reader, cardReader].flatMap((device) => {
      const port = device === undefined ? undefined : host.capability(device, 'cardReader');
      const card = port?.onCard((read) => {
        onCard(kiosk, read);
      });
      return [card, port?.onUnreadable(unreadable)];
    });
    const codes = scanner === undefined ? undefined : host.capability(scanner, 'codeScanner');
    return [
      ...cards,
      codes?.onScan(({ text }) => {
        shown(kiosk, recogniser.scan(text, id));
      }),
      codes?.onUnreadable(unreadable),
    ];
  };

  const kioskOf = (printerId: string): readonly KioskConfig[] => kiosks.filter(({ printer }) => printer === printerId);
  /** Why no certificate may go to a printer, by what it said last. */
  const unfit = new Map<string, Code>();
  const printers = watchPrinters({
    printers: [...new Set(kiosks.flatMap(({ printer }) => printer ?? []))],
    status: (printerId) => host.capability(printerId, 'pagePrinter')?.status(),
    clock,
    onAnswer: (printerId) => {
      const answer = printers.last(printerId);
      const verdict = answer?.ok === true ? deps.certificates.judge(printerId, answer.value) : undefined;
      const grave = verdict?.findings.find((finding) => finding.grave);
      if (grave) unfit.set(printerId, grave.code);
      else if (verdict) unfit.delete(printerId);
      for (const { id } of kioskOf(printerId)) changed(id);
    },
    onFault: (printerId, error) => {
      deps.log('error', 'a printer could not be asked', { printerId, error });
    },
  });
  const printerOf = ({ id, printer }: KioskConfig): PrinterView | undefined => {
    if (printer === undefined) return undefined;
    const refill = store.lastRefill(id, 'paper');
    const paper = refill?.sheets
      ? { filled: refill.sheets, used: deps.certificates.sheetsSince(printer, refill.at), lowAt: rules.lowSheets }
      : undefined;
    return printerView(printer, host.health(printer), printers.last(printer), paper, unfit.get(printer));
  };
  const prints = (kiosk: KioskConfig): boolean => {
    const state = printerOf(kiosk)?.state;
    return !store.outOfService(kiosk.id) && (state === 'ready' || state === 'busy');
  };
  const elsewhere = (kiosk: KioskConfig): KioskConfig | undefined => {
    const others = kiosk.elsewhere.length > 0 ? kiosk.elsewhere.flatMap((id) => byId.get(id) ?? []) : kiosks;
    return others.find((other) => other.id !== kiosk.id && prints(other));
  };
  const ways = (kiosk: KioskConfig): readonly IdentifyWay[] => {
    const ready = (device: string | undefined): boolean =>
      device !== undefined && host.health(device)?.state !== undefined && host.health(device)?.state !== 'down';
    return [
      ...(ready(kiosk.reader) ? (['resident-id'] as const) : []),
      ...(ready(kiosk.cardReader) ? (['campus-card'] as const) : []),
      ...(ready(kiosk.scanner) ? (['campus-code'] as const) : []),
      'pick-up-code',
      ...(rules.oneTimeCodes ? (['one-time-code'] as const) : []),
    ];
  };
  const viewOf = (kiosk: KioskConfig): KioskView => {
    const { id, label, modes } = kiosk;
    const printer = printerOf(kiosk);
    const out = store.outOfService(id);
    const session = sessions.of(id);
    const service = services.get(id);
    const code = notices.get(id)?.code;
    const other = prints(kiosk) ? undefined : elsewhere(kiosk);
    const device = (deviceId: string) => {
      const health = host.health(deviceId);
      return { id: deviceId, state: health?.state ?? 'down', ...(health?.reason && { code: health.reason.code }) };
    };
    return {
      id,
      label,
      modes,
      hub: 'up',
      hall: deps.hallUp() ? 'up' : 'gone',
      ...(out && { outOfService: { since: out.since, ...(out.note !== null && { note: out.note }) } }),
      ...(printer && { printer }),
      readers: READERS.flatMap(([part, kind]) => {
        const deviceId = kiosk[part];
        return deviceId === undefined ? [] : [{ kind, ...device(deviceId) }];
      }),
      ...(kiosk.receiptPrinter !== undefined && { receipts: device(kiosk.receiptPrinter) }),
      ways: ways(kiosk),
      ...(code !== undefined && { notice: { code } }),
      ...(other && { elsewhere: { id: other.id, label: other.label } }),
      ...(session && {
        person: {
          session: session.id,
          name: maskName(session.known.name),
          way: session.known.way,
          until: session.until,
        },
      }),
      ...(service && { service: { state: service.accountId === undefined ? 'pin' : 'open', until: service.until } }),
    };
  };

  /** Guesses are counted by kiosk: who stands there types. */
  const guarded = async (kioskId: string, attempt: () => Result<Known | undefined>): Promise<Result<void>> => {
    const kiosk = byId.get(kioskId);
    if (!kiosk) return failure('E-KIOSK-0102', kioskId);
    if (store.outOfService(kioskId)) return failure('E-KIOSK-0108');
    if (!(await guesses.admit(kioskId))) return failure('E-KIOSK-0106');
    const known = attempt();
    if (!known.ok || !known.value) {
      guesses.wrong(kioskId);
      return known.ok ? failure('E-KIOSK-0105') : known;
    }
    endNotice(kioskId);
    sessions.begin(kioskId, known.value);
    return ok();
  };
  const tokenOf = (kioskId: string): string => createHmac('sha256', tokenKey).update(kioskId).digest('base64url');

  return {
    start: () => {
      running.push(followDevices(host, () => kiosks.flatMap(listen)));
      printers.start();
    },
    stop: () => {
      for (const stop of running.splice(0)) stop();
      printers.stop();
      for (const { id } of kiosks) {
        endNotice(id);
        sessions.end(id);
        leaveService(id);
      }
    },
    list: () => kiosks,
    token: tokenOf,
    isKiosk: (kioskId, token) => {
      const expected = Buffer.from(tokenOf(kioskId));
      const given = Buffer.from(token);
      return byId.has(kioskId) && given.length === expected.length && timingSafeEqual(given, expected);
    },
    view: (kioskId) => {
      const kiosk = byId.get(kioskId);
      return kiosk ? ok(viewOf(kiosk)) : failure('E-KIOSK-0102', kioskId);
    },
    person: (kioskId) => {
      const kiosk = byId.get(kioskId);
      if (!kiosk) return failure('E-KIOSK-0102', kioskId);
      const session = sessions.of(kioskId);
      return session ? ok({ kiosk, session }) : failure('E-KIOSK-0101');
    },
    pickUp: (kioskId, code) => guarded(kioskId, () => recogniser.pickUp(code)),
    sendOneTime: (kioskId, number) => {
      const channel = rules.oneTimeCodes?.channel;
      if (!byId.has(kioskId)) return failure('E-KIOSK-0102', kioskId);
      if (channel === undefined) return failure('E-KIOSK-0107');
      const sent = take(SENDS, sends.get(kioskId) ?? fullBucket(SENDS, clock.now()), clock.now());
      if (!sent.taken) return failure('E-KIOSK-0106');
      // Counted whether it was somebody's or not: else the count would tell.
      sends.set(kioskId, sent.bucket);
      const { code, validUntil } = oneTime.issue(number);
      if (code !== undefined && recogniser.number(number)) {
        const text = `自助机验证码 ${code}，5 分钟内有效，请勿告诉他人。Your kiosk code is ${code}; it ends in 5 minutes.`;
        deps.notifications.notify({ channel, to: number, text, personal: text });
      }
      return ok({ validUntil, digits: ONE_TIME_DIGITS });
    },
    takeOneTime: (kioskId, number, code) =>
      guarded(kioskId, () => ok(oneTime.take(number, code) ? recogniser.number(number) : undefined)),
    touch: (kioskId) => {
      sessions.touch(kioskId);
      const service = services.get(kioskId);
      if (service?.accountId !== undefined) setService(kioskId, service, SERVICE_FOR);
    },
    leave: (kioskId) => {
      sessions.end(kioskId);
      leaveService(kioskId);
    },
    enterService: async (kioskId, pin) => {
      const waiting = services.get(kioskId);
      if (!waiting) return failure('E-KIOSK-0201');
      const opened = await deps.serviceCards.open(waiting.credential, pin, kioskId);
      if (!opened.ok) return opened;
      // Another card may have been shown while the PIN was looked at.
      if (services.get(kioskId)?.credential !== waiting.credential) return failure('E-KIOSK-0201');
      sessions.end(kioskId);
      setService(kioskId, { credential: waiting.credential, accountId: opened.value.accountId }, SERVICE_FOR);
      return ok();
    },
    serving: (kioskId) => {
      const kiosk = byId.get(kioskId);
      if (!kiosk) return failure('E-KIOSK-0102', kioskId);
      const accountId = services.get(kioskId)?.accountId;
      return accountId === undefined ? failure('E-KIOSK-0201') : ok({ kiosk, accountId });
    },
    leaveService,
    look: (kioskId) => {
      const printer = byId.get(kioskId)?.printer;
      if (printer !== undefined) printers.ask(printer);
    },
    changed,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
