import { type Failure, type MonoMs, err, failure, ms, ok } from '@hallhub/sync/base';
import type { CapabilityMap, CardRead, IndicatorCommand, OpenCommand, Presented } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Receipt,
  type Traffic,
  brokenOff,
  createCommandLedger,
  createEmitter,
  createHealth,
} from '../../kit/index.ts';
import type { OsdpBus } from './bus.ts';
import { createFirmware } from './firmware.ts';
import { indicatorCommands } from './indicator.ts';
import { type OsdpReply, nakMeaning } from './messages.ts';
import type { OsdpParams } from './params.ts';
import { type Peripheral, type PeripheralState, createPeripheral } from './peripheral.ts';

export interface OsdpDriverOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'log'> {
  readonly deviceId: string;
  readonly bus: OsdpBus;
  readonly params: OsdpParams;
}

/** The unit in which outputs are timed, and the longest time. */
const PULSE_UNIT_MS = 100;
/** Output on for a time that the reader keeps, then back to what it was. */
const TEMPORARILY_ON = 5;
const STAR = 0x7f;
const HASH = 0x0d;
/** Sizes of UIDs by ISO/IEC 14443. */
const UID_BITS: ReadonlySet<number> = new Set([32, 56, 80]);

type Raw = Extract<OsdpReply, { readonly name: 'raw' }>;

/** A reader on an OSDP bus: cards, keys, lamp and buzzer, a strike on its output, its own program. */
export function createOsdpDriver({ deviceId, bus, clock, random, log, params }: OsdpDriverOptions): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the reader failed');
  };
  const cards = createEmitter<CardRead>(onListenerError);
  const unreadable = createEmitter<{ code: Failure['code']; at: CardRead['at'] }>(onListenerError);
  const keys = createEmitter<{ keys: string; at: CardRead['at'] }>(onListenerError);
  const tampered = createEmitter<{ tampered: boolean; powerFailed: boolean; at: CardRead['at'] }>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const peripheral: Peripheral = createPeripheral({
    bus,
    clock,
    random,
    log,
    address: params.address,
    check: params.check,
    secureChannel: params.secureChannel,
    ...(params.key === undefined ? {} : { key: Uint8Array.from(Buffer.from(params.key, 'hex')) }),
    installMode: params.installMode,
    pollEvery: ms(params.pollEveryMs),
    offlineAfter: ms(params.offlineAfterMs),
  });
  /** As the reader last told it; nothing is known of a reader that has not. */
  let local: { readonly tampered: boolean; readonly powerFailed: boolean } | undefined;
  let refusal: Failure | undefined;
  let isRunning = false;

  const judge = (state: PeripheralState): void => {
    if (!isRunning) return;
    if (state.phase === 'offline') health.set('down', state.reason);
    if (state.phase !== 'online') return;
    const reason = complaint(state);
    health.set(reason ? 'degraded' : 'ready', reason);
  };
  const complaint = (state: Extract<PeripheralState, { readonly phase: 'online' }>): Failure | undefined => {
    if (local?.tampered) return { code: 'E-OSDP-0201' };
    if (local?.powerFailed) return { code: 'E-OSDP-0202' };
    if (refusal) return refusal;
    const { secured } = state.connection;
    if (secured === 'default-key') return { code: 'E-OSDP-0104' };
    return secured === 'no' && params.secureChannel !== 'off' ? { code: 'E-OSDP-0105' } : undefined;
  };
  const noteLocal = (next: NonNullable<typeof local>): void => {
    const before = local ?? { tampered: false, powerFailed: false };
    local = next;
    if (next.tampered === before.tampered && next.powerFailed === before.powerFailed) return;
    tampered.emit({ ...next, at: clock.now() });
  };
  const hear = (reply: OsdpReply, at: MonoMs): void => {
    switch (reply.name) {
      case 'raw':
        if (reply.bits.count === 0) unreadable.emit({ code: 'E-CARD-0109', at: clock.now() });
        else cards.emit({ presented: presentedBy(reply, params.card), at: clock.now(), lastByteAt: at });
        break;
      case 'keypad':
        keys.emit({ keys: keyNames(reply.digits), at: clock.now() });
        break;
      case 'formatted':
        log.warn({ deviceId }, 'formatted card data is ambiguous and was ignored; set the reader to raw bits');
        break;
      case 'local-status':
        noteLocal({ tampered: reply.tamper !== 0, powerFailed: reply.power !== 0 });
        break;
      default:
    }
    refusal = reply.name === 'nak' ? { code: 'E-DEV-0203', detail: nakMeaning(reply.reason) } : undefined;
    judge(peripheral.state);
  };

  const release = async (command: OpenCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { hold, direction } = command.args;
    const output = direction === 'in' ? params.output?.in : params.output?.out;
    if (output === undefined) return failure('E-DEV-0203', `${deviceId} has no output for direction ${direction}`);
    if (!(hold > 0) || hold > params.longestPulseMs) {
      return failure('E-DEV-0203', `a release of ${hold} ms is not within 0–${params.longestPulseMs} ms`);
    }
    const timer = Math.ceil(hold / PULSE_UNIT_MS);
    const answer = await peripheral.send(
      { name: 'outputs', outputs: [{ output, control: TEMPORARILY_ON, timer }] },
      { veto },
    );
    if (!answer.ok) return answer;
    const isSeen = answer.value.name === 'output-status' && answer.value.outputs[output] === 1;
    return ok({ commandId: command.id, confirmation: isSeen ? 'observed' : 'acknowledged', at: clock.now() });
  };
  const show = async (command: IndicatorCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const orders = indicatorCommands(command.args, params);
    if (!orders.ok) return orders;
    const answers = await Promise.all(orders.value.map((order) => peripheral.send(order, { veto })));
    const taken = answers.filter((answer) => answer.ok).length;
    const failed = answers.find((answer) => !answer.ok);
    if (failed?.ok === false) return err(brokenOff(taken, failed.error));
    return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
  };

  const capabilities: Partial<CapabilityMap> = {
    cardReader: { onCard: cards.on, onUnreadable: unreadable.on },
    tamper: { onTamper: tampered.on },
    ...(params.keypad && { keypad: { onKeys: keys.on } }),
    ...(params.indicator && {
      indicator: { show: (command: IndicatorCommand) => ledger.run(command, (veto) => show(command, veto)) },
    }),
    ...(params.output && {
      barrier: { open: (command: OpenCommand) => ledger.run(command, (veto) => release(command, veto)) },
    }),
    ...(params.firmware && {
      firmware: createFirmware({ peripheral, fileType: params.firmware.fileType, clock, ledger, onListenerError }),
    }),
  };

  bus.onTraffic((event) => {
    if (isRunning && (event.address === undefined || event.address === params.address)) traffic.emit(event.traffic);
  });
  peripheral.onHeard(({ reply, at }) => {
    hear(reply, at);
  });
  peripheral.onState(judge);
  return {
    deviceId,
    capabilities,
    get health() {
      return health.current;
    },
    start: () => {
      isRunning = true;
      peripheral.start();
    },
    stop: async () => {
      isRunning = false;
      await peripheral.stop();
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function presentedBy({ bits }: Raw, as: OsdpParams['card']): Presented {
  if (as !== 'bits' && UID_BITS.has(bits.count)) {
    const uid = as === 'uid' ? bits.bytes : bits.bytes.toReversed();
    return { type: 'uid', uid: Buffer.from(uid).toString('hex').toUpperCase() };
  }
  return { type: 'bits', bits: bits.count, hex: Buffer.from(bits.bytes).toString('hex') };
}

function keyNames(digits: Uint8Array): string {
  return Array.from(digits, (digit) => (digit === STAR ? '*' : digit === HASH ? '#' : String.fromCharCode(digit))).join(
    '',
  );
}
