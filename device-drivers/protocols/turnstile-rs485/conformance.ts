import { ms } from '@hallhub/sync/base';
import type { Passage } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type MachineRequest, createStatusFramer, encodeRequest } from './frames.ts';
import { machineSchema } from './params.ts';
import { createTurnstileSimulator } from './simulator.ts';

const INWARD = { left: 0x80, right: 0x82 } as const;
const HOLD = { left: 0x81, right: 0x83 } as const;

/** The turnstile board of one source. */
export const turnstileRs485Conformance: ProtocolConformance = {
  protocol: 'turnstile-rs485',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: ['too-late', 'not-ready', 'order-fails'],
    'wrong-address': ['discarded', 'not-ready', 'order-fails'],
    'bad-check': ['discarded', 'not-ready', 'order-fails'],
    refuses: 'the board has no word for no: it answers every order with its status',
  }),
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as MachineRequest), unhex(hex));
      return;
    }
    const [framed] = createStatusFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    sameValue({ ...framed.frame, bytes: undefined }, message);
  },
  frameSamples: (vectors): FrameSamples => ({
    create: () => createStatusFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const { machine, inward } = machineSchema.parse(profile.params);
    const board = createTurnstileSimulator({ transport, clock, machines: [machine] });
    const done = { open: 0, hold: 0 };
    let counter = 0;
    board.onOrder(({ command, persons }) => {
      if (command === INWARD[inward] && persons === 1) done.open += 1;
      if (command === HOLD[inward]) done.hold += 1;
    });
    return {
      start: () => board.start(),
      stop: () => board.stop(),
      stimuli: [
        {
          name: 'somebody walks in',
          capability: 'passageSensor',
          event: 'passage',
          cause: () => {
            counter += 1;
            board.setCounter(inward, counter);
          },
          matches: (event) => (event as Passage).direction === 'in',
        },
        {
          name: 'an alarm is raised',
          capability: 'gateAlarm',
          event: 'alarm',
          cause: () => {
            board.setAlarm(1);
            clock.after(ms(3_000), () => {
              board.setAlarm(0);
            });
          },
          matches: (event) => !(event as { clear: boolean }).clear,
        },
      ],
      orders: [
        {
          capability: 'barrier',
          command: 'open',
          args: { hold: ms(700), direction: 'in' },
          confirmation: 'acknowledged',
          effects: () => done.open,
        },
        {
          capability: 'barrierMode',
          command: 'mode',
          args: { mode: 'free', direction: 'in' },
          confirmation: 'acknowledged',
          effects: () => done.hold,
        },
      ],
      setFault: (fault) => {
        board.setFaults({
          silent: fault === 'silent',
          badCheck: fault === 'bad-check',
          wrongMachine: fault === 'wrong-address',
          ...(fault === 'late' && { lateBy: ms(450) }),
        });
      },
    };
  },
};
