import { type Clock, type DurationMs, ms } from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import type {
  DeviceFaults,
  FrameSamples,
  NotApplicable,
  Order,
  ProtocolConformance,
  Stimulus,
  Subject,
} from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { relayCabinetSubject } from './cabinet-subject.ts';
import { displayWords } from './display-params.ts';
import { createMbapFramer, encodeMbap } from './mbap.ts';
import { type UnitParams, unitSchema } from './params.ts';
import { baudRateOf } from './protocol.ts';
import { longestAnswer } from './rtu-bus.ts';
import { type ValueSpec, decodeValue } from './registers.ts';
import {
  type ModbusReply,
  type ModbusRequest,
  createReplyFramer,
  decodeBits,
  decodeRegisters,
  encodeRequest,
} from './rtu-frames.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import type { RelayBoardSimulator } from './simulator-types.ts';
import { createTurnstileArm } from './turnstile-arm.ts';

interface ReplyMessage {
  readonly request: ModbusRequest;
  readonly bits?: readonly boolean[];
  readonly registers?: readonly number[];
  readonly exception?: number;
  readonly transaction?: number;
}

const CRC_BYTES = 2;
const LONGEST_READ = 8;

function checkReply(reply: ModbusReply, { bits, registers, exception }: ReplyMessage): void {
  sameValue(reply.exception, exception);
  if (bits) sameValue(decodeBits(reply, bits.length), bits);
  if (registers) sameValue(decodeRegisters(reply), registers);
}

const FAULTS: DeviceFaults = {
  silent: ['not-ready', 'order-fails'],
  late: ['too-late', 'not-ready', 'order-fails'],
  'wrong-address': ['not-ready', 'order-fails'],
  'bad-check': ['discarded', 'not-ready', 'order-fails'],
  refuses: ['not-ready', 'order-fails'],
};

/** What a cabinet on relays cannot show. */
const excusesOf = ({ params: given }: Profile): NotApplicable => {
  // What is wrong with parameters is said elsewhere.
  const cabinet = unitSchema.safeParse(given).data?.cabinet;
  if (!cabinet) return {};
  return {
    promises: {
      ...(!cabinet.contacts && { 'cabinet.door': 'its doors have no contacts' }),
      ...(!cabinet.items && { 'cabinet.item': 'its compartments have no sensor for what lies in them' }),
    },
  };
};

/** Units on Modbus RTU, as their profiles describe them. */
export const modbusConformance: ProtocolConformance = {
  protocol: 'modbus-rtu',
  peers: [
    {
      tool: 'pymodbus',
      covers:
        'its slave is read and written by the driver’s bus: coils, inputs, registers, exceptions, another address',
      run: 'ci',
      test: 'pymodbus.test.ts',
    },
    {
      tool: 'libmodbus (unit-test server)',
      covers: 'the driver’s bus on a slave that is busy, late, short or somebody else, and byte by byte',
      run: 'ci',
      test: 'libmodbus.test.ts',
    },
    {
      tool: 'mbpoll',
      covers: 'the simulated unit is read and written by its master',
      run: 'ci',
      test: 'mbpoll.test.ts',
    },
  ],
  deviceFaults: () => FAULTS,
  notApplicable: excusesOf,
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as ModbusRequest), unhex(hex));
      return;
    }
    const told = message as unknown as ReplyMessage;
    const [framed] = createReplyFramer(told.request).push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    checkReply(framed.frame, told);
  },
  frameSamples: (vectors): FrameSamples => {
    const [vector] = vectors;
    const { request } = (vector?.message ?? {}) as unknown as ReplyMessage;
    return { create: () => createReplyFramer(request), frames: vector ? [unhex(vector.hex)] : [] };
  },
  simulate: ({ transport, clock, profile }) => {
    const params = unitSchema.parse(profile.params);
    // Behind the timeout and within the quiet that follows it: there a late reply would be taken for the next one.
    const timeout = longestAnswer(ms(params.replyTimeoutMs), baudRateOf(profile.transport), LONGEST_READ);
    const late = ms(timeout + params.quietMs / 2);
    return subject(createRelayBoardSimulator({ transport, clock, ...memoryFor(params) }), params, { clock, late });
  },
};

/** Units on Modbus TCP. */
export const modbusTcpConformance: ProtocolConformance = {
  protocol: 'modbus-tcp',
  peers: [
    {
      tool: 'libmodbus (unit-test server)',
      covers: 'three requests of the driver’s bus at once',
      run: 'ci',
      test: 'libmodbus.test.ts',
    },
    {
      tool: 'mbpoll',
      covers: 'the simulated unit is read and written by its master',
      run: 'ci',
      test: 'mbpoll.test.ts',
    },
  ],
  deviceFaults: () => FAULTS,
  notApplicable: excusesOf,
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      const { transaction, ...request } = message as unknown as ModbusRequest & { readonly transaction: number };
      const body = encodeRequest(request).slice(0, -CRC_BYTES);
      sameBytes(encodeMbap(transaction, body), unhex(hex));
      return;
    }
    const told = message as unknown as ReplyMessage;
    const [framed] = createMbapFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { transaction, unit, code, data, bytes } = framed.frame;
    sameValue({ transaction, unit }, { transaction: told.transaction, unit: told.request.unit });
    checkReply((code & 0x80) === 0 ? { data, bytes } : { data, bytes, exception: data[0] ?? 0 }, told);
  },
  frameSamples: (vectors): FrameSamples => ({
    create: () => createMbapFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }) => {
    const params = unitSchema.parse(profile.params);
    return subject(createRelayBoardSimulator({ transport, clock, framing: 'tcp', ...memoryFor(params) }), params, {
      clock,
      late: ms(params.replyTimeoutMs * 2),
    });
  },
};

const valuesOf = ({ occupancy, meter, climate }: UnitParams): readonly ValueSpec[] => [
  ...(occupancy && 'value' in occupancy ? [occupancy.value] : []),
  ...(meter?.values ?? []),
  ...(climate ? [climate.celsius, ...(climate.humidity ? [climate.humidity] : [])] : []),
  ...(climate?.control?.setpoint ? [climate.control.setpoint] : []),
];

/** The relays, inputs and registers that a unit of these parameters must have. */
function memoryFor(params: UnitParams): {
  unit: number;
  relays: number;
  inputs: number;
  holding: Record<number, number>;
  input: Record<number, number>;
  flashOn: boolean;
} {
  const tables = { holding: {} as Record<number, number>, input: {} as Record<number, number> };
  for (const { table, address, type } of valuesOf(params)) {
    tables[table][address] = 0;
    if (!type.endsWith('16')) tables[table][address + 1] = 0;
  }
  const control = params.climate?.control;
  if (control?.mode) tables.holding[control.mode.register] = 0;
  if (control && 'register' in control.power) tables.holding[control.power.register] = 0;
  const { switch: board, buttons, cabinet, display } = params;
  for (let index = 0; display && index < displayWords(display); index += 1)
    tables.holding[display.register + index] = 0;
  if (display?.alive) tables[display.alive.table][display.alive.register] = 0;
  const rows = [buttons && { firstInput: buttons.firstInput, count: buttons.channels }].concat(
    [cabinet?.contacts, cabinet?.items].map((row) => row && { ...row, count: cabinet?.compartments ?? 0 }),
  );
  return {
    unit: params.unit,
    relays: Math.max(
      8,
      board ? board.firstCoil + board.channels : 0,
      cabinet ? cabinet.firstRelay + cabinet.compartments : 0,
    ),
    inputs: Math.max(16, ...rows.map((row) => (row ? row.firstInput + row.count : 0))),
    ...tables,
    flashOn: params.relay !== undefined || cabinet !== undefined || board?.pulse === 'flash-on',
  };
}

function subject(
  board: RelayBoardSimulator,
  params: UnitParams,
  { clock, late }: { readonly clock: Clock; readonly late: DurationMs },
): Subject {
  const { relay, input, switch: switching, buttons, fire, occupancy, meter, climate, display } = params;
  const cabinet = params.cabinet && relayCabinetSubject(board, params.cabinet, clock);
  const arm = relay && createTurnstileArm({ board, clock, relay: plain(relay), input: plain(input ?? { in: 0 }) });
  const effects = { release: 0, switched: 0, power: 0, shown: 0 };
  let byHand = false;
  board.onRelay(({ on, channel }) => {
    if (!on || byHand) return;
    if (channel === relay?.in) effects.release += 1;
    else effects.switched += 1;
  });
  const power = climate?.control?.power;
  const lastOfDisplay = display && display.register + displayWords(display) - 1;
  board.onWrite(({ address }) => {
    if (address === lastOfDisplay) effects.shown += 1;
    if (power && 'register' in power && address === power.register) effects.power += 1;
  });

  const stimuli: Stimulus[] = [...(cabinet?.stimuli ?? [])];
  /** Long enough to be seen behind a line that has just been left quiet. */
  const press = (channel: number, active: 'closed' | 'open'): void => {
    board.setInput(channel, active === 'closed');
    clock.after(ms(1_000), () => {
      board.setInput(channel, active !== 'closed');
    });
  };
  if (input) {
    stimuli.push({
      name: 'somebody walks in',
      capability: 'passageSensor',
      event: 'passage',
      cause: () => {
        press(input.in, params.inputActiveWhen);
      },
      matches: (event) => (event as { direction: string }).direction === 'in',
    });
  }
  if (switching) {
    let isOn = false;
    stimuli.push({
      name: 'somebody switches a relay at the board',
      capability: 'switch',
      event: 'change',
      cause: () => {
        isOn = !isOn;
        byHand = true;
        board.setRelay(switching.firstCoil, isOn);
        byHand = false;
      },
      matches: (event) => {
        const { channel, on } = event as { channel: number; on: boolean };
        return channel === 0 && on === isOn;
      },
    });
  }
  // A contact that is open in its active state rests closed.
  if (buttons?.activeWhen === 'open') {
    for (let index = 0; index < buttons.channels; index += 1) board.setInput(buttons.firstInput + index, true);
  }
  if (buttons) {
    stimuli.push({
      name: 'a button is pressed',
      capability: 'buttonPanel',
      event: 'button',
      cause: () => {
        press(buttons.firstInput + buttons.channels - 1, buttons.activeWhen);
      },
      matches: (event) => {
        const { button, pressed } = event as { button: number; pressed: boolean };
        return pressed && button === buttons.channels - 1;
      },
    });
  }
  if (fire) {
    board.setInput(fire.input, fire.activeWhen === 'open');
    stimuli.push({
      name: 'the fire alarm trips',
      capability: 'fireInput',
      event: 'fire',
      cause: () => {
        press(fire.input, fire.activeWhen);
      },
      matches: (event) => (event as { alarm: boolean }).alarm,
    });
  }
  if (occupancy) {
    const set = (occupied: boolean): void => {
      if ('input' in occupancy) board.setInput(occupancy.input, occupied === (occupancy.activeWhen === 'closed'));
      else writeRaw(board, occupancy.value, occupied ? rawFor(occupancy.value, occupancy.occupiedAbove + 1) : 0);
    };
    set(false);
    stimuli.push({
      name: 'somebody comes in',
      capability: 'occupancy',
      event: 'occupancy',
      cause: () => {
        set(true);
        clock.after(ms(params.valuesEveryMs * 1.5), () => {
          set(false);
        });
      },
      matches: (event) => (event as { occupied: boolean }).occupied,
    });
  }
  const measured = (spec: ValueSpec, capability: 'meter' | 'climate', of: (event: unknown) => unknown): void => {
    const shown = decodeValue(spec, wordsFor(spec, SAMPLE_RAW));
    stimuli.push({
      name: 'a value is measured',
      capability,
      event: 'reading',
      cause: () => {
        writeRaw(board, spec, SAMPLE_RAW);
        // Read once, and gone.
        const done = board.onRead(({ table, address, count }) => {
          if (table !== spec.table || spec.address < address || spec.address >= address + count) return;
          done();
          writeRaw(board, spec, 0);
        });
      },
      matches: (event) => of(event) === shown,
    });
  };
  const [first] = meter?.values ?? [];
  if (first) {
    measured(first, 'meter', (event) => {
      const { name, value } = event as { name: string; value: number };
      return name === first.name ? value : undefined;
    });
  }
  if (climate) measured(climate.celsius, 'climate', (event) => (event as { celsius: number }).celsius);

  const orders: Order[] = [...(cabinet?.orders ?? [])];
  if (relay) {
    orders.push({
      capability: 'barrier',
      command: 'open',
      args: { hold: ms(700), direction: 'in' },
      confirmation: 'acknowledged',
      effects: () => effects.release,
    });
  }
  if (switching) {
    const channel = switching.channels - 1;
    orders.push({
      capability: 'switch',
      command: 'set',
      args: { channel, on: true, ...(switching.pulse === 'flash-on' && { pulse: ms(500) }) },
      confirmation: 'observed',
      effects: () => effects.switched,
    });
  }
  if (power && 'register' in power) {
    orders.push({
      capability: 'climate',
      command: 'set',
      args: { on: true },
      confirmation: 'observed',
      effects: () => effects.power,
    });
  }

  if (display) {
    orders.push({
      capability: 'counterDisplay',
      command: 'show',
      args: { lines: ['A012'] },
      confirmation: 'acknowledged',
      effects: () => effects.shown,
    });
  }

  return {
    start: () => board.start(),
    stop: async () => {
      arm?.stop();
      await cabinet?.stop();
      await board.stop();
    },
    stimuli,
    orders,
    ...(cabinet && { refusals: cabinet.refusals ?? [], scenes: cabinet.scenes ?? [] }),
    ...(climate &&
      !climate.control && {
        refusals: [{ capability: 'climate', command: 'set', args: { on: true }, code: 'E-DEV-0203' }],
      }),
    ...(display && {
      refusals: [{ capability: 'counterDisplay', command: 'show', args: { lines: ['请稍候'] }, code: 'E-DEV-0203' }],
    }),
    setFault: (fault) => {
      board.setFaults({
        silent: fault === 'silent',
        badCrc: fault === 'bad-check',
        ...(fault === 'late' && { lateBy: late }),
        ...(fault === 'wrong-address' && { wrongAddress: params.unit + 1 }),
        ...(fault === 'refuses' && { exception: 6 }),
      });
    },
  };
}

/** A raw number that every type can hold, written as each of them is: by hand, not by the driver's codec. */
const SAMPLE_RAW = 231;

function rawFor({ scale, offset }: ValueSpec, value: number): number {
  return Math.ceil((value - offset) / scale);
}

function wordsFor({ type, order }: ValueSpec, raw: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  if (type === 'f32') bytes.writeFloatBE(raw);
  else bytes.writeInt32BE(raw);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const wide = { abcd: [a, b, c, d], cdab: [c, d, a, b], badc: [b, a, d, c], dcba: [d, c, b, a] }[order];
  const narrow = order === 'abcd' || order === 'cdab' ? [c, d] : [d, c];
  const [w = 0, x = 0, y = 0, z = 0] = type.endsWith('16') ? narrow : wide;
  return type.endsWith('16') ? [(w << 8) | x] : [(w << 8) | x, (y << 8) | z];
}

function writeRaw(board: RelayBoardSimulator, spec: ValueSpec, raw: number): void {
  for (const [index, word] of wordsFor(spec, raw).entries()) {
    board.setRegister(spec.table, spec.address + index, word);
  }
}

/** Without the keys that are not there, which the simulator's types do not want as `undefined`. */
const plain = ({ in: inward, out }: { readonly in: number; readonly out?: number | undefined }) =>
  out === undefined ? { in: inward } : { in: inward, out };
