import { ok } from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import type { ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, unhex } from '../../conformance/vectors.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { type Shown, encodeBoard } from './board-text.ts';
import { numberBoardProtocol } from './driver.ts';
import { boardSchema } from './params.ts';
import { type BoardForm, createNumberBoardSimulator } from './simulator.ts';

const NEVER_ANSWERS = 'it is only told what to show: it never answers, and nobody can see that it does not';

/** How the simulated board of a profile reads its line. */
const formOf = ({ params }: Profile): BoardForm => {
  const { shows, frame } = boardSchema.parse(params);
  if (shows === 'text') return 'ascii-line';
  return frame.some((part) => 'field' in part && part.field === 'address') ? 'four-bytes' : 'coloured';
};

/** Boards of digits that are only written to. */
export const numberBoardConformance: ProtocolConformance = {
  protocol: 'number-board',
  deviceFaults: {
    silent: NEVER_ANSWERS,
    late: NEVER_ANSWERS,
    'wrong-address': NEVER_ANSWERS,
    'bad-check': NEVER_ANSWERS,
    refuses: NEVER_ANSWERS,
  },
  notApplicable: () => ({
    replies: NEVER_ANSWERS,
    frames: NEVER_ANSWERS,
    lineFaults: 'nothing comes from it that a line could spoil',
  }),
  checkVector: ({ hex, message }, profile) => {
    sameBytes(encodeBoard(boardSchema.parse(profile.params), message as unknown as Shown), unhex(hex));
  },
  // Nothing comes from such a board that a line with faults could spoil: the line is its own.
  simulateOwn: ({ profile }) => {
    const line = createMemoryLine({ name: profile.id });
    const form = formOf(profile);
    const boards = createNumberBoardSimulator({ transport: line.device, form });
    let shown = 0;
    boards.onShown(({ text }) => {
      if (text.trim() === '12') shown += 1;
    });
    const subject: Subject = {
      start: () => boards.start(),
      stop: () => boards.stop(),
      stimuli: [],
      orders: [
        {
          capability: 'counterDisplay',
          command: 'show',
          args: { lines: [form === 'ascii-line' ? '12' : 'A012'] },
          confirmation: 'unconfirmed',
          effects: () => shown,
        },
      ],
      refusals: [{ capability: 'counterDisplay', command: 'show', args: { lines: ['请稍候'] }, code: 'E-DEV-0203' }],
      setFault: () => undefined,
    };
    return {
      protocol: {
        ...numberBoardProtocol,
        connect: (bus, environment) =>
          numberBoardProtocol.connect(bus, { ...environment, transportFactory: () => ok(line.host) }),
      },
      transport: { kind: 'memory', name: profile.id },
      subject,
      unplug: () => {
        line.unplug();
      },
      plug: () => {
        line.plug();
      },
    };
  },
};
